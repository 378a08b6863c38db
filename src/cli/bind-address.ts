// Reads the values of --bind. Source: gunicorn's setting `bind`.
import { resolve } from "node:path";
import { UsageError } from "./errors.ts";

/** Where to listen. */
export type BindAddress = { readonly host: string; readonly port: number } | { readonly path: string };

const DEFAULT_PORT = 8000;
const HOST_AND_PORT = /^(?:\[([\da-f:.]+(?:%[\w.-]+)?)\]|([^:[\]/]*))(?::(\d+))?$/i;

/**
 * Reads one address.
 *
 * @param text - `HOST`, `HOST:PORT`, `:PORT` (all interfaces), `[::1]:PORT` or `unix:PATH`; port 0 takes a free one
 * @throws UsageError when it is none of them
 */
export function parseBindAddress(text: string): BindAddress {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (path === "") throw badAddress(text, "the path is empty");
    return { path: resolve(path) };
  }
  const match = HOST_AND_PORT.exec(text);
  if (match === null || text === "") throw badAddress(text, "it has another form");
  const host = match[1] ?? match[2] ?? "";
  if (match[1] === undefined && /^\d+$/.test(host))
    throw badAddress(text, `write ":${host}" for a port on all interfaces`);
  const port = match[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (port > 65_535) throw badAddress(text, "a port is at most 65535");
  return { host: host === "" ? "0.0.0.0" : host, port };
}

/**
 * The addresses when --bind was not given.
 *
 * @param port - the environment variable PORT, which hosting platforms set
 */
export function defaultBindAddresses(port: string | undefined): BindAddress[] {
  if (port === undefined || port === "") return [{ host: "127.0.0.1", port: DEFAULT_PORT }];
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`Cannot use the environment variable PORT="${port}": expected a number from 0 to 65535`);
  }
  return [{ host: "0.0.0.0", port: Number(port) }];
}

/** The address as --bind takes it. */
export function formatBindAddress(address: BindAddress): string {
  if ("path" in address) return `unix:${address.path}`;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function badAddress(text: string, reason: string): UsageError {
  return new UsageError(
    `Cannot use the address "${text}": ${reason}; expected HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH`,
  );
}
