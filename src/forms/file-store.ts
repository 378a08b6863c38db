// Keeps the files of one form: in memory up to a limit, then in one temporary file for all of them, so that a form costs one descriptor.
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { TSGIError } from "../errors.ts";
import { ByteCollector } from "../protocols/multipart/byte-collector.ts";
import { openNameless } from "../wsgi/nameless-file.ts";
import type { Bytes } from "../wsgi/types.ts";
import type { FileContent } from "./form-file.ts";

/** Bytes that are written or read at once. */
const BLOCK_BYTES = 262_144;
/** Pieces of this size are written as they are. */
const LARGE_PIECE = 32_768;

/** Closes the files of forms that nobody closed and nobody can reach; a gateway that ends requests leaves it nothing to do. */
const forgotten = new FinalizationRegistry<FileHandle>((file) => void file.close().catch(() => {}));

/** The files of one form. One after the other is begun, filled by `add`, and finished. */
export class FileStore {
  readonly #memoryBytes: number;
  #memoryUsed = 0;
  #file: FileHandle | null = null;
  #fileSize = 0;
  #isClosed = false;
  readonly #pending = new ByteCollector();
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
    const { size } = this.#pending;
    const isInMemory = this.#start === null && this.#memoryUsed + size + piece.length <= this.#memoryBytes;
    if (isInMemory || (this.#start !== null && piece.length < LARGE_PIECE && size + piece.length <= BLOCK_BYTES)) {
      this.#pending.add(piece);
      return undefined;
    }
    return this.#spool(piece);
  }

  /**
   * Ends the current file; what is added next belongs to another one.
   *
   * @returns its bytes, until the store is closed
   */
  async finish(): Promise<FileContent> {
    if (this.#start === null) {
      // A copy: the pieces are views of all that was received with them.
      const bytes = Buffer.from(this.#pending.take());
      this.#memoryUsed += bytes.length;
      return { size: bytes.length, chunks: () => this.#memoryChunks(bytes) };
    }
    await this.#flush();
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

  async #spool(piece: Bytes): Promise<void> {
    this.#start ??= this.#fileSize;
    await this.#flush();
    await this.#write(piece);
  }

  async #flush(): Promise<void> {
    if (this.#pending.size > 0) await this.#write(this.#pending.take());
  }

  async #write(bytes: Bytes): Promise<void> {
    this.#checkOpen();
    if (this.#file === null) {
      this.#file = await openNameless(tmpdir());
      forgotten.register(this, this.#file, this);
    }
    await this.#file.writeFile(bytes);
    this.#fileSize += bytes.length;
  }

  *#memoryChunks(bytes: Bytes): Iterable<Bytes> {
    this.#checkOpen();
    yield bytes;
  }

  async *#fileChunks(start: number, size: number): AsyncIterable<Bytes> {
    for (let position = 0; position < size;) {
      this.#checkOpen();
      const block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, size - position));
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
