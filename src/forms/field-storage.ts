// A form as Python programs know it from `cgi.FieldStorage`, which left Python in 3.13: the same names in camelCase, the same order where the
// query and the body both have fields. docs/forms.md lists each difference. Source: CPython 3.11, Lib/cgi.py.
import { TSGIError } from "../errors.ts";
import { parseParameters } from "../protocols/multipart/header-parameters.ts";
import { bytesToNative } from "../wsgi/native-string.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { FormBody } from "./form-body.ts";
import { FormFile } from "./form-file.ts";
import { limitsOf, mostUrlencodedBytes, TextMeter, type FormLimits } from "./limits.ts";
import { mediaTypeOf, MULTIPART, URLENCODED } from "./media-type.ts";
import { readParts, type FormPart } from "./multipart-form.ts";
import { headerOf } from "./part-head.ts";
import { type Field, parseUrlencoded, type UrlencodedOptions } from "./urlencoded.ts";

/** Options of {@link fieldStorage}: those of Python's, and limits. */
export interface FieldStorageOptions extends Partial<FormLimits> {
  /** Keeps urlencoded fields without a value. @default false */
  readonly keepBlankValues?: boolean | undefined;
  /** Refuses an urlencoded field without `=` and a `%` that begins no byte. @default false */
  readonly strictParsing?: boolean | undefined;
}

const NO_OPTIONS: ReadonlyMap<string, string> = new Map();

/** One field of a {@link FieldStorage}. */
export class FieldStorageItem {
  readonly name: string;
  /** The text; of a file the file, since reading it takes time: `await item.file?.bytes()`. */
  readonly value: string | FormFile;
  /** Name of the file without directories; null for a text field. */
  readonly filename: string | null;
  readonly file: FormFile | null;
  /** Media type of a part, `text/plain` unless it has one; null for a field of an urlencoded form. */
  readonly type: string | null;
  readonly typeOptions: ReadonlyMap<string, string>;
  readonly disposition: string | null;
  readonly dispositionOptions: ReadonlyMap<string, string>;
  /** Headers of a part by their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;

  /** @param part - of the form; a pair is a field of an urlencoded one */
  constructor(part: FormPart | Field) {
    if (Array.isArray(part)) {
      [this.name, this.value] = part;
      this.filename = this.file = this.type = this.disposition = null;
      this.typeOptions = this.dispositionOptions = this.headers = NO_OPTIONS;
      return;
    }
    const isFile = part instanceof FormFile;
    const headers = isFile ? part.headers.list : part.headers;
    const type = parseParameters(headerOf(headers, "content-type") ?? "text/plain", "Content-Type");
    const disposition = parseParameters(headerOf(headers, "content-disposition") ?? "", "Content-Disposition");
    this.name = part.name;
    this.value = isFile ? part : part.value;
    this.filename = isFile ? part.filename : null;
    this.file = isFile ? part : null;
    this.type = type.value;
    this.typeOptions = type.parameters;
    this.disposition = disposition.value;
    this.dispositionOptions = disposition.parameters;
    this.headers = new Map(headers);
  }
}

/** The fields of a request, as Python's FieldStorage gives them. */
export class FieldStorage implements Iterable<string> {
  /** Media type of the request. */
  readonly type: string;
  /** All fields in their order; null when the body is no form. */
  readonly list: readonly FieldStorageItem[] | null;
  readonly #body: FormBody | null;
  readonly #release: () => Promise<void>;

  /**
   * @param type - of the request
   * @param list - of its fields
   * @param body - what is left to be read, when it is no form
   * @param release - frees what the files hold
   */
  constructor(
    type: string,
    list: readonly FieldStorageItem[] | null,
    body: FormBody | null,
    release: () => Promise<void> = async () => {},
  ) {
    this.type = type;
    this.list = list;
    this.#body = body;
    this.#release = release;
  }

  /** Number of names. */
  get length(): number {
    return this.keys().length;
  }

