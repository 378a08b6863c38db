// What Python's str methods do where JavaScript's differ: the set of white space, and lenient percent-decoding.
// Source: CPython's str.isspace (bidirectional WS, B, S or category Zs) and urllib.parse.unquote.

const SPACE = "\\t\\n\\v\\f\\r\\x1c-\\x1f \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const LEADING = new RegExp(`^[${SPACE}]+`);
const TRAILING = new RegExp(`[${SPACE}]+$`);
const RUN = new RegExp(`[${SPACE}]+`);
const ESCAPES = /(?:%[0-9a-fA-F]{2})+/g;

/** Number of white-space characters at the start. */
export function indentOf(line: string): number {
  const first = line.charCodeAt(0);
  if (first > 0x20 && first < 0x7f) return 0;
  return line === "" ? 0 : (LEADING.exec(line)?.[0].length ?? 0);
}

/** Python's `rstrip()`. */
export function stripEnd(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last > 0x20 && last < 0x7f ? text : text.replace(TRAILING, "");
}

/** Python's `strip()`: does not take a byte order mark for white space, as `trim()` does. */
export function strip(text: string): string {
  return stripEnd(text.slice(indentOf(text)));
}

/** Python's `split()` without an argument: words between runs of white space. */
export function words(text: string): string[] {
  return text.split(RUN).filter((word) => word !== "");
}

/** Percent-decodes as UTF-8; what is no escape stays, invalid UTF-8 becomes U+FFFD. */
export function unquote(text: string): string {
  return text.replace(ESCAPES, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"));
}
