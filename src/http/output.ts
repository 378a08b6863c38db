// What a connection sends: head and body in as few writes as possible, large chunks in slices, and a watch over slow readers.
import type { Socket } from "node:net";

/** Unsent bytes above which no more should be handed over. */
const HIGH_WATER = 65_536;
/** Largest piece handed to the socket at once, so that progress can be seen on slow clients. */
const SLICE_BYTES = 262_144;
/** Bodies up to this size are joined to their head; larger ones leave in the same system call, but without a copy. */
const COPY_BYTES = 2048;

const CRLF = "\r\n";

/** The sending side of a connection. */
export class Output {
  readonly #socket: Socket;
  /** Pieces of large chunks that wait for the pieces before them. */
  #backlog: Uint8Array[] = [];
  #waiters: (() => void)[] = [];
  #isEndOwed = false;
  #flushed = -1;
  #stalledSince = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** False while the client should be waited for. */
  get hasRoom(): boolean {
    return this.#backlog.length === 0 && this.#socket.writableLength < HIGH_WATER;
  }

  /** True when everything has left for the system. */
  get isEmpty(): boolean {
    return this.#backlog.length === 0 && this.#socket.writableLength === 0;
  }

  /** Sends bytes. @returns `hasRoom` */
  write(data: Uint8Array): boolean {
    if (this.#backlog.length > 0) this.#backlog.push(data);
    else if (data.length > SLICE_BYTES) this.#writeSliced(data);
    else this.#socket.write(data);
    return this.hasRoom;
  }

  /**
   * Sends text and bytes at once.
   *
   * @param head - latin-1
   * @param body - follows it
   * @param tail - follows the body; latin-1
   * @returns `hasRoom`
   */
  writeWithHead(head: string, body: Uint8Array, tail = ""): boolean {
    if (body.length > COPY_BYTES || this.#backlog.length > 0) {
      this.#socket.cork();
      this.write(Buffer.from(head, "latin1"));
      this.write(body);
      if (tail !== "") this.write(Buffer.from(tail, "latin1"));
      this.#socket.uncork();
      return this.hasRoom;
    }
    // Text leaves the process without a buffer of its own.
    this.#socket.write(head + latin1(body) + tail, "latin1");
    return this.hasRoom;
  }

  /**
   * Sends a chunk of the chunked coding (RFC 9112 section 7.1).
   *
   * @param data - not empty: an empty chunk would end the body
   * @param head - the head of the answer, if this is its first chunk
   * @returns `hasRoom`
   */
  writeChunk(data: Uint8Array, head = ""): boolean {
    return this.writeWithHead(`${head}${data.length.toString(16)}\r\n`, data, CRLF);
  }

  /** Resolves when there is room, or when `release` was called. */
  drained(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** The socket has sent what it had: the next pieces may follow. */
  drain(): void {
    while (this.#backlog.length > 0 && this.#socket.writableLength < HIGH_WATER) {
      this.#socket.write(this.#backlog.shift() as Uint8Array); // not empty: the condition says so
    }
    if (this.#backlog.length === 0 && this.#isEndOwed) this.#socket.end();
    if (this.hasRoom) this.#wake();
  }

  /** Ends our side of the connection behind everything that was sent. */
  end(): void {
    if (this.#backlog.length > 0) this.#isEndOwed = true;
    else this.#socket.end();
  }

  /** Forgets what the socket has not got yet; nobody need wait any more. */
  release(): void {
    this.#backlog = [];
    this.#wake();
  }

  /**
   * Whether unsent bytes have not become fewer for too long.
   *
   * @param now - time of the clock, in seconds
   */
  isStalled(now: number, timeoutSeconds: number): boolean {
    const unsent = this.#socket.writableLength;
    if (unsent === 0) {
      this.#flushed = -1;
      return false;
    }
    const flushed = this.#socket.bytesWritten - unsent;
    if (flushed !== this.#flushed) {
      this.#flushed = flushed;
      this.#stalledSince = now;
      return false;
    }
    return now - this.#stalledSince > timeoutSeconds;
  }

  #wake(): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #writeSliced(data: Uint8Array): void {
    for (let start = 0; start < data.length; start += SLICE_BYTES) {
      const slice = data.subarray(start, start + SLICE_BYTES);
      if (this.hasRoom) this.#socket.write(slice);
      else this.#backlog.push(slice);
    }
  }
}

function latin1(bytes: Uint8Array): string {
  if (bytes.length === 0) return "";
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString(
    "latin1",
  );
}