  /**
   * Gives the field of a name, and a list where there are several: Python's `form["name"]`.
   *
   * @throws TSGIError `ERR_TSGI_FORM_NO_FIELD` when there is none
   */
  item(name: string): FieldStorageItem | FieldStorageItem[] {
    const found = this.#all(name);
    const [first] = found;
    if (first === undefined) {
      throw new TSGIError("violation", "ERR_TSGI_FORM_NO_FIELD", `The form has no field "${name}"; ask with has()`);
    }
    return found.length === 1 ? first : found;
  }

  /** Gives the value of a field, a list where there are several, or the default. */
  getValue<Default = null>(
    name: string,
    ...[fallback]: [fallback?: Default]
  ): string | FormFile | (string | FormFile)[] | Default | null {
    const values = this.getList(name);
    const [first] = values;
    if (first === undefined) return fallback ?? null;
    return values.length === 1 ? first : values;
  }

  /** Gives the first value of a field, or the default. */
  getFirst<Default = null>(name: string, ...[fallback]: [fallback?: Default]): string | FormFile | Default | null {
    return this.#all(name)[0]?.value ?? fallback ?? null;
  }

  /** Gives all values of a field, in their order. */
  getList(name: string): (string | FormFile)[] {
    return this.#all(name).map(({ value }) => value);
  }

  /** Gives the names, each once, in the order of their first fields. */
  keys(): string[] {
    return [...new Set(this.#listed().map(({ name }) => name))];
  }

  /** Tells whether there is a field of this name: Python's `name in form`. */
  has(name: string): boolean {
    return this.#all(name).length > 0;
  }

  /** Iterates over the names. */
  [Symbol.iterator](): Iterator<string> {
    return this.keys()[Symbol.iterator]();
  }

  /** Reads a body that is no form; empty when it was one. */
  async bytes(): Promise<Buffer> {
    return (await this.#body?.whole(Infinity, "")) ?? Buffer.alloc(0);
  }

  /** Frees memory and temporary file, as the end of the request does. */
  close(): Promise<void> {
    return this.#release();
  }

  #all(name: string): FieldStorageItem[] {
    return this.#listed().filter((item) => item.name === name);
  }

  #listed(): readonly FieldStorageItem[] {
    if (this.list !== null) return this.list;
    const what = `Read the body by bytes(); it is no form but "${this.type}", which has no fields`;
    throw new TSGIError("violation", "ERR_TSGI_FORM_NO_FIELDS", what);
  }
}

/**
 * Reads the fields of a request as Python's `cgi.FieldStorage` does: the query of a GET or a HEAD; otherwise an urlencoded body and then the
 * query, or the query and then the parts of a multipart body.
 *
 * @throws FormError 400 when the form is malformed or not UTF-8; 413 beyond a limit
 * @example
 * const form = await fieldStorage(environ, { keepBlankValues: true });
 * const name = form.getFirst("name", "nobody");
 */
export async function fieldStorage(environ: WSGIEnvironment, options: FieldStorageOptions = {}): Promise<FieldStorage> {
  const limits = limitsOf(options);
  const meter = new TextMeter(limits);
  const urlencoded: UrlencodedOptions = {
    strict: options.strictParsing ?? false,
    keepBlankValues: options.keepBlankValues ?? false,
  };
  const itemsOf = (native: string): FieldStorageItem[] =>
    parseUrlencoded(native, meter, urlencoded).map((field) => new FieldStorageItem(field));
  const { REQUEST_METHOD: method, QUERY_STRING: query } = environ;
  if (method === "GET" || method === "HEAD") return new FieldStorage(URLENCODED, itemsOf(query), null);
  const type = mediaTypeOf(environ.CONTENT_TYPE ?? (method === "POST" ? URLENCODED : "text/plain"));
  const body = new FormBody(environ, limits.bodyBytes);
  if (type === URLENCODED) {
    const bytes = await body.whole(mostUrlencodedBytes(limits), `${limits.textBytes} bytes of text`);
    const native = bytesToNative(bytes);
    return new FieldStorage(type, itemsOf(query === "" ? native : `${native}&${query}`), null);
  }
  if (type !== MULTIPART) return new FieldStorage(type, null, body);
  const items = itemsOf(query);
  const { parts, close } = await readParts(environ, body, limits, meter);
  return new FieldStorage(type, [...items, ...parts.map((part) => new FieldStorageItem(part))], null, close);
}
