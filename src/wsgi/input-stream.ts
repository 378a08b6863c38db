// `wsgi.input` over any source of chunks. Source: PEP 3333, "Input and Error Streams"; Python's io.BufferedIOBase for the meaning of
// each argument. Chunks are kept as they came and joined once, when a result spans several; every byte is looked at once.
import { allocateBytes, NO_BYTES, viewBytes } from "./bytes.ts";
import type { Bytes, InputStream } from "./types.ts";

const NEWLINE = 0x0a;
/** Spent chunks are cut off the front of the queue once there are this many of them. */
const SPENT_CHUNKS = 512;

/** The source of a request body: a connection, a file, an array. */
export interface ByteSource {
  /**
   * Returns the next chunk. It is called only when a read needs it, and never twice at a time. The chunk then belongs to the stream.
   *
   * @returns the chunk, or null at the end
   * @throws when the client left or sent nonsense; every later read fails with the same error
   */
  pull(): Uint8Array | null | Promise<Uint8Array | null>;
}

/**
 * The body of a request as an {@link InputStream}. Overlapping reads are served in the order of the calls. Results are Buffers where the runtime has them; if one
 * chunk holds the whole result, it is a view of that chunk.
 */
export class WSGIInputStream implements InputStream {
  readonly #source: ByteSource;
  #chunks: Bytes[] = [];
  /** Index of the first unread chunk, and of the first unread byte in it. */
  #head = 0;
  #offset = 0;
  #bufferedBytes = 0;
  #isEnded = false;
  #failure: { error: unknown } | null = null;
  /** Settles with the last read that has to wait; null when none does. */
  #lastTurn: Promise<void> | null = null;

