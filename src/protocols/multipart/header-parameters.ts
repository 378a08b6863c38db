// The value of a header with parameters, as browsers write it in forms and in Content-Type.
// Source: RFC 9110 section 5.6.6; WHATWG HTML, "Multipart form data", for what browsers escape in names: `"` as %22, and they leave the
// backslash alone. Older clients and curl write `\"`.
import { MultipartError } from "./errors.ts";

/** A value and its parameters; names are in lower case. */
export interface ParameterizedValue {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** `; name=token` or `; name="quoted"`; sticky, each group in linear time. */
const PARAMETER = /;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^ \t";]*))[ \t]*/gy;
const END = /(?:;[ \t]*)?$/y;

/**
 * Reads a header value with parameters.
 *
 * @param text - the value, as a native string
 * @param what - names the header in the error
 * @throws MultipartError when the parameters are malformed, or one is there twice: two readers could take it for two things
 */
export function parseParameters(text: string, what: string): ParameterizedValue {
  const semicolon = text.indexOf(";");
  const value = trimBlanks(semicolon === -1 ? text : text.slice(0, semicolon)).toLowerCase();
  const parameters = new Map<string, string>();
  let position = semicolon === -1 ? text.length : semicolon;
  while (position < text.length) {
    PARAMETER.lastIndex = position;
    const match = PARAMETER.exec(text);
    if (match === null) break;
    const [whole, name = "", quoted, token = ""] = match;
    const key = name.toLowerCase();
    if (parameters.has(key)) throw new MultipartError(`Expected the parameter "${key}" of ${what} once`);
    parameters.set(key, quoted === undefined ? token : unescape(quoted));
    position += whole.length;
  }
  END.lastIndex = position;
  if (!END.test(text)) throw new MultipartError(`Expected parameters such as name="value" in ${what}`);
  return { value, parameters };
}

/**
 * Cuts spaces and tabs off both ends. `trim` would cut U+00A0 too, which in a native string is a byte of a letter.
 *
 * @param text - a native string
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Only `\"` and `\\` are escapes: Internet Explorer sent whole paths, with single backslashes. */
function unescape(quoted: string): string {
  return quoted.includes("\\") ? quoted.replace(/\\(["\\])/g, "$1") : quoted;
}
