// A temporary file without a name: nobody else can open it, and nothing is left of it, whatever happens to this process.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

/** Linux's flag for files without a name, which Node does not list. Source: open(2). */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * Opens an empty file for reading and writing, for its owner alone.
 *
 * @param directory - on whose file system it is
 * @returns the file; it is gone when it is closed
 * @throws what the file system says
 */
export async function openNameless(directory: string): Promise<FileHandle> {
  if (process.platform === "linux") {
    try {
      return await open(directory, O_TMPFILE | constants.O_RDWR, 0o600);
    } catch {
      // Not every file system has them.
    }
  }
  const path = join(directory, `tsgi-body-${randomBytes(12).toString("hex")}`);
  const file = await open(path, "wx+", 0o600);
  await rm(path, { force: true });
  return file;
}
