// The PROXY protocol: what a load balancer that only passes bytes on says before them, namely who is at the other end.
// Source: "The PROXY protocol, versions 1 & 2" (HAProxy), sections 2.1 and 2.2.
//
// A receiver must not guess (section 2): from a peer that may send a header, a header is demanded; from others it is not looked for.
import { isIPv4, isIPv6 } from "node:net";
import { plainAddress } from "./endpoints.ts";
import { ProtocolError } from "./errors.ts";

/** Which versions are understood. */
export type ProxyProtocolVersion = "v1" | "v2" | "auto";

/** Who must send a header, and of which version. */
export interface ProxyProtocolOptions {
  readonly version: ProxyProtocolVersion;
  /** @param address - of the peer, without brackets; empty on a unix socket */
  readonly isAllowed: (address: string) => boolean;
}

/** Both ends of the connection that a balancer speaks for. */
export interface ProxiedAddresses {
  readonly remoteAddress: string;
  readonly remotePort: string;
  readonly localAddress: string;
  readonly localPort: string;
}

/** A header that was read. */
export interface ProxyHeader {
  /** Null when the balancer speaks for itself (a health check), or does not know. */
  readonly addresses: ProxiedAddresses | null;
  /** What was received behind the header. */
  readonly rest: Buffer;
}

const V1_PREFIX = Buffer.from("PROXY ", "latin1");
/** Longest line of version 1 with its CRLF (section 2.1). */
const V1_MAX_BYTES = 107;
const V1_LINE = /^PROXY (?:UNKNOWN(?: [ -~]*)?|TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4}))$/;
const CRLF = Buffer.from("\r\n", "latin1");

const V2_SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_FIXED_BYTES = 16;
/** The length field would allow 64 KiB; addresses and every TLV that is defined fit in much less. */
const V2_MAX_BYTES = 4096;
const V2_COMMANDS = { local: 0x20, proxy: 0x21 } as const;
/** Family and transport → bytes of its addresses. UDP is none of ours. */
const V2_FAMILIES: Readonly<Record<number, number>> = { 0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216 };
const UNIX_ADDRESSES: ProxiedAddresses = { remoteAddress: "", remotePort: "", localAddress: "", localPort: "" };

/** Reads one header, however its bytes arrive. */
export class ProxyHeaderParser {
  readonly #version: ProxyProtocolVersion;
  #received: Buffer = Buffer.alloc(0);

  constructor(version: ProxyProtocolVersion) {
    this.#version = version;
  }

  /**
   * Takes more bytes.
   *
   * @returns the header once it is complete, otherwise null
   * @throws ProtocolError 400 when the bytes are no header, as soon as that is certain
   */
  feed(chunk: Buffer): ProxyHeader | null {
    const received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = received;
    if (received.length === 0) return null;
    if (this.#version !== "v2" && begins(received, V1_PREFIX)) return readV1(received);
    if (this.#version !== "v1" && begins(received, V2_SIGNATURE)) return readV2(received);
    throw bad("The connection does not start with a PROXY protocol header");
  }
}

/** Whether all that was received so far agrees with a beginning. */
function begins(received: Buffer, beginning: Buffer): boolean {
  const length = Math.min(received.length, beginning.length);
  return received.compare(beginning, 0, length, 0, length) === 0;
}

function readV1(received: Buffer): ProxyHeader | null {
  const end = received.subarray(0, V1_MAX_BYTES).indexOf(CRLF);
  if (end === -1) {
    if (received.length >= V1_MAX_BYTES) throw bad("The PROXY line is longer than 107 bytes");
    return null;
  }
  const match = V1_LINE.exec(received.toString("latin1", 0, end));
  if (match === null) throw bad("The PROXY line is not of the form 'PROXY TCP4 source destination port port'");
  const rest = received.subarray(end + CRLF.length);
  const [, family, source = "", destination = "", sourcePort = "", destinationPort = ""] = match;
  if (family === undefined) return { addresses: null, rest };
  const isAddress = family === "4" ? isIPv4 : isIPv6;
  if (!isAddress(source) || !isAddress(destination) || source.includes("%") || destination.includes("%")) {
    throw bad(`The PROXY line says TCP${family}, but its addresses are not IPv${family}`);
  }
  if (Number(sourcePort) > 65_535 || Number(destinationPort) > 65_535)
    throw bad("A port in the PROXY line is above 65535");
  return { addresses: addressesOf(family, source, sourcePort, destination, destinationPort), rest };
}

function readV2(received: Buffer): ProxyHeader | null {
  if (received.length < V2_FIXED_BYTES) return null;
  const command = received.readUInt8(12);
  const addressBytes = V2_FAMILIES[received.readUInt8(13)];
  const length = received.readUInt16BE(14);
  if (command !== V2_COMMANDS.local && command !== V2_COMMANDS.proxy)
    throw bad("The PROXY header is not version 2 with the command LOCAL or PROXY");
  if (length > V2_MAX_BYTES) throw bad(`The PROXY header is longer than ${V2_MAX_BYTES} bytes`);
  const isLocal = command === V2_COMMANDS.local;
  if (!isLocal && addressBytes === undefined)
    throw bad("The PROXY header is not for a stream over IPv4, IPv6 or a Unix socket");
  if (!isLocal && length < (addressBytes ?? 0)) throw bad("The PROXY header is too short for its addresses");
  const end = V2_FIXED_BYTES + length;
  if (received.length < end) return null;
  const rest = received.subarray(end);
  // Of LOCAL the receiver discards everything, whatever it is (section 2.2).
  if (isLocal || addressBytes === undefined) return { addresses: null, rest };
  checkExtensions(received.subarray(V2_FIXED_BYTES + addressBytes, end));
  return { addresses: readV2Addresses(received.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + addressBytes)), rest };
}

function readV2Addresses(block: Buffer): ProxiedAddresses | null {
  if (block.length === 0) return null;
  if (block.length === 216) return UNIX_ADDRESSES;
  const size = block.length === 12 ? 4 : 16;
  return addressesOf(
    size === 4 ? "4" : "6",
    addressText(block.subarray(0, size)),
    String(block.readUInt16BE(2 * size)),
    addressText(block.subarray(size, 2 * size)),
    String(block.readUInt16BE(2 * size + 2)),
  );
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16)).join(":");
}

function addressesOf(
  family: string,
  source: string,
  sourcePort: string,
  destination: string,
  destinationPort: string,
): ProxiedAddresses {
  return {
    remoteAddress: canonical(source, family),
    remotePort: sourcePort,
    localAddress: canonical(destination, family),
    localPort: destinationPort,
  };
}

/** The form in which the system writes an address, so that equal ones are equal texts. */
function canonical(address: string, family: string): string {
  return family === "4" ? address : plainAddress(address);
}

/** Type, length, value: nothing is read of them, but they must end where the header does. */
function checkExtensions(block: Buffer): void {
  let at = 0;
  while (at < block.length) {
    const next = at + 3 <= block.length ? at + 3 + block.readUInt16BE(at + 1) : Number.POSITIVE_INFINITY;
    if (next > block.length) throw bad("An extension in the PROXY header goes beyond the end of the header");
    at = next;
  }
}

function bad(message: string): ProtocolError {
  return new ProtocolError(400, "ERR_HTTP_PROXY_PROTOCOL", message);
}