  /** @param source - gives the chunks, in order */
  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * Reads exactly `size` bytes, fewer only at the end of the body.
   *
   * @param size - number of bytes; without it (or negative) all that is left
   * @returns the bytes; empty at the end, and for size 0
   * @throws what the source throws
   */
  read(size?: number): Promise<Bytes> {
    const wanted = limitOf(size);
    return this.#serve(() =>
      this.#bufferedBytes >= wanted || this.#isEnded ? this.#take(Math.min(wanted, this.#bufferedBytes)) : undefined,
    );
  }

  /**
   * Returns the next available chunk as it arrived, and waits only if there is none: Python's `read1`.
   *
   * @param size - most bytes to give; without it (or negative) a whole chunk
   * @returns the bytes; empty at the end, and for size 0
   * @throws what the source throws
   */
  readChunk(size?: number): Promise<Bytes> {
    const wanted = limitOf(size);
    return this.#serve(() => {
      const head = this.#chunks[this.#head];
      if (head === undefined) return this.#isEnded || wanted === 0 ? NO_BYTES : undefined;
      return this.#take(Math.min(wanted, head.length - this.#offset));
    });
  }

  /**
   * Reads up to and including the next `\n`.
   *
   * @param size - most bytes to give; without it (or negative) the whole line
   * @returns the line with its `\n` (the last may have none); empty at the end, and for size 0
   * @throws what the source throws
   */
  readline(size?: number): Promise<Bytes> {
    return this.#serve(this.#lineAttempt(limitOf(size)));
  }

  /**
   * Reads lines until the end, or until they have `hint` bytes in total.
   *
   * @param hint - bytes after which no further line is begun; without it (or not positive) no limit
   * @returns the lines, each with its `\n`
   * @throws what the source throws
   */
  readlines(hint?: number): Promise<Bytes[]> {
    const enough = hint === undefined || hint <= 0 ? Infinity : hint;
    const lines: Bytes[] = [];
    let total = 0;
    let attempt = this.#lineAttempt(Infinity);
    return this.#serve(() => {
      while (total < enough) {
        const line = attempt();
        if (line === undefined) return undefined;
        if (line.length === 0) break;
        lines.push(line);
        total += line.length;
        attempt = this.#lineAttempt(Infinity);
      }
      return lines;
    });
  }

  /** Iterates over the lines; leaving the loop early leaves the rest to be read. */
  async *[Symbol.asyncIterator](): AsyncIterator<Bytes> {
    for (;;) {
      const line = await this.readline();
      if (line.length === 0) return;
      yield line;
    }
  }

  /**
   * Runs `attempt`, which gives undefined while it lacks bytes: at once when no other read waits, otherwise in its turn.
   * A read that is served from what is buffered costs one resolved promise.
   */
  #serve<T>(attempt: () => T | undefined): Promise<T> {
    const before = this.#lastTurn;
    if (before === null) {
      const result = attempt();
      if (result !== undefined) return Promise.resolve(result);
    }
    const result = this.#fillUntil(attempt, before);
    const leave = (): void => {
      if (this.#lastTurn === turn) this.#lastTurn = null;
    };
    const turn: Promise<void> = result.then(leave, leave);
    this.#lastTurn = turn;
    return result;
  }

  async #fillUntil<T>(attempt: () => T | undefined, before: Promise<void> | null): Promise<T> {
    if (before !== null) await before;
    for (;;) {
      const result = attempt();
      if (result !== undefined) return result;
      if (this.#failure !== null) throw this.#failure.error;
      try {
        const pulled = this.#source.pull();
        this.#accept(pulled instanceof Promise ? await pulled : pulled);
      } catch (error) {
        this.#failure = { error };
        throw error;
      }
    }
  }

  #accept(chunk: Uint8Array | null): void {
    if (chunk === null) {
      this.#isEnded = true;
    } else if (chunk.length > 0) {
      this.#chunks.push(viewBytes(chunk));
      this.#bufferedBytes += chunk.length;
    }
  }

  /** An attempt that remembers how far it has looked for the newline, so that no byte is looked at twice. */
  #lineAttempt(limit: number): () => Bytes | undefined {
    let next = 0;
    let seen = 0;
    return () => {
      while (seen < limit && this.#head + next < this.#chunks.length) {
        const chunk = this.#chunks[this.#head + next] as Bytes; // the index is below the length
        const start = next === 0 ? this.#offset : 0;
        const end = Math.min(chunk.length, start + (limit - seen));
        // Only the part within the limit is searched, or many small readline(size) calls would each search the whole chunk.
        const within = end === chunk.length ? chunk : chunk.subarray(0, end);
        const newline = within.indexOf(NEWLINE, start);
        if (newline !== -1) return this.#take(seen + newline + 1 - start);
        seen += end - start;
        next += 1;
      }
      return seen >= limit || this.#isEnded ? this.#take(seen) : undefined;
    };
  }

  /** Takes `size` buffered bytes off the queue: a view when the first chunk holds them all, otherwise one copy. */
  #take(size: number): Bytes {
    if (size === 0) return NO_BYTES;
    this.#bufferedBytes -= size;
    const first = this.#chunks[this.#head] as Bytes; // size > 0 bytes are buffered
    if (first.length - this.#offset >= size) return this.#advance(first, size);
    const joined = allocateBytes(size);
    for (let filled = 0; filled < size;) {
      const chunk = this.#chunks[this.#head] as Bytes; // fewer than the buffered bytes are taken so far
      const part = this.#advance(chunk, Math.min(chunk.length - this.#offset, size - filled));
      joined.set(part, filled);
      filled += part.length;
    }
    return joined;
  }

  /** Cuts `size` bytes off the first chunk, and drops the chunk when it is spent. */
  #advance(chunk: Bytes, size: number): Bytes {
    const start = this.#offset;
    const end = start + size;
    const part = start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
    if (end < chunk.length) {
      this.#offset = end;
      return part;
    }
    this.#offset = 0;
    this.#chunks[this.#head] = NO_BYTES; // lets the memory go before the queue is compacted
    this.#head += 1;
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
    } else if (this.#head >= SPENT_CHUNKS && this.#head * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
    return part;
  }
}

/** The input of a request without a body: always at its end, so all such requests share it. */
export const EMPTY_INPUT: InputStream = new WSGIInputStream({ pull: () => null });

/**
 * Iterates over the body in the chunks in which it arrived, without cutting or joining them as far as `size` allows. Use it to copy an upload.
 *
 * @param input - `wsgi.input`; one without `readChunk` is read in blocks of `size`
 * @param size - most bytes per chunk
 * @example
 * for await (const chunk of chunksOf(environ["wsgi.input"])) await file.write(chunk);
 */
export async function* chunksOf(input: InputStream, size = 65_536): AsyncGenerator<Bytes, void, undefined> {
  for (;;) {
    const chunk = await nextChunk(input, size);
    if (chunk.length === 0) return;
    yield chunk;
  }
}

/**
 * Reads the next chunk as {@link chunksOf} gives it, for one who reads many bodies: there is no generator to be made.
 *
 * @param input - `wsgi.input`; one without `readChunk` is read in blocks of `size`
 * @param size - most bytes to give
 * @returns the bytes; empty at the end
 * @throws what the source throws
 */
export function nextChunk(input: InputStream, size: number): Promise<Bytes> {
  return input instanceof WSGIInputStream ? input.readChunk(size) : input.read(size);
}

function limitOf(size: number | undefined): number {
  return size === undefined || size < 0 ? Infinity : size;
}
