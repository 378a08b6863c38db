import type { Socket } from "node:net";

type Done = (error?: Error | null) => void;

/**
 * Makes a socket outlive a failed write, until there is nothing more to read. Node ends a socket whose write fails, together with all that
 * the other side had sent before it left: the answers of a process that has just been killed, for example. Reading notices its end as well.
 *
 * @param socket - of a lane
 */
export function outliveFailedWrites(socket: Socket): void {
  // What a stream of Node writes with; its end is told to the last argument.
  for (const name of ["_write", "_writev"]) {
    const write: unknown = Reflect.get(socket, name);
    if (typeof write !== "function") continue;
    Reflect.set(socket, name, (...parts: unknown[]) => {
      const done = parts.pop() as Done;
      Reflect.apply(write, socket, [...parts, () => done()]);
    });
  }
}
