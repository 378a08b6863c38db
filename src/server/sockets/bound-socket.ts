// A socket that is bound to an address but does not listen or accept: the process that holds it can hand its descriptor to others.
// Node 24 documents net.BoundSocket for this; Node 20 has net._createServerHandle, which node:cluster itself is built on.
import * as net from "node:net";
import { getSystemErrorName } from "node:util";

/** Where a socket is bound, as far as it can be asked. */
export interface SocketName {
  readonly address?: string;
  readonly port?: number;
}

/** A bound socket. */
export interface BoundSocket {
  readonly fd: number;
  readonly name: SocketName;
  /** Closes this process's descriptor. For a unix socket that was bound here, this removes its file too. */
  close(): void;
}

/** A handle of Node's own, as far as it is used here. */
interface RawHandle {
  readonly fd: number;
  getsockname?(out: SocketName): number;
  close(): void;
}

type CreateServerHandle = (
  address: string | null,
  port: number,
  addressType: 4 | 6 | -1,
  fd: number,
  flags?: number,
) => RawHandle | number;

interface DocumentedSocket {
  fd(): number;
  address(): SocketName | string;
  close(): void;
}

type BoundSocketClass = new (options: { host: string; port: number } | { path: string }) => DocumentedSocket;

const UV_TCP_REUSEPORT = 2;

const { _createServerHandle: createServerHandle, BoundSocket: Documented } = net as unknown as {
  _createServerHandle: CreateServerHandle;
  BoundSocket?: BoundSocketClass;
};

/** Whether `net.Server.listen` knows `reusePort`: Node 22.12, 23.1 and later. */
export function canReusePort(version: string = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

/** Failure of the system; `code` is its name, for example EADDRINUSE. */
export class SystemError extends Error {
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(code, options);
    this.code = code;
  }
}

/**
 * Binds a TCP socket.
 *
 * @param host - numeric address
 * @param isReusable - sets SO_REUSEPORT, so that others can bind the same port (Node 23.1 and later)
 * @throws SystemError
 */
export function bindTcp(host: string, port: number, isReusable = false): BoundSocket {
  if (!isReusable && Documented !== undefined) return fromDocumented(Documented, { host, port });
  const handle = createServerHandle(host, port, host.includes(":") ? 6 : 4, -1, isReusable ? UV_TCP_REUSEPORT : 0);
  return fromHandle(handle);
}

/**
 * Binds a unix socket, with the file mode that the process's umask leaves.
 *
 * @throws SystemError
 */
export function bindUnix(path: string): BoundSocket {
  if (Documented !== undefined && "isPipe" in Documented.prototype) return fromDocumented(Documented, { path });
  return fromHandle(createServerHandle(path, -1, -1, -1));
}

/**
 * Takes over a socket that this process inherited.
 *
 * @throws SystemError EBADF, ENOTSOCK …
 */
export function adoptSocket(fd: number): BoundSocket {
  let handle: RawHandle | number;
  try {
    handle = createServerHandle(null, 0, -1, fd);
  } catch (error) {
    throw new SystemError("EINVAL", { cause: error });
  }
  return fromHandle(handle);
}

function fromHandle(handle: RawHandle | number): BoundSocket {
  if (typeof handle === "number") throw new SystemError(getSystemErrorName(handle));
  const name: SocketName = {};
  // libuv keeps EADDRINUSE back until the socket is used.
  const fault = handle.getsockname?.(name) ?? 0;
  if (fault !== 0) {
    handle.close();
    throw new SystemError(getSystemErrorName(fault));
  }
  return { fd: handle.fd, name, close: () => handle.close() };
}

function fromDocumented(
  Bound: BoundSocketClass,
  options: { host: string; port: number } | { path: string },
): BoundSocket {
  try {
    const socket = new Bound(options);
    const name = socket.address();
    return { fd: socket.fd(), name: typeof name === "string" ? {} : name, close: () => socket.close() };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "EINVAL";
    throw new SystemError(code, { cause: error });
  }
}
