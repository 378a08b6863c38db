// Keys are kept as their JSON escape, without the quotes: what JSON.stringify writes. Two spellings of a key are one key, no database
// sees a NUL, and the text can be put into an answer as it is.

const PLAIN = /^[^"\\\u0000-\u001f\ud800-\udfff]*$/;

/** Returns the canonical escape of a key. */
export function escapeKey(key: string): string {
  return PLAIN.test(key) ? key : JSON.stringify(key).slice(1, -1);
}

/** Returns the key behind an escape. */
export function unescapeKey(escaped: string): string {
  return escaped.includes("\\") ? (JSON.parse(`"${escaped}"`) as string) : escaped; // a string of JSON is a string
}

/** Whether a text has half a surrogate pair in it: it is no Unicode text then, and has no UTF-8. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
