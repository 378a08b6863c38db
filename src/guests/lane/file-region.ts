// A file that the application returned through `wsgi.file_wrapper`. Only its description crosses the lane; this side opens the file.
import { Buffer } from "node:buffer";
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { Bytes } from "../../wsgi/types.ts";

const REGION_BYTES = 32;
const BLOCK_BYTES = 262_144;

/** The contents of a `file` frame. */
interface FileRegion {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * Opens the file that a `file` frame names, if it is the very file that the application has open.
 *
 * @param body - of the frame: offset, length, device and inode in 8 bytes each, then the path
 * @returns the region to send; null if the application has to send it itself
 */
export async function openFileRegion(body: Buffer): Promise<FileRegionBody | null> {
  const region = parseFileRegion(body);
  if (region === null) return null;
  let file: FileHandle | null = null;
  try {
    file = await open(region.path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat({ bigint: true });
    if (status.isFile() && status.dev === region.device && status.ino === region.inode)
      return new FileRegionBody(file, region.offset, region.length);
  } catch {
    // It does not exist, or cannot be read.
  }
  await file?.close();
  return null;
}

function parseFileRegion(body: Buffer): FileRegion | null {
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

/** A part of a file as a body; `close` closes the file. */
export class FileRegionBody implements AsyncIterableIterator<Bytes> {
  /** Number of bytes. */
  readonly length: number;
  readonly #file: FileHandle;
  #position: number;
  #left: number;

  /**
   * @param file - open for reading; closed with the body
   * @param offset - first byte
   * @param length - number of bytes
   */
  constructor(file: FileHandle, offset: number, length: number) {
    this.length = length;
    this.#file = file;
    this.#position = offset;
    this.#left = length;
  }

  /** The next block. If the file was truncated, it ends early. */
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
