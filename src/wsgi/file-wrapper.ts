// `wsgi.file_wrapper`: a file as a body. Source: PEP 3333, "Optional Platform-Specific File Handling"; wsgiref.util.FileWrapper.
import type { FileHandle } from "node:fs/promises";
import { ContractViolation } from "./errors.ts";
import type { Bytes, FileLike } from "./types.ts";

/** Bytes per block if the caller gives no size. */
export const DEFAULT_BLOCK_SIZE = 8192;

/**
 * Iterates over a file in blocks, from its current position. A gateway may recognise this object and send the file in a faster way, if it
 * still calls `close()`.
 */
export class FileWrapper implements AsyncIterableIterator<Bytes> {
  /** The file to read from. */
  readonly file: FileLike | FileHandle;
  /** Bytes per block. */
  readonly blockSize: number;
  /** Closes the file; present only if the file has a `close` (so it is declared, not defined). */
  declare readonly close?: () => void | Promise<void>;
  readonly #read: (size: number) => Bytes | null | Promise<Bytes | null>;

  /**
   * @param file - an object with `read(size)`, or a handle from `node:fs/promises`
   * @param blockSize - bytes per block
   * @throws ContractViolation `ERR_TSGI_FILE_WRAPPER` when the file cannot be read or the size is not a positive integer
   */
  constructor(file: FileLike | FileHandle, blockSize: number = DEFAULT_BLOCK_SIZE) {
    if (typeof file?.read !== "function") {
      throw new ContractViolation("ERR_TSGI_FILE_WRAPPER", "Expected a file with the method read(size)");
    }
    if (!Number.isSafeInteger(blockSize) || blockSize <= 0) {
      throw new ContractViolation("ERR_TSGI_FILE_WRAPPER", `Expected a positive block size, got ${String(blockSize)}`);
    }
    this.file = file;
    this.blockSize = blockSize;
    this.#read = isFileHandle(file) ? (size) => readBlock(file, size) : (size) => file.read(size);
    if (typeof file.close === "function") this.close = () => file.close?.();
  }

  /** Reads the next block; an empty block or null ends the iteration. */
  async next(): Promise<IteratorResult<Bytes, undefined>> {
    const block = await this.#read(this.blockSize);
    return block === null || block.length === 0 ? { done: true, value: undefined } : { done: false, value: block };
  }

  /** The wrapper is its own iterator: a second loop goes on where the first stopped. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}

function isFileHandle(file: FileLike | FileHandle): file is FileHandle {
  return "fd" in file && typeof file.fd === "number" && "stat" in file && typeof file.stat === "function";
}

async function readBlock(file: FileHandle, size: number): Promise<Bytes> {
  // Not from the pool: the gateway may keep the block until the client has taken it.
  const block = Buffer.allocUnsafeSlow(size);
  const { bytesRead } = await file.read(block, 0, size, null);
  return block.subarray(0, bytesRead);
}
