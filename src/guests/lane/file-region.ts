// A file that the application returned through `wsgi.file_wrapper`, opened by this side: only its description went through the lane.
import { Buffer } from "node:buffer";
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { Bytes } from "../../wsgi/types.ts";

const REGION_BYTES = 32;
const BLOCK_BYTES = 262_144;

/** What a `file` frame says. */
export interface FileRegion {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * Reads the body of a `file` frame.
 *
 * @param body - offset, length, device and inode in 8 bytes each, then the path
 * @returns the region, or null when it makes no sense
 */
export function parseFileRegion(body: Buffer): FileRegion | null {
  if (body.length <= REGION_BYTES) return null;
  const offset = Number(body.readBigUInt64LE(0));
  const length = Number(body.readBigUInt64LE(8));
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) return null;
  return {
    path: body.toString("utf8", REGION_BYTES),
    offset,
    length,
    device: body.readBigUInt64LE(16),
    inode: body.readBigUInt64LE(24),
  };
}

/**
 * Opens the file, if it is the very file that the application has open.
 *
 * @param region - where it lies
 * @returns a handle, or null: the application then sends it itself
 */
export async function openFileRegion(region: FileRegion): Promise<FileHandle | null> {
  let file: FileHandle;
  try {
    file = await open(region.path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  const status = await file.stat({ bigint: true });
  if (status.isFile() && status.dev === region.device && status.ino === region.inode) return file;
  await file.close();
  return null;
}

/** A part of a file as a body; `close` closes the file. */
export class FileRegionBody implements AsyncIterableIterator<Bytes> {
  readonly #file: FileHandle;
  #position: number;
  #left: number;

  /**
   * @param file - open for reading; closed with the body
   * @param offset - first byte
   * @param length - number of bytes
   */
  constructor(file: FileHandle, offset: number, length: number) {
    this.#file = file;
    this.#position = offset;
    this.#left = length;
  }

  /** The next block. A file that has become shorter ends early. */
  async next(): Promise<IteratorResult<Bytes, undefined>> {
    if (this.#left === 0) return { done: true, value: undefined };
    const block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, this.#left));
    const { bytesRead } = await this.#file.read(block, 0, block.length, this.#position);
    if (bytesRead === 0) return { done: true, value: undefined };
    this.#position += bytesRead;
    this.#left -= bytesRead;
    return { done: false, value: block.subarray(0, bytesRead) };
  }

  /** Closes the file. */
  close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
