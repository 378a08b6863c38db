// Native strings: one code point per byte, so that bytes of any encoding pass through the environ unchanged.
// Source: PEP 3333, "A Note On String Types" and "Unicode Issues".
import { ContractViolation } from "./errors.ts";

/** Anything that does not fit into one byte. */
const BEYOND_LATIN1 = /[^\u0000-\u00ff]/u;
const BEYOND_ASCII = /[^\u0000-\u007f]/u;

/** Returns whether each code point of `text` fits into one byte. */
export function isNativeString(text: string): boolean {
  return !BEYOND_LATIN1.test(text);
}

/**
 * Decodes a native string as UTF-8 text, such as a PATH_INFO to show to a person.
 *
 * @param native - from the environ; code points above U+00FF are cut to their low byte, see {@link isNativeString}
 * @returns the text, with U+FFFD where the bytes are not UTF-8
 * @example
 * decodeNative("/caf\u00c3\u00a9") // "/café"
 */
export function decodeNative(native: string): string {
  return BEYOND_ASCII.test(native) ? Buffer.from(native, "latin1").toString("utf8") : native;
}

/**
 * Writes text as a native string of its UTF-8 bytes: the inverse of {@link decodeNative}.
 *
 * @param text - any text; lone surrogates become U+FFFD
 */
export function encodeNative(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

/**
 * Returns the bytes of a native string.
 *
 * @throws ContractViolation `ERR_TSGI_NATIVE_STRING` when a code point is above U+00FF, since cutting it would forge another byte
 */
export function nativeToBytes(native: string): Buffer {
  if (!isNativeString(native)) {
    throw new ContractViolation(
      "ERR_TSGI_NATIVE_STRING",
      `Expected a native string without code points above U+00FF, got ${JSON.stringify(native)}`,
    );
  }
  return Buffer.from(native, "latin1");
}

/** Converts `bytes` to a native string. */
export function bytesToNative(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
