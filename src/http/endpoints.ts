// Both ends of a connection under their CGI names. Source: RFC 3875 sections 4.1.8, 4.1.14, 4.1.15.
import type { Socket } from "node:net";

/** Addresses of a connection; constant for its life. */
export interface Endpoints {
  /** Our host: an address, IPv6 in brackets; `localhost` on a unix socket. */
  readonly serverName: string;
  /** Our port, in digits; the scheme's default on a unix socket. */
  readonly serverPort: string;
  /** The peer's address without brackets; empty on a unix socket. */
  readonly remoteAddress: string;
  /** The peer's port, in digits; empty on a unix socket. */
  readonly remotePort: string;
  readonly isSecure: boolean;
}

/** Reads the addresses of a socket. */
export function endpointsOf(socket: Socket): Endpoints {
  return endpointsBetween(
    plainAddress(socket.localAddress ?? ""),
    socket.localPort === undefined ? "" : String(socket.localPort),
    plainAddress(socket.remoteAddress ?? ""),
    socket.remotePort === undefined ? "" : String(socket.remotePort),
    "encrypted" in socket,
  );
}

/**
 * Gives addresses their CGI form.
 *
 * @param local - our address without brackets, and the port in digits; empty on a unix socket
 * @param remote - the peer's
 */
export function endpointsBetween(
  local: string,
  localPort: string,
  remote: string,
  remotePort: string,
  isSecure: boolean,
): Endpoints {
  return {
    serverName: local === "" ? "localhost" : local.includes(":") ? `[${local}]` : local,
    serverPort: localPort === "" ? (isSecure ? "443" : "80") : localPort,
    remoteAddress: remote,
    remotePort,
    isSecure,
  };
}

/** An IPv4 peer on an IPv6 listener is shown as what it is. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
