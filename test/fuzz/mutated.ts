// Bytes for fuzzers: messages that are right, damaged in ways that readers of lengths and lines are known to get wrong.

/** Bytes that mean something to some protocol. */
const INTERESTING = Buffer.from("\0\x01\x03\x04\x06\x7f\x80\xff\r\n:, ;09+-\t", "latin1");

/** Gives damaged messages. The same numbers give the same bytes. */
export class Mutator {
  readonly #random: () => number;
  readonly #seeds: readonly Buffer[];
  readonly #words: readonly Buffer[];

  /**
   * @param random - gives numbers from 0 to 1
   * @param seeds - messages that are right
   * @param words - what may be put in anywhere
   */
  constructor(random: () => number, seeds: readonly string[], words: readonly string[]) {
    this.#random = random;
    this.#seeds = seeds.map((text) => Buffer.from(text, "latin1"));
    this.#words = words.map((text) => Buffer.from(text, "latin1"));
  }

  /** A message with up to seven faults. */
  message(): Buffer {
    let bytes: Buffer = Buffer.from(this.#oneOf(this.#seeds));
    for (let left = this.#below(8); left > 0; left -= 1) bytes = this.#damaged(bytes);
    return bytes;
  }

  /** The same bytes in pieces. */
  pieces(bytes: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    const longest = this.#oneOf([1, 3, 16, 256]);
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + this.#below(longest);
      pieces.push(Buffer.from(bytes.subarray(at, end)));
      at = end;
    }
    return pieces;
  }

  #damaged(bytes: Buffer): Buffer {
    const at = this.#below(bytes.length + 1);
    const end = Math.min(bytes.length, at + this.#below(this.#oneOf([2, 8, 64])));
    const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
    switch (this.#below(8)) {
      case 0:
        return Buffer.concat([before, after]);
      case 1:
        return Buffer.concat([before, part, part, after]);
      case 2:
        return before;
      case 3:
        return Buffer.concat([before, this.#oneOf(this.#words), after]);
      case 4:
        return Buffer.concat([before, this.#oneOf(this.#words), part, after]);
      case 5:
        return Buffer.concat([before, this.#oneOf(this.#seeds), after]);
      default:
        if (at < bytes.length) bytes[at] = this.#below(3) === 0 ? this.#below(256) : this.#oneOf([...INTERESTING]);
        return bytes;
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #oneOf<T>(all: readonly T[]): T {
    return all[this.#below(all.length)] as T; // no list is empty
  }
}
