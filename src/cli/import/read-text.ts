// Reads a file that the import was given or that such a file names.
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { messageOf } from "../../server/errors.ts";
import { FileUnusableError } from "../errors.ts";

/** No configuration that people write has as much; whatever reads it may take time by its length. */
export const MAX_CONFIGURATION_BYTES = 2 ** 20;

/**
 * The text of a file, without a byte order mark.
 *
 * @throws FileUnusableError when it cannot be read, is too large, or is no file of text in UTF-8
 */
export function readText(path: string): string {
  let text: string;
  try {
    text = boundedText(path);
  } catch (error) {
    throw new FileUnusableError(`Cannot read the file "${path}": ${messageOf(error)}`, { cause: error });
  }
  // UTF-16 has them in every second place. Bytes that are no UTF-8 may stand in comments of old files.
  if (text.includes("\0"))
    throw new FileUnusableError(`Cannot read the file "${path}": it has NUL bytes; expected text in UTF-8`);
  return text.replace(/^\uFEFF/, "");
}

/** A shell's `<(command)` is a pipe that somebody writes to; another pipe might let one wait for ever. */
const OF_SHELL = /^\/(?:dev|proc)\//;

/** Never reads without an end, as a device may let one do. */
function boundedText(path: string): string {
  const kind = statSync(path);
  if (!kind.isFile() && !(kind.isFIFO() && OF_SHELL.test(path))) throw new Error("it is no file");
  const descriptor = openSync(path, "r");
  try {
    if (fstatSync(descriptor).size > MAX_CONFIGURATION_BYTES) throw tooLarge();
    // Files of the system, such as those in /proc, say that they have no bytes.
    const buffer = Buffer.alloc(MAX_CONFIGURATION_BYTES + 1);
    let length = 0;
    for (let read = 1; read > 0 && length < buffer.length; length += read)
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (length > MAX_CONFIGURATION_BYTES) throw tooLarge();
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(descriptor);
  }
}

function tooLarge(): Error {
  return new Error(`it has more than ${MAX_CONFIGURATION_BYTES} bytes`);
}
