// Takes records of FastCGI out of bytes that come in any pieces. No I/O. Source: FastCGI 1.0, section 3.3.
// The content of a stream is handed over as it arrives, that of all other records when it is whole. So memory stays constant.
import { Buffer } from "node:buffer";
import { GatewayProtocolError } from "../errors.ts";
import { FASTCGI_VERSION, RECORD_HEADER_BYTES, RecordType } from "./record.ts";

/** A record, or a part of one that belongs to a stream. */
export interface FastCGIRecord {
  readonly type: number;
  readonly id: number;
  /** Empty at the end of a stream, and only there. A view of what was received. */
  readonly content: Buffer;
}

const EMPTY = Buffer.alloc(0);

const STREAMS: ReadonlySet<number> = new Set([
  RecordType.params,
  RecordType.stdin,
  RecordType.stdout,
  RecordType.stderr,
  RecordType.data,
]);

/** The state of one connection's incoming bytes. */
export class RecordDecoder {
  readonly #onRecord: (record: FastCGIRecord) => void;
  /** The beginning of a header, or of a record that is handed over when it is whole. */
  #held: Buffer = EMPTY;
  #type = 0;
  #id = 0;
  #contentLeft = 0;
  #paddingLeft = 0;
  #isInRecord = false;

  /** @param onRecord - receives each record, in order; what it throws comes out of `push` */
  constructor(onRecord: (record: FastCGIRecord) => void) {
    this.#onRecord = onRecord;
  }

  /** True between records: an end of the connection here cuts none. */
  get isBetweenRecords(): boolean {
    return !this.#isInRecord && this.#held.length === 0;
  }

  /**
   * Takes the next bytes.
   *
   * @param chunk - belongs to the decoder from now on
   * @throws GatewayProtocolError when they are not FastCGI
   */
  push(chunk: Buffer): void {
    // At most a header or one record is held, so this copies little.
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = EMPTY;
    let at = 0;
    while (at < data.length) {
      const next = this.#isInRecord ? this.#content(data, at) : this.#header(data, at);
      if (next === -1) {
        this.#held = data.subarray(at);
        return;
      }
      at = next;
    }
  }

  /** Reads a header; returns where it ends, or -1 when it is not whole. */
  #header(data: Buffer, at: number): number {
    if (data[at] !== FASTCGI_VERSION) {
      throw new GatewayProtocolError(
        400,
        "ERR_TSGI_FASTCGI_VERSION",
        `Expected a record of FastCGI version ${FASTCGI_VERSION}, got a first byte of ${String(data[at])}`,
      );
    }
    if (data.length - at < RECORD_HEADER_BYTES) return -1;
    this.#type = data[at + 1] as number; // eight bytes are there
    this.#id = shortAt(data, at + 2);
    this.#contentLeft = shortAt(data, at + 4);
    this.#paddingLeft = data[at + 6] as number;
    this.#isInRecord = this.#contentLeft > 0 || this.#paddingLeft > 0;
    if (this.#contentLeft === 0) this.#tell(EMPTY);
    return at + RECORD_HEADER_BYTES;
  }

  #content(data: Buffer, at: number): number {
    let next = at;
    if (this.#contentLeft > 0) {
      const size = Math.min(this.#contentLeft, data.length - at);
      if (size < this.#contentLeft && !STREAMS.has(this.#type)) return -1;
      next += size;
      this.#contentLeft -= size;
      this.#tell(data.subarray(at, next));
    }
    if (this.#contentLeft === 0) {
      const padding = Math.min(this.#paddingLeft, data.length - next);
      this.#paddingLeft -= padding;
      next += padding;
      this.#endIfOver();
    }
    return next;
  }

  #tell(content: Buffer): void {
    this.#onRecord({ type: this.#type, id: this.#id, content });
  }

  #endIfOver(): void {
    if (this.#contentLeft === 0 && this.#paddingLeft === 0) this.#isInRecord = false;
  }
}

/** A number of 16 bits. `readUInt16BE` checks what is known here, five times for each request. */
function shortAt(data: Buffer, at: number): number {
  return ((data[at] as number) << 8) | (data[at + 1] as number);
}
