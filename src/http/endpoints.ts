// Both ends of a connection under their CGI names. Source: RFC 3875 sections 4.1.8, 4.1.14, 4.1.15; Apache's mod_ssl for client
// certificates.
import { isIPv6, type Socket, SocketAddress } from "node:net";
import type { TLSSocket } from "node:tls";

/** Addresses of a connection; constant for its life. */
export interface Endpoints {
  /** Host of the server: an address, IPv6 in brackets; `localhost` on a unix socket. */
  readonly serverName: string;
  /** Port of the server, in digits; the scheme's default on a unix socket. */
  readonly serverPort: string;
  /** The peer's address without brackets; empty on a unix socket. */
  readonly remoteAddress: string;
  /** The peer's port, in digits; empty on a unix socket. */
  readonly remotePort: string;
  readonly isSecure: boolean;
  /** `SSL_CLIENT_*` variables of the client's certificate; null if it sent none. */
  readonly clientCertificate: Readonly<Record<string, string>> | null;
}

/** Reads the addresses of a socket. */
export function endpointsOf(socket: Socket): Endpoints {
  return endpointsBetween(
    plainAddress(socket.localAddress ?? ""),
    socket.localPort === undefined ? "" : String(socket.localPort),
    plainAddress(socket.remoteAddress ?? ""),
    socket.remotePort === undefined ? "" : String(socket.remotePort),
    "encrypted" in socket,
    clientCertificateOf(socket),
  );
}

/** What mod_ssl tells of a client's certificate: the verdict, both names, the serial number and the certificate itself in PEM. */
export function clientCertificateOf(socket: Socket): Endpoints["clientCertificate"] {
  if (!("encrypted" in socket)) return null;
  const secure = socket as TLSSocket; // only TLS sockets have that property
  const certificate = secure.getPeerX509Certificate();
  if (certificate === undefined) return null;
  return {
    SSL_CLIENT_VERIFY: secure.authorized ? "SUCCESS" : `FAILED:${String(secure.authorizationError)}`,
    SSL_CLIENT_S_DN: nativeName(certificate.subject),
    SSL_CLIENT_I_DN: nativeName(certificate.issuer),
    SSL_CLIENT_M_SERIAL: certificate.serialNumber,
    SSL_CLIENT_CERT: certificate.toString(),
  };
}

/** A distinguished name in one line, as a native string of its UTF-8 bytes. */
function nativeName(name: string): string {
  return Buffer.from(name.trim().replaceAll("\n", ",")).toString("latin1");
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
  clientCertificate: Endpoints["clientCertificate"],
): Endpoints {
  return {
    serverName: local === "" ? "localhost" : local.includes(":") ? `[${local}]` : local,
    serverPort: localPort === "" ? (isSecure ? "443" : "80") : localPort,
    remoteAddress: remote,
    remotePort,
    isSecure,
    clientCertificate,
  };
}

/**
 * Gives an address in its one form: an IPv4 peer on an IPv6 listener is shown as what it is, and IPv6 as short as it gets.
 *
 * @param address - in any spelling (RFC 4291 section 2.2); what is no IPv6 address is given back as it is
 */
export function plainAddress(address: string): string {
  if (!address.includes(":") || !isIPv6(address)) return address;
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  return canonical.startsWith("::ffff:") && canonical.includes(".") ? canonical.slice(7) : canonical;
}
