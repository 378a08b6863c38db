// Header fields as a test writes them, as a list. Source: RFC 9110 section 5; PEP 3333 "Unicode Issues" (latin-1).

import type { HeaderList } from "../wsgi/types.ts";
import { TestUsageError } from "./errors.ts";

/** Request headers: a list of pairs, or an object whose values may be lists. */
export type HeadersInput = Readonly<HeaderList> | Readonly<Record<string, string | readonly string[]>>;

/**
 * Turns header fields into a list of pairs.
 *
 * @throws TestUsageError when a value holds a character beyond latin-1, which no header field can carry
 */
export function headerPairs(headers: HeadersInput = []): HeaderList {
  const pairs: HeaderList = Array.isArray(headers)
    ? (headers as HeaderList).map(([name, value]) => [name, value])
    : Object.entries(headers as Record<string, string | readonly string[]>).flatMap(([name, value]) =>
        (typeof value === "string" ? [value] : value).map((one): [string, string] => [name, one]),
      );
  for (const [name, value] of pairs) {
    if (/[^\0-\xff]/.test(name + value)) {
      throw new TestUsageError(`Expected header field "${name}" in latin-1, got ${JSON.stringify(value)}`);
    }
  }
  return pairs;
}

/** True when a field of that name is in the list; case does not matter. */
export function hasHeader(headers: HeaderList, name: string): boolean {
  const wanted = name.toLowerCase();
  return headers.some(([one]) => one.toLowerCase() === wanted);
}
