// Decodes text from a client. Text that is not UTF-8 is an error: with replacement characters, two different requests would look the same.
import { nativeToBytes } from "../wsgi/native-string.ts";
import { BadRequest } from "./http-error.ts";

const BEYOND_ASCII = /[^\u0000-\u007f]/;
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes a native string.
 *
 * @param what - it is, for the error
 * @throws BadRequest when its bytes are not UTF-8
 */
export function decodeText(native: string, what: string): string {
  return BEYOND_ASCII.test(native) ? decodeUtf8(nativeToBytes(native), what) : native;
}

/** As {@link decodeText}, for bytes. */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return DECODER.decode(bytes);
  } catch (cause) {
    throw new BadRequest(`${what} is not UTF-8`, { cause });
  }
}
