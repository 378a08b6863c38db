// Reads the values of --bind for the arbiter. Source: gunicorn's setting `bind`.
import { resolve } from "node:path";
import { checkSocketPath } from "../../http/socket-path.ts";
import { messageOf, SettingError } from "../errors.ts";

/** Where to listen. */
export type BindAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "fd"; readonly fd: number };

const DEFAULT_PORT = 8000;
const HOST_AND_PORT = /^(?:\[([\da-f:.]+(?:%[\w.-]+)?)\]|([^:[\]/]*))(?::(\d+))?$/i;

/**
 * Reads one address.
 *
 * @param text - `HOST`, `HOST:PORT`, `:PORT` (all interfaces), `[::1]:PORT`, `unix:PATH` or `fd://N`; port 0 takes a free one
 * @throws SettingError when it is none of them
 */
export function parseBind(text: string): BindAddress {
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
    `Cannot use the address "${text}": ${reason}; expected HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH or fd://N`,
  );
}
