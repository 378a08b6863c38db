// Makes room for a unix socket: the file that a dead server left behind is removed, a live server's is not.
import { existsSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { AddressInUseError, AddressUnusableError } from "./errors.ts";

/**
 * Removes a stale socket file.
 *
 * @param path - where a socket is to be made
 * @throws AddressInUseError when a server answers there
 * @throws AddressUnusableError when something else is there, or it cannot be removed
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    // Node reports a missing directory as a missing permission.
    if (!existsSync(dirname(path))) throw new AddressUnusableError(`unix:${path}`, "the directory does not exist");
    return;
  }
  if (!found.isSocket()) throw new AddressUnusableError(`unix:${path}`, "a file that is no socket is in the way");
  if (await isAnswered(path)) throw new AddressInUseError(`unix:${path}`);
  try {
    unlinkSync(path);
  } catch (error) {
    throw new AddressUnusableError(`unix:${path}`, "the socket of an earlier server cannot be removed", {
      cause: error,
    });
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
    socket.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"),
    );
  });
}
