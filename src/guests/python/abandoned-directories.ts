// Clears up after processes that were killed: their directories with a socket and a status file stay behind, and take memory.
import { lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

/** Files of such a directory. */
export const SOCKET_NAME = "lanes";
export const STATUS_NAME = "status";

const NAME = /^tsgi-(\d+)-\w+$/;

/** How the name of a directory of this process begins; `mkdtemp` adds the rest. */
export function directoryPrefix(): string {
  return `tsgi-${process.pid}-`;
}

/**
 * Removes what processes have left that are gone: nobody has the process id in the name, and nobody listens on the socket. Both,
 * because containers may share a directory and not their process ids. Returns at once; what cannot be removed stays.
 *
 * @param parent - the directory in which guests make theirs
 */
export function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(NAME.exec(name)?.[1] ?? 0);
    if (pid === 0 || isAlive(pid)) continue;
    const directory = join(parent, name);
    if (!isOwn(directory)) continue;
    const socket = connect(join(directory, SOCKET_NAME), () => socket.destroy());
    socket.unref();
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") removeDirectory(directory);
    });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function isOwn(directory: string): boolean {
  const status = lstatSync(directory, { throwIfNoEntry: false });
  return status !== undefined && status.isDirectory() && status.uid === process.getuid?.();
}

/** By name and not recursively: whatever else somebody has put there is none of ours. */
function removeDirectory(directory: string): void {
  try {
    for (const name of [SOCKET_NAME, STATUS_NAME]) unlinkSync(join(directory, name));
    rmdirSync(directory);
  } catch {
    // A process that was its own has done it meanwhile.
  }
}
