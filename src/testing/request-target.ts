// Splits what a test writes as an address into origin, path and query, without normalising: `/a/../b` and `//x` stay as
// they are, because a test may mean exactly that. Source: RFC 9112 section 3.2; RFC 3986 section 2.1 for the encoding.

import { TestUsageError } from "./errors.ts";

/** Where a request goes. `path` and `query` are in their wire form: printable ASCII, percent-encoded. */
export interface RequestTarget {
  readonly scheme: "http" | "https";
  /** Host and, where it is not the scheme's default, `:port`; goes into the Host header field. */
  readonly host: string;
  readonly path: string;
  /** Without the `?`; empty when there is none. */
  readonly query: string;
}

/** Where requests of a test come from and go to, unless an absolute URL says otherwise. */
export const DEFAULT_BASE = { scheme: "http", host: "localhost" } as const;

/** Fields of a query or form: an object, pairs in order, or URLSearchParams. A list repeats the name. */
export type Fields =
  | URLSearchParams
  | readonly (readonly [name: string, value: string])[]
  | Readonly<Record<string, FieldValue | readonly FieldValue[]>>;

type FieldValue = string | number | boolean;

const ABSOLUTE = /^(https?):\/\/([^/?#]*)(.*)$/is;

/**
 * Splits a path or an absolute URL.
 *
 * @param address - `/path?query`, `*`, or `http://host:port/path?query`; characters beyond ASCII become percent-encoded UTF-8
 * @param base - gives scheme and host to an address that is only a path
 * @param query - fields to add to the query
 * @returns the parts in wire form; the fragment is cut off
 * @throws TestUsageError when the address is neither a path nor an http(s) URL
 */
export function parseRequestTarget(
  address: string,
  base: Pick<RequestTarget, "scheme" | "host">,
  query?: Fields,
): RequestTarget {
  const absolute = ABSOLUTE.exec(address);
  const rest = (absolute ? absolute[3] : address) ?? "";
  if (!absolute && !/^[/?*]/.test(rest)) {
    throw new TestUsageError(`Expected a path that starts with "/" or an http(s) URL, got ${JSON.stringify(address)}`);
  }
  const [beforeFragment = ""] = rest.split("#", 1);
  const mark = beforeFragment.indexOf("?");
  const path = mark < 0 ? beforeFragment : beforeFragment.slice(0, mark);
  const written = mark < 0 ? "" : beforeFragment.slice(mark + 1);
  const added = query ? new URLSearchParams(fieldPairs(query)).toString() : "";
  return {
    scheme: absolute ? (absolute[1]?.toLowerCase() === "https" ? "https" : "http") : base.scheme,
    host: (absolute ? absolute[2] : base.host) ?? base.host,
    path: percentEncode(path) || "/",
    query: [percentEncode(written), added].filter(Boolean).join("&"),
  };
}

/** The path and query as they stand on the request line. */
export function originForm(target: RequestTarget): string {
  return target.query ? `${target.path}?${target.query}` : target.path;
}

/** The whole address as a URL, for example `http://localhost/a?b=c`. */
export function absoluteForm(target: RequestTarget): string {
  return `${target.scheme}://${target.host}${originForm(target)}`;
}

/** Fields as pairs of strings, in order. */
export function fieldPairs(fields: Fields): [name: string, value: string][] {
  if (fields instanceof URLSearchParams) return [...fields];
  if (Array.isArray(fields)) return fields.map(([name, value]) => [name, String(value)]);
  return Object.entries(fields).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
  );
}

function percentEncode(text: string): string {
  return text.replace(/[^\x21-\x7e]+/gu, (run) => encodeURIComponent(run));
}
