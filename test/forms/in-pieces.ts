import { WSGIInputStream } from "../../src/wsgi/input-stream.ts";

/** A request body that arrives in pieces of so many bytes. */
export function inPieces(bytes: Uint8Array, pieceBytes: number): WSGIInputStream {
  let position = 0;
  return new WSGIInputStream({
    pull() {
      const piece = bytes.subarray(position, position + pieceBytes);
      position += piece.length;
      return piece.length === 0 ? null : piece;
    },
  });
}
