// What the protocols with one request per connection give: SCGI and uwsgi.
import { Buffer } from "node:buffer";
import type { Variable } from "./variables.ts";

/** The head of a request, and the bytes that came behind it: the beginning of its body. */
export interface RequestHead {
  readonly variables: readonly Variable[];
  readonly rest: Buffer;
}

/** Reads the head of a request out of bytes that come in any pieces. */
export interface RequestHeadDecoder {
  /**
   * @returns the head; null while it is not whole
   * @throws GatewayProtocolError when the bytes are not of its protocol, or too many
   */
  push(chunk: Buffer): RequestHead | null;
}

/** So many pieces are joined although the head is not whole: a list of one byte each would take a hundred times their size. */
const MOST_PIECES = 64;

/** Holds the pieces of a head until it is whole. */
export class HeadPieces {
  /** Bytes of the whole head, as far as it is known; below it nothing is joined. */
  neededBytes = 0;
  #pieces: Buffer[] = [];
  #heldBytes = 0;

  /** Takes a piece. @returns all bytes so far; null while it is not worth looking at them */
  add(piece: Buffer): Buffer | null {
    this.#pieces.push(piece);
    this.#heldBytes += piece.length;
    if (this.#heldBytes < this.neededBytes && this.#pieces.length < MOST_PIECES) return null;
    const data = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces, this.#heldBytes);
    this.#pieces = [data];
    return data;
  }
}
