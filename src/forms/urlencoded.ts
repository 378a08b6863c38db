// application/x-www-form-urlencoded, of bodies and of queries. Source: WHATWG URL, "application/x-www-form-urlencoded parsing"; but text
// that is not UTF-8 is an error, where the standard puts U+FFFD: nobody could tell it from what was sent.
import { isUtf8 } from "node:buffer";
import { FormError } from "./errors.ts";
import type { TextMeter } from "./limits.ts";

/** A text field: its name and its value. */
export type Field = [name: string, value: string];

/** How an urlencoded form is read. */
export interface UrlencodedOptions {
  /** Refuses a field without `=` and a `%` that begins no byte. */
  readonly strict: boolean;
  /** Keeps fields without a value. */
  readonly keepBlankValues: boolean;
}

const BEYOND_ASCII = /[^\u0000-\u007f]/u;
/** Characters that stand for others. */
const ENCODED = /[%+\u0080-\u00ff]/;
const WRONG_PERCENT = /%(?![0-9A-Fa-f]{2})/;
const PLUS = 0x2b;
const PERCENT = 0x25;
/** Values of hexadecimal digits by their codes. */
const DIGITS: Readonly<Record<number, number>> = Array.from("0123456789abcdef").reduce<number[]>(
  (values, digit, value) => {
    values[digit.charCodeAt(0)] = values[digit.toUpperCase().charCodeAt(0)] = value;
    return values;
  },
  [],
);

/**
 * Reads an urlencoded form.
 *
 * @param native - the form as a native string
 * @param meter - counts fields and bytes
 * @param options - what to refuse, and what to leave out
 * @returns the fields in their order
 * @throws FormError 400 for text that is not UTF-8, and for what `strict` refuses; 413 beyond the limits
 */
export function parseUrlencoded(native: string, meter: TextMeter, options: UrlencodedOptions): Field[] {
  const fields: Field[] = [];
  if (native === "") return fields;
  const isPlain = !ENCODED.test(native);
  for (let start = 0; start <= native.length;) {
    const ampersand = native.indexOf("&", start);
    const end = ampersand === -1 ? native.length : ampersand;
    if (end > start || options.strict) {
      meter.countField();
      const field = parseField(native.slice(start, end), fields.length + 1, isPlain, options);
      const [name, value] = field;
      meter.countText(isPlain ? name.length + value.length : Buffer.byteLength(name) + Buffer.byteLength(value));
      if (value !== "" || options.keepBlankValues) fields.push(field);
    }
    start = end + 1;
  }
  return fields;
}

function parseField(text: string, number: number, isPlain: boolean, { strict }: UrlencodedOptions): Field {
  const equals = text.indexOf("=");
  if (strict && equals === -1) throw malformed(`Expected "=" in field ${number} of the form`);
  if (isPlain) return equals === -1 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
  const name = decode(equals === -1 ? text : text.slice(0, equals), strict, () => `the name of field ${number}`);
  const value = equals === -1 ? "" : decode(text.slice(equals + 1), strict, () => `the field "${name}"`);
  return [name, value];
}

function decode(text: string, strict: boolean, where: () => string): string {
  const plain = decodeAscii(text);
  if (plain !== null) return plain;
  const spaced = text.replaceAll("+", " ");
  if (!BEYOND_ASCII.test(spaced)) {
    try {
      return decodeURIComponent(spaced);
    } catch {
      // A wrong "%", which is text, or bytes that are not UTF-8; told apart below.
    }
  }
  if (strict && WRONG_PERCENT.test(spaced)) throw malformed(`Expected two hexadecimal digits after "%" in ${where()}`);
  const bytes = spaced.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  return decodeText(Buffer.from(bytes, "latin1"), where);
}

/** Decodes a text that is ASCII when it is decoded; returns null for all others. Most texts are ASCII, and this takes half the time. */
function decodeAscii(text: string): string | null {
  let decoded = "";
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === PLUS) {
      decoded += `${text.slice(start, index)} `;
      start = index + 1;
    } else if (code === PERCENT) {
      // Behind the end is NaN, which is no index of the table.
      const byte = ((DIGITS[text.charCodeAt(index + 1)] ?? 8) << 4) | (DIGITS[text.charCodeAt(index + 2)] ?? 128);
      if (byte > 0x7f) return null;
      decoded += text.slice(start, index) + String.fromCharCode(byte);
      index += 2;
      start = index + 1;
    } else if (code > 0x7f) {
      return null;
    }
  }
  return start === 0 ? text : decoded + text.slice(start);
}

/**
 * Reads bytes as UTF-8.
 *
 * @param bytes - of a name or a value
 * @param where - says for the error what they are
 * @throws FormError 400 when they are something else
 */
export function decodeText(bytes: Buffer, where: () => string): string {
  if (!isUtf8(bytes)) throw new FormError("ERR_TSGI_FORM_TEXT", `Expected UTF-8 in ${where()}, got other bytes`);
  return bytes.toString("utf8");
}

/** The error of a form whose syntax is wrong. */
export function malformed(message: string): FormError {
  return new FormError("ERR_TSGI_FORM_SYNTAX", message);
}
