// Listens at an address that only the operator uses: statistics, control. A unix socket is made unreadable for others.
// Its mode is never changed by name: in a directory of somebody else, that may be another file by then.
import type { Server } from "node:net";
import { formatBind, parseBind, parseFrontBind, type BindAddress } from "./bind-address.ts";
import { ListenError, messageOf } from "../errors.ts";
import { removeStaleSocket } from "./stale-socket.ts";

/**
 * Makes a server listen.
 *
 * @param text - `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`
 * @param mode - file mode of a unix socket
 * @returns where it listens: the port is known now
 * @throws ListenError when it cannot
 */
export async function listenPrivately(server: Server, text: string, mode: number): Promise<BindAddress> {
  if (parseFrontBind(text) !== null) throw new ListenError(text, "name a host and port or a unix socket here", false);
  const address = parseBind(text);
  if (address.kind === "fd") throw new ListenError(text, "name a host and port or a unix socket here", false);
  if (address.kind === "unix") await removeStaleSocket(address.path);
  // The mask makes the socket what it shall be from its first moment on.
  const mask = process.umask(0o777 & ~mode);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(
        address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port },
        () => {
          server.off("error", reject);
          resolve();
        },
      );
    });
  } catch (error) {
    const isInUse = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    throw new ListenError(formatBind(address), isInUse ? "the address is in use" : messageOf(error), isInUse, {
      cause: error,
    });
  } finally {
    process.umask(mask);
  }
  const bound = server.address();
  return address.kind === "tcp" && bound !== null && typeof bound === "object"
    ? { ...address, port: bound.port }
    : address;
}
