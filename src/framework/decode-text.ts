// Text from a client, which is UTF-8 or an error: a replacement character would make two different requests one.
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
