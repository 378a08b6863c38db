// Gives the file of a socket to the user of the workers. In a directory of that user it may be another file by now.
import { chownSync, closeSync, constants, fstatSync, lchownSync, openSync, type Stats } from "node:fs";
import { ListenError } from "../errors.ts";
import { O_PATH } from "./guarded-path.ts";

/**
 * Changes the owner of a socket that this process has just bound.
 *
 * @param path - of the socket
 * @param uid - the new owner; -1 for no change
 * @param gid - the new group; -1 for no change
 * @throws ListenError when something else lies there
 */
export function giveSocket(path: string, uid: number, gid: number): void {
  if (process.platform !== "linux") {
    lchownSync(path, uid, gid);
    return;
  }
  // Held by a descriptor, what is looked at is what is given away.
  const held = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    if (!isOwnSocket(fstatSync(held)))
      throw new ListenError(`unix:${path}`, "somebody has put another file in its place", false);
    chownSync(`/proc/self/fd/${held}`, uid, gid);
  } finally {
    closeSync(held);
  }
}

function isOwnSocket(found: Stats): boolean {
  return found.isSocket() && found.uid === process.geteuid?.() && found.nlink === 1;
}
