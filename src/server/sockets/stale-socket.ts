// Makes room for a unix socket: the file that a dead server left behind is removed, a live server's is not.
import { existsSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { ListenError } from "../errors.ts";

/**
 * Removes a stale socket file.
 *
 * @param path - where a socket is to be made
 * @throws ListenError when a server answers there, when something else is there, or when it cannot be removed
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const name = `unix:${path}`;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    // Node reports a missing directory as a missing permission.
    if (!existsSync(dirname(path))) throw new ListenError(name, "the directory does not exist", false);
    return;
  }
  if (!found.isSocket()) throw new ListenError(name, "a file that is no socket is in the way", false);
  if (await isAnswered(path)) throw new ListenError(name, "the address is in use by another process", true);
  try {
    unlinkSync(path);
  } catch (error) {
    throw new ListenError(name, "the socket of an earlier server cannot be removed", false, { cause: error });
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Refused: nobody listens. Any other answer (a full queue, no permission) may come from a live server.
    socket.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
  });
}
