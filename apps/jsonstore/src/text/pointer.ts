// JSON Pointer. A path is the list of its tokens, decoded. Source: RFC 6901.

/** Tokens of a pointer, from the root. */
export type Path = readonly string[];

const INDEX = /^(?:0|[1-9][0-9]*)$/;

/**
 * Splits a pointer.
 *
 * @returns null when the text is none: it neither is empty nor starts with a slash, or has a `~` without 0 or 1 behind it
 */
export function parsePointer(pointer: string): string[] | null {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) return null;
  const tokens = pointer.slice(1).split("/");
  if (!pointer.includes("~")) return tokens;
  if (/~(?![01])/.test(pointer)) return null;
  return tokens.map(decodeToken);
}

/** Writes a pointer. */
export function formatPointer(path: Path): string {
  return path.map((token) => `/${encodeToken(token)}`).join("");
}

/** Decodes `~1` and `~0`, which must be followed by nothing else. */
export function decodeToken(token: string): string {
  return token.includes("~") ? token.replaceAll("~1", "/").replaceAll("~0", "~") : token;
}

function encodeToken(token: string): string {
  return /[~/]/.test(token) ? token.replaceAll("~", "~0").replaceAll("/", "~1") : token;
}

/** Returns the position that a token names in an array, or null: only digits, and no zero in front. Source: RFC 6901 section 4. */
export function arrayIndex(token: string): number | null {
  return INDEX.test(token) ? Number(token) : null;
}
