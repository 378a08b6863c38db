// The sockets that the arbiter holds and the workers accept on. The arbiter binds them and never accepts, except in dispatch mode.
import { unlinkSync } from "node:fs";
import { isIP } from "node:net";
import { type BindAddress, formatBind, parseBind, parseFrontBind } from "./bind-address.ts";
import { adoptSocket, bindTcp, bindUnix, type BoundSocket, SystemError } from "./bound-socket.ts";
import { ListenError, messageOf } from "../errors.ts";
import { giveSocket } from "./give-socket.ts";
import { removeStaleSocket } from "./stale-socket.ts";

/** Leaves 0660. */
const FRONT_UMASK = 0o117;

/** How sockets are made. */
export interface ListenerOptions {
  /** SO_REUSEPORT: workers bind sockets of their own beside the arbiter's. */
  readonly isReusable?: boolean;
  /** Mode mask for unix sockets; null leaves the process's. */
  readonly umask?: number | null | undefined;
  /** Owner of unix sockets. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** A socket that was opened elsewhere: by systemd, or by an older master. */
export interface InheritedSocket {
  readonly fd: number;
  /** The value of --bind that it stands for. */
  readonly bind: string;
}

/** One socket to accept on. */
export class Listener {
  /** The value of --bind that it was opened for; the key under which a reload finds it again. */
  readonly bind: string;
  readonly fd: number;
  /** Address with the real port. */
  readonly address: BindAddress;
  readonly #socket: BoundSocket;
  #isSurrendered = false;

  constructor(bind: string, socket: BoundSocket, address: BindAddress) {
    this.bind = bind;
    this.fd = socket.fd;
    this.address = address;
    this.#socket = socket;
  }

  /** The address for a person: a URL, or `unix:PATH`. */
  describe(isSecure: boolean): string {
    const text = formatBind(this.address);
    const front = parseFrontBind(this.bind);
    if (front !== null) return `${front.protocol}:${this.address.kind === "tcp" ? "//" : ""}${text}`;
    return this.address.kind === "tcp" ? `${isSecure ? "https" : "http"}://${text}` : text;
  }

  /** Somebody in this process has taken the descriptor over and will close it. */
  surrender(): void {
    this.#isSurrendered = true;
  }

  /** Gives the descriptor back. Whoever inherited it goes on; a unix socket loses its file, so that nobody connects any more. */
  close(): void {
    if (!this.#isSurrendered) this.#socket.close();
    this.#isSurrendered = true;
    if (this.address.kind === "unix") removeQuietly(this.address.path);
  }
}

/**
 * Opens the sockets for some addresses.
 *
 * @param binds - values of --bind
 * @param options - for sockets that are made
 * @param inherited - sockets that are there already
 * @throws SettingError for an address of no known form; ListenError when one cannot be opened: the others are closed again then
 */
export async function openListeners(
  binds: readonly string[],
  options: ListenerOptions = {},
  inherited: readonly InheritedSocket[] = [],
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const bind of binds) {
      // One after another, so that the first address that fails is the one that is named.
      listeners.push(await openListener(bind, options, inherited));
    }
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return listeners;
}

async function openListener(
  bind: string,
  options: ListenerOptions,
  inherited: readonly InheritedSocket[],
): Promise<Listener> {
  const address = parseBind(bind);
  const known = inherited.find((socket) => socket.bind === bind);
  try {
    if (known !== undefined) return adopt(bind, known.fd, address);
    switch (address.kind) {
      case "fd":
        return adopt(bind, address.fd, address);
      case "unix":
        await removeStaleSocket(address.path);
        return new Listener(bind, bindWithMask(address.path, maskedFor(bind, options)), address);
      case "tcp": {
        const host = await numericHost(address.host);
        const socket = bindTcp(host, address.port, options.isReusable);
        return new Listener(bind, socket, { kind: "tcp", host, port: socket.name.port ?? address.port });
      }
      default:
        return address satisfies never;
    }
  } catch (error) {
    throw explain(error, formatBind(address));
  }
}

function adopt(bind: string, fd: number, address: BindAddress): Listener {
  const socket = adoptSocket(fd);
  const { address: host, port } = socket.name;
  if (host === undefined || port === undefined) return new Listener(bind, socket, address);
  return new Listener(bind, socket, { kind: "tcp", host, port });
}

/** Whoever connects to the socket of a web server in front may say anything of any client, so that by default others cannot. */
function maskedFor(bind: string, options: ListenerOptions): ListenerOptions {
  return parseFrontBind(bind) === null ? options : { ...options, umask: options.umask ?? FRONT_UMASK };
}

function bindWithMask(path: string, { umask, uid, gid }: ListenerOptions): BoundSocket {
  const before = umask === null || umask === undefined ? null : process.umask(umask);
  try {
    const socket = bindUnix(path);
    if (uid !== undefined || gid !== undefined) giveSocket(path, uid ?? -1, gid ?? -1);
    return socket;
  } finally {
    if (before !== null) process.umask(before);
  }
}

async function numericHost(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const { lookup } = await import("node:dns/promises");
  return (await lookup(host)).address;
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Closing has removed it already, or somebody else has.
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name cannot be looked up",
  EAFNOSUPPORT: "this machine does not support the kind of address",
  ENOTDIR: "a part of the path is not a directory",
  ENAMETOOLONG: "the path is too long for a socket",
  EINVAL: "the address or path is not valid",
  EBADF: "no such descriptor was inherited",
  ENOTSOCK: "the descriptor is no socket",
  ENOTSUP: "the system does not support it",
};

/** The reason why an address cannot be used, in words. */
export function explain(error: unknown, address: string): unknown {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  if (error instanceof SystemError || code in FAULTS || code === "EADDRINUSE") {
    if (code === "EADDRINUSE")
      return new ListenError(address, "the address is in use by another process", true, { cause: error });
    return new ListenError(address, FAULTS[code] ?? `the system says ${code}`, false, { cause: error });
  }
  return error instanceof Error ? error : new ListenError(address, messageOf(error), false);
}
