// Reads the values of --bind for the arbiter. Source: gunicorn's setting `bind`.
import { resolve } from "node:path";
import { checkSocketPath } from "../../http/socket-path.ts";
import { messageOf, SettingError } from "../errors.ts";

/** Where to listen. */
export type BindAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "fd"; readonly fd: number };

/** What is spoken at an address where a web server in front connects. */
export const FRONT_PROTOCOLS = ["fastcgi", "scgi", "uwsgi"] as const;
export type FrontProtocolName = (typeof FRONT_PROTOCOLS)[number];

/** A listener for web servers in front. */
export interface FrontBind {
  readonly protocol: FrontProtocolName;
  /** The address, as it is written for HTTP. */
  readonly address: string;
  /** Where the application is mounted, without a slash at its end; null takes the front's word for it. */
  readonly mount: string | null;
}

const DEFAULT_PORT = 8000;
/** A host may be called like a protocol, so either slashes or a kind follow. */
const FRONT = /^(fastcgi|scgi|uwsgi):(?:\/\/|(?=unix:|fd:))([^?]*)(?:\?(.*))?$/;
const MOUNT = /^mount=((?:\/[^?#&\s]*)?)$/;
const HOST_AND_PORT = /^(?:\[([\da-f:.]+(?:%[\w.-]+)?)\]|([^:[\]/]*))(?::(\d+))?$/i;

/**
 * Reads the protocol of an address.
 *
 * @param text - a value of --bind
 * @returns null for HTTP
 * @throws SettingError when there is something else behind the question mark than a mount
 */
export function parseFrontBind(text: string): FrontBind | null {
  const [, protocol, address = "", query] = FRONT.exec(text) ?? [];
  if (protocol === undefined) return null;
  const [, mount] = MOUNT.exec(query ?? "mount=") ?? [];
  if (mount === undefined) throw badAddress(text, `expected "?mount=/PATH" behind it`);
  return {
    protocol: protocol as FrontProtocolName,
    address,
    mount: query === undefined ? null : mount.replace(/\/+$/, ""),
  };
}

/**
 * Reads one address.
 *
 * @param text - `HOST`, `HOST:PORT`, `:PORT` (all interfaces), `[::1]:PORT`, `unix:PATH` or `fd://N`; port 0 takes a free one. Before it may
 *   stand the protocol of a web server in front, see {@link parseFrontBind}
 * @throws SettingError when it is none of them
 */
export function parseBind(text: string): BindAddress {
  const front = parseFrontBind(text);
  if (front !== null) {
    if (parseFrontBind(front.address) !== null) throw badAddress(text, "it names two protocols");
    return parseBind(front.address);
  }
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (path === "") throw badAddress(text, "the path is empty");
    const absolute = resolve(path);
    try {
      checkSocketPath(absolute);
    } catch (error) {
      throw new SettingError(`Cannot use the address "${text}": ${messageOf(error)}`, { cause: error });
    }
    return { kind: "unix", path: absolute };
  }
  if (text.startsWith("fd://")) {
    const number = text.slice("fd://".length);
    if (!/^\d{1,4}$/.test(number)) throw badAddress(text, "the descriptor is not a number");
    return { kind: "fd", fd: Number(number) };
  }
  const match = HOST_AND_PORT.exec(text);
  if (match === null || text === "") throw badAddress(text, "it has another form");
  const host = match[1] ?? match[2] ?? "";
  if (match[1] === undefined && /^\d+$/.test(host)) {
    throw badAddress(text, `write ":${host}" for a port on all interfaces`);
  }
  const port = match[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (port > 65_535) throw badAddress(text, "a port is at most 65535");
  return { kind: "tcp", host: host === "" ? "0.0.0.0" : host, port };
}

/** The address as --bind takes it. */
export function formatBind(address: BindAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  if (address.kind === "fd") return `fd://${address.fd}`;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function badAddress(text: string, reason: string): SettingError {
  return new SettingError(
    `Cannot use the address "${text}": ${reason}; expected HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH or fd://N, for a web server in front with fastcgi://, scgi:// or uwsgi:// before it`,
  );
}
