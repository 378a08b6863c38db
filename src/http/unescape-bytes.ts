// Percent-decoding to bytes. Source: RFC 3986 section 2.1.

const ESCAPE = /%([0-9A-Fa-f]{2})/g;

/** Decodes each `%XX` of a path to the byte that it stands for; an invalid escape stays as it is. */
export function unescapeBytes(path: string): string {
  return path.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
