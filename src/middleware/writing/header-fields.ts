// Looking up and changing fields in the header list of a response, in place and without a wrapper: this runs for each request.
// Source: RFC 9110 sections 5.1 (names are case-insensitive) and 12.5.5 (Vary).
import type { HeaderList } from "../../wsgi/types.ts";

/**
 * Returns the first value of a header, or null.
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
 * Removes all headers of a name.
 *
 * @param lowerName - the name in lower case
 */
export function dropHeader(headers: HeaderList, lowerName: string): void {
  let kept = 0;
  for (const pair of headers) if (pair[0].toLowerCase() !== lowerName) headers[kept++] = pair;
  headers.length = kept;
}

/** Replaces all headers of a name by one at the end. */
export function setHeader(headers: HeaderList, name: string, value: string): void {
  dropHeader(headers, name.toLowerCase());
  headers.push([name, value]);
}

/** Hold for the very bytes of a body: its length, its digests (RFC 9530, RFC 3230, RFC 1864), and that parts of it can be had. */
const OF_THE_BYTES: ReadonlySet<string> = new Set([
  "content-length",
  "content-digest",
  "repr-digest",
  "digest",
  "content-md5",
  "accept-ranges",
]);

/** Describe a body beside them, and the version that it is. */
const OF_THE_CONTENT: ReadonlySet<string> = new Set([
  ...OF_THE_BYTES,
  "content-type",
  "content-encoding",
  "content-language",
  "content-location",
  "content-disposition",
  "content-range",
  "etag",
  "last-modified",
]);

/**
 * Takes out what held for the bytes of a body that has been changed, and makes a strong ETag weak: what was made of equal bodies still
 * means the same (RFC 9110 section 8.8.1).
 *
 * @param announced - the fields that spoke of the old body; others, set for the new one, stay. @default all
 */
export function dropBodyFields(headers: HeaderList, announced?: Readonly<HeaderList>): void {
  let kept = 0;
  for (const pair of headers) {
    const name = pair[0].toLowerCase();
    const isOld = announced?.includes(pair) ?? true;
    if (isOld && OF_THE_BYTES.has(name)) continue;
    const isStrongTag = isOld && name === "etag" && !pair[1].startsWith("W/");
    headers[kept++] = isStrongTag ? [pair[0], `W/${pair[1]}`] : pair;
  }
  headers.length = kept;
}

/** Takes out all that describes the content of a response, for one that gets other content instead. */
export function dropContentFields(headers: HeaderList): void {
  let kept = 0;
  for (const pair of headers) if (!OF_THE_CONTENT.has(pair[0].toLowerCase())) headers[kept++] = pair;
  headers.length = kept;
}

/** Adds a name to Vary, unless it (or `*`) is already there. */
export function addVary(headers: HeaderList, name: string): void {
  const names = headers
    .filter(([key]) => key.toLowerCase() === "vary")
    .flatMap(([, value]) => value.split(","))
    .map((each) => each.trim())
    .filter((each) => each !== "");
  if (names.some((each) => each === "*" || each.toLowerCase() === name.toLowerCase())) return;
  setHeader(headers, "Vary", [...names, name].join(", "));
}
