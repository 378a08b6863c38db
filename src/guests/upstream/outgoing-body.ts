// The body of a request on its way to an upstream: handed on as it comes, or kept first, in memory and beyond that in a file without a name.
// What is kept has a length that is known, holds no connection while a slow client sends it, and can be sent a second time.
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { concatBytes, NO_BYTES } from "../../wsgi/bytes.ts";
import { EMPTY_INPUT, nextChunk } from "../../wsgi/input-stream.ts";
import { openNameless } from "../../wsgi/nameless-file.ts";
import type { Bytes, InputStream, WSGIEnvironment } from "../../wsgi/types.ts";

/** Most bytes that are read at once. */
const CHUNK_BYTES = 65_536;
/** Most bytes of a kept body in memory. */
const MEMORY_BYTES = 65_536;

/** A body. */
export interface OutgoingBody {
  /** In bytes; 0 for none, -1 when only its end will tell. */
  readonly length: number;
  /** Whether `rewind` can begin it anew. */
  readonly isKept: boolean;
  /** The next bytes; empty at the end. @throws when the client has left, or sends nonsense */
  read(): Promise<Bytes>;
  /** The whole of it, when it is in memory. */
  readonly whole: Bytes | null;
  /** Begins it anew. */
  rewind(): void;
  /** It is not needed any more. */
  release(): void;
}

/** A request without a body; one for all. */
export const NO_BODY: OutgoingBody = {
  length: 0,
  isKept: true,
  whole: NO_BYTES,
  read: () => Promise.resolve(NO_BYTES),
  rewind() {},
  release() {},
};

/** The body of a request as it comes. */
export function streamedBody(environ: WSGIEnvironment): OutgoingBody {
  const length = declaredLength(environ);
  if (length === 0) return NO_BODY;
  return new StreamedBody(environ["wsgi.input"], length);
}

/**
 * The body of a request, all of it.
 *
 * @returns at once when there is none
 * @throws what `wsgi.input` throws, or the disk
 */
export function keptBody(environ: WSGIEnvironment): OutgoingBody | Promise<OutgoingBody> {
  const body = streamedBody(environ);
  return body === NO_BODY ? body : keep(body);
}

/**
 * Makes a request of a body as soon as that is there.
 *
 * @param make - what it throws is thrown on, and the body is released
 */
export function withKept<Made>(
  body: OutgoingBody | Promise<OutgoingBody>,
  make: (body: OutgoingBody) => Made,
): Made | Promise<Made> {
  if (!(body instanceof Promise)) return make(body);
  return body.then((kept) => {
    try {
      return make(kept);
    } catch (error) {
      kept.release();
      throw error;
    }
  });
}

/** -1 when only the end will tell. */
function declaredLength(environ: WSGIEnvironment): number {
  if (environ["wsgi.input"] === EMPTY_INPUT) return 0;
  const text = environ.CONTENT_LENGTH;
  if (text !== undefined && text !== "") return Number(text);
  return environ["wsgi.input_terminated"] === true ? -1 : 0;
}

class StreamedBody implements OutgoingBody {
  readonly length: number;
  readonly isKept = false;
  readonly whole = null;
  readonly #input: InputStream;
  #left: number;

  constructor(input: InputStream, length: number) {
    this.#input = input;
    this.length = length;
    this.#left = length === -1 ? Number.POSITIVE_INFINITY : length;
  }

  async read(): Promise<Bytes> {
    // A stream that does not end by itself is never asked for more than was declared.
    const chunk = await nextChunk(this.#input, Math.min(CHUNK_BYTES, this.#left));
    this.#left -= chunk.length;
    if (chunk.length === 0 && this.#left > 0 && this.length !== -1) {
      throw new Error(`The request body ended ${this.#left} bytes before its Content-Length`);
    }
    return chunk;
  }

  rewind(): void {}

  release(): void {}
}

async function keep(source: OutgoingBody): Promise<OutgoingBody> {
  const chunks: Bytes[] = [];
  let size = 0;
  while (size <= MEMORY_BYTES) {
    const chunk = await source.read();
    if (chunk.length === 0) return size === 0 ? NO_BODY : new MemoryBody(concatBytes(chunks, size));
    chunks.push(chunk);
    size += chunk.length;
  }
  const file = await openNameless(tmpdir());
  try {
    for (const chunk of chunks) await file.writeFile(chunk);
    for (;;) {
      const chunk = await source.read();
      if (chunk.length === 0) return new FileBody(file, size);
      await file.writeFile(chunk);
      size += chunk.length;
    }
  } catch (error) {
    await file.close();
    throw error;
  }
}

class MemoryBody implements OutgoingBody {
  readonly isKept = true;
  readonly whole: Bytes;
  #isRead = false;

  constructor(bytes: Bytes) {
    this.whole = bytes;
  }

  get length(): number {
    return this.whole.length;
  }

  read(): Promise<Bytes> {
    const bytes = this.#isRead ? NO_BYTES : this.whole;
    this.#isRead = true;
    return Promise.resolve(bytes);
  }

  rewind(): void {
    this.#isRead = false;
  }

  release(): void {}
}

class FileBody implements OutgoingBody {
  readonly isKept = true;
  readonly whole = null;
  readonly length: number;
  readonly #file: FileHandle;
  #position = 0;

  constructor(file: FileHandle, length: number) {
    this.#file = file;
    this.length = length;
  }

  async read(): Promise<Bytes> {
    const start = this.#position;
    const block = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, this.length - start));
    // Before the file is read: meanwhile, `rewind` may be called for a request that is sent once more.
    this.#position += block.length;
    for (let filled = 0; filled < block.length;) {
      const { bytesRead } = await this.#file.read(block, filled, block.length - filled, start + filled);
      if (bytesRead === 0) throw new Error("The file of the request body is shorter than what was written to it");
      filled += bytesRead;
    }
    return block;
  }

  rewind(): void {
    this.#position = 0;
  }

  release(): void {
    this.#file.close().catch(() => {});
  }
}
