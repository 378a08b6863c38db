// The length of a unix socket's path. Node cuts a path that is too long, and the socket is then somewhere else.
import { TSGIError } from "../errors.ts";

/** Bytes of a path that has room everywhere, without the NUL at its end. Source: sun_path in unix(4) of the BSDs and macOS, 104 bytes. */
export const PORTABLE_SOCKET_PATH_BYTES = 103;
/** Source: sun_path in unix(7) of Linux, 108 bytes. */
const LONGEST_PATH = process.platform === "linux" ? 107 : PORTABLE_SOCKET_PATH_BYTES;

/** A path is too long for a unix socket. */
export class SocketPathError extends TSGIError {
  constructor(path: string) {
    super(
      "configuration",
      "ERR_HTTP_SOCKET_PATH",
      `Cannot use the path "${path}" for a unix socket: it has ${Buffer.byteLength(path)} bytes; expected at most ${LONGEST_PATH}`,
    );
  }
}

/**
 * Checks the path of a unix socket before it is listened on.
 *
 * @throws SocketPathError when the system has no room for it
 */
export function checkSocketPath(path: string): void {
  if (Buffer.byteLength(path) > LONGEST_PATH) throw new SocketPathError(path);
}
