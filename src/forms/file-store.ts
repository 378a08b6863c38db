// Keeps the files of one form: in memory up to a limit, then in one temporary file for all of them, so that a form costs one descriptor.
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { TSGIError } from "../errors.ts";
import { ByteCollector } from "../protocols/multipart/byte-collector.ts";
import { openNameless } from "../wsgi/nameless-file.ts";
import type { Bytes } from "../wsgi/types.ts";
import type { FileContent } from "./form-file.ts";

/** Bytes that are written at once: each write wakes a thread, which costs as much as the bytes themselves where blocks are small. */
const WRITTEN_BYTES = 524_288;
/** Bytes that are read at once. */
const READ_BYTES = 262_144;
/** Smaller pieces are joined before they are written. */
const LARGE_PIECE = 32_768;

/** Closes the files of forms that the garbage collector has freed. With a gateway that tells when a request ends there are none. */
const forgotten = new FinalizationRegistry<FileHandle>((file) => void file.close().catch(() => {}));

/** The files of one form. One after the other is begun, filled by `add`, and finished. */
export class FileStore {
  readonly #memoryBytes: number;
  #memoryUsed = 0;
  #file: FileHandle | null = null;
  #fileSize = 0;
  #isClosed = false;
  /** Bytes of the current file: all of them while it is in memory, otherwise small pieces that are not written. */
  readonly #small = new ByteCollector();
  /** Pieces that are not written, before the small ones. */
  #pieces: Bytes[] = [];
  /** Bytes of the current file that are not written, where it is in the temporary file. */
  #unwritten = 0;
  /** Where the current file begins in the temporary file; null while it is in memory. */
  #start: number | null = null;

  /** @param memoryBytes - of all files together that are kept in memory */
  constructor(memoryBytes: number) {
    this.#memoryBytes = memoryBytes;
  }

  /**
   * Adds bytes to the current file.
   *
   * @returns a promise when they have to be written
   * @throws what the file system says, for example that it is full
   */
  add(piece: Bytes): void | Promise<void> {
    if (this.#start === null) {
      if (this.#memoryUsed + this.#small.size + piece.length <= this.#memoryBytes) {
        this.#small.add(piece);
        return undefined;
      }
      this.#start = this.#fileSize;
    }
    if (piece.length < LARGE_PIECE) {
      this.#small.add(piece);
    } else {
      this.#collect();
      this.#pieces.push(piece);
    }
    this.#unwritten += piece.length;
    return this.#unwritten < WRITTEN_BYTES ? undefined : this.#write();
  }

  /**
   * Ends the current file; what is added next belongs to another one.
   *
   * @returns its bytes, until the store is closed
   */
  async finish(): Promise<FileContent> {
    if (this.#start === null) {
      // A copy: the pieces are views of all that was received with them.
      const bytes = Buffer.from(this.#small.take());
      this.#memoryUsed += bytes.length;
      return { size: bytes.length, chunks: () => this.#memoryChunks(bytes) };
    }
    await this.#write();
    const start = this.#start;
    const size = this.#fileSize - start;
    this.#start = null;
    return { size, chunks: () => this.#fileChunks(start, size) };
  }

  /** Frees memory and temporary file. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    forgotten.unregister(this);
    await file.close();
  }

  #collect(): void {
    if (this.#small.size > 0) this.#pieces.push(this.#small.take());
  }

  async #write(): Promise<void> {
    this.#collect();
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    this.#pieces = [];
    this.#unwritten = 0;
    if (this.#file === null) {
      this.#file = await openNameless(tmpdir());
      forgotten.register(this, this.#file, this);
    }
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const { bytesWritten } = await this.#file.writev(pieces);
    // Where there is no room for all, the rest says so.
    if (bytesWritten < size) await this.#file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
    this.#fileSize += size;
  }

  *#memoryChunks(bytes: Bytes): Iterable<Bytes> {
    this.#checkOpen();
    yield bytes;
  }

  async *#fileChunks(start: number, size: number): AsyncIterable<Bytes> {
    for (let position = 0; position < size;) {
      this.#checkOpen();
      const block = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, size - position));
      const { bytesRead } = await (this.#file as FileHandle).read(block, 0, block.length, start + position); // open, and files are in it
      if (bytesRead === 0)
        throw new TSGIError("internal", "ERR_TSGI_FORM_FILE", "The temporary file of the form ended early");
      position += bytesRead;
      yield block.subarray(0, bytesRead);
    }
  }

  #checkOpen(): void {
    if (!this.#isClosed) return;
    const what = "Read or move the files of a form before the request ends; they are gone afterwards";
    throw new TSGIError("violation", "ERR_TSGI_FORM_CLOSED", what);
  }
}
