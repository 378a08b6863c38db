// The base64 of crypt(3): an alphabet of its own, least significant bits first. Source: the glibc and Apache implementations' formats.

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * Encodes groups of bytes.
 *
 * @param digest - the bytes
 * @param groups - indices into it, most significant first; three give four characters, two give three, one gives two
 */
export function encodeCrypt(digest: Uint8Array, groups: readonly (readonly number[])[]): string {
  return groups
    .map((group) => {
      let bits = group.reduce((sum, index) => sum * 256 + (digest[index] ?? 0), 0);
      let text = "";
      for (let count = Math.ceil((group.length * 8) / 6); count > 0; count--) {
        text += ALPHABET[bits & 63];
        bits >>>= 6;
      }
      return text;
    })
    .join("");
}
