// Cuts the body of a request out of the received bytes: by length here, by chunks in chunked-decoder.ts. Source: RFC 9112 section 6.

/** Finds the end of one body. Data is handed on as slices of what was received, without copying. */
export interface BodyDecoder {
  /** True once the last byte of the body has been seen. */
  readonly isDone: boolean;
  /** Bytes of the body still to come; infinite while unknown. */
  readonly bytesLeft: number;
  /**
   * Takes bytes.
   *
   * @param data - received bytes
   * @param start - where the body goes on in them
   * @param emit - receives each slice of body data
   * @returns the position behind what was taken; bytes from there on belong to the next request
   * @throws ProtocolError when the coding is broken or a limit is passed
   */
  decode(data: Buffer, start: number, emit: (slice: Buffer) => void): number;
}

/** A `BodyDecoder` for a body of known length. */
export class LengthDecoder implements BodyDecoder {
  bytesLeft: number;

  /** @param contentLength - the declared length, in bytes */
  constructor(contentLength: number) {
    this.bytesLeft = contentLength;
  }

  get isDone(): boolean {
    return this.bytesLeft === 0;
  }

  decode(data: Buffer, start: number, emit: (slice: Buffer) => void): number {
    const end = Math.min(data.length, start + this.bytesLeft);
    if (end > start) {
      this.bytesLeft -= end - start;
      emit(start === 0 && end === data.length ? data : data.subarray(start, end));
    }
    return end;
  }
}
