// A view of a header list that is blind to case. Source: wsgiref.headers.Headers.
import { checkHeaderName, checkHeaderValue, HEADER_LIST, HEADER_PAIR } from "./head-rules.ts";
import { enforce } from "./rule.ts";
import type { HeaderList } from "./types.ts";

/** Parameters of a header value; null is a parameter without a value. Underscores in names become dashes. */
export type HeaderParameters = Readonly<Record<string, string | null>>;

/**
 * Reads and changes a header list in place. Names are case-insensitive, and keep the case and the order in which they were set.
 *
 * @example
 * const headers = new Headers();
 * headers.addHeader("Content-Disposition", "attachment", { filename: "bud.gif" });
 * startResponse("200 OK", headers.list);
 */
export class Headers {
  /** The list itself, for `startResponse`. */
  readonly list: HeaderList;

  /**
   * @param headers - the list to wrap, by reference
   * @throws ContractViolation when it is not an array of pairs of strings
   */
  constructor(headers: HeaderList = []) {
    enforce(HEADER_LIST, headers);
    for (const pair of headers) enforce(HEADER_PAIR, pair);
    this.list = headers;
  }

  /** Number of headers, repeated ones included. */
  get length(): number {
    return this.list.length;
  }

  /** Returns the first value of `name`, or `fallback`. */
  get(name: string): string | null;
  get<Fallback>(name: string, fallback: Fallback): string | Fallback;
  get(name: string, fallback: unknown = null): unknown {
    const wanted = name.toLowerCase();
    for (const [key, value] of this.list) if (key.toLowerCase() === wanted) return value;
    return fallback;
  }

  /** Returns all values of `name`, in order. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.list.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  }

  /** Tells whether there is a header `name`. */
  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /**
   * Replaces all headers `name` by one at the end.
   *
   * @throws ContractViolation when name or value may not be sent
   */
  set(name: string, value: string): void {
    const pair = checkedPair(name, value);
    this.delete(name);
    this.list.push(pair);
  }

  /** Removes all headers `name`, if there are any. */
  delete(name: string): void {
    const wanted = name.toLowerCase();
    let kept = 0;
    for (const pair of this.list) if (pair[0].toLowerCase() !== wanted) this.list[kept++] = pair;
    this.list.length = kept;
  }

  /**
   * Returns the first value of `name`; adds the header with `value` if there is none.
   *
   * @throws ContractViolation when name or value may not be sent
   */
  setDefault(name: string, value: string): string {
    const present = this.get(name);
    if (present !== null) return present;
    this.list.push(checkedPair(name, value));
    return value;
  }

  /**
   * Adds a header and keeps others of the same name. Parameters are written as `; key="value"`.
   *
   * @param name - name of the field
   * @param value - what comes before the parameters; null for nothing
   * @param parameters - in order; values are quoted, a null or empty one is left out with its `=`
   * @throws ContractViolation when name or value may not be sent
   */
  addHeader(name: string, value: string | null, parameters: HeaderParameters = {}): void {
    const parts: string[] = [];
    if (value !== null) {
      enforce(HEADER_PAIR, [name, value]);
      parts.push(value);
    }
    for (const [key, text] of Object.entries(parameters)) parts.push(formatParameter(key.replaceAll("_", "-"), text));
    this.list.push(checkedPair(name, parts.join("; ")));
  }

  /** Names in order, repeated ones included. */
  keys(): string[] {
    return this.list.map(([name]) => name);
  }

  /** Values in order. */
  values(): string[] {
    return this.list.map(([, value]) => value);
  }

  /** A copy of the list. */
  items(): HeaderList {
    return this.list.map(([name, value]) => [name, value]);
  }

  /** Iterates over the pairs. */
  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    return this.list[Symbol.iterator]();
  }

  /** The header block as it is sent, with the blank line at its end. */
  toString(): string {
    return `${this.list.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  }

  /** The header block in latin-1. */
  toBytes(): Uint8Array {
    return Buffer.from(this.toString(), "latin1");
  }
}

function checkedPair(name: string, value: string): [name: string, value: string] {
  const pair: [name: string, value: string] = [name, value];
  enforce(HEADER_PAIR, pair);
  checkHeaderName(name);
  checkHeaderValue(value);
  return pair;
}

function formatParameter(name: string, value: string | null): string {
  return value === null || value === "" ? name : `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
