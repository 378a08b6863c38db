// Looking up and changing fields in the header list of a response, in place and without a wrapper: this runs for each request.
// Source: RFC 9110 sections 5.1 (names are case-insensitive) and 12.5.5 (Vary).
import type { HeaderList } from "../wsgi/types.ts";

/**
 * Gives the first value of a header, or null.
 *
 * @param lowerName - the name in lower case
 */
export function findHeader(headers: Readonly<HeaderList>, lowerName: string): string | null {
  for (const [name, value] of headers) {
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return value;
  }
  return null;
}

/**
 * Takes out all headers of a name.
 *
 * @param lowerName - the name in lower case
 */
export function dropHeader(headers: HeaderList, lowerName: string): void {
  let kept = 0;
  for (const pair of headers) if (pair[0].toLowerCase() !== lowerName) headers[kept++] = pair;
  headers.length = kept;
}

/** Puts one header at the end, in the place of all of that name. */
export function setHeader(headers: HeaderList, name: string, value: string): void {
  dropHeader(headers, name.toLowerCase());
  headers.push([name, value]);
}

/** Adds a field name to Vary, unless it (or `*`) is there already. */
export function addVary(headers: HeaderList, name: string): void {
  const names = headers
    .filter(([key]) => key.toLowerCase() === "vary")
    .flatMap(([, value]) => value.split(","))
    .map((each) => each.trim())
    .filter((each) => each !== "");
  if (names.some((each) => each === "*" || each.toLowerCase() === name.toLowerCase())) return;
  setHeader(headers, "Vary", [...names, name].join(", "));
}
