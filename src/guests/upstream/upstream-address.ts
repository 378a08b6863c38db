// Where an upstream listens: `SCHEME://HOST:PORT`, or the path of a unix socket.
import type { ConnectionOptions } from "node:tls";
import { OptionError } from "../../deploy/option-error.ts";

/** An address that can be connected to. */
export interface UpstreamAddress {
  /** As it was written, for messages. */
  readonly label: string;
  /** For `node:net`. */
  readonly connect: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Host and port as a Host field has them; "localhost" for a unix socket. */
  readonly authority: string;
  /** How it is spoken to by TLS; null for plain TCP and unix sockets. */
  readonly tls: ConnectionOptions | null;
}

const ADDRESS = /^(?:\/\/)?(\[[\dA-Fa-f:.]+\]|[^\s:/?#[\]@]+)(?::(\d{1,5}))?$/;

/**
 * Reads one address.
 *
 * @param text - `//HOST:PORT`, `HOST:PORT` or `unix:PATH`, without the scheme
 * @param defaultPort - null where a port must be given
 * @param label - for messages. @default `text`
 * @throws OptionError when it is none
 */
export function parseUpstreamAddress(text: string, defaultPort: number | null, label: string = text): UpstreamAddress {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (path === "" || path.includes("\0"))
      throw new OptionError(`Cannot connect to "${label}": expected the path of a socket behind "unix:"`);
    return { label, connect: { path }, authority: "localhost", tls: null };
  }
  const [, host = "", digits] = ADDRESS.exec(text) ?? [];
  const port = digits === undefined ? (defaultPort ?? 0) : Number(digits);
  if (host === "" || port < 1 || port > 65_535) {
    const form = defaultPort === null ? "HOST:PORT" : "HOST or HOST:PORT";
    throw new OptionError(`Cannot connect to "${label}": expected ${form}, or unix:PATH`);
  }
  const authority = port === defaultPort ? host : `${host}:${port}`;
  return { label, connect: { host: host.replace(/^\[|\]$/g, ""), port }, authority, tls: null };
}
