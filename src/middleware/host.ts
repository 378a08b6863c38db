// Reads the Host of a request, strictly: what two readers could understand differently is no host.
// Source: RFC 9110 section 7.2; RFC 3986 section 3.2.2, without the characters that no name in DNS has (sub-delims, percent signs).
import { isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import type { WSGIEnvironment } from "../wsgi/types.ts";

/** A host, in the form in which hosts are compared. */
export interface Host {
  /** In lower case, without a dot at the end; IPv6 in brackets. */
  readonly name: string;
  /** In digits, or null when there is none. */
  readonly port: string | null;
}

const HOST = /^(\[[\da-f:.]+\]|[\da-z_](?:[\da-z_-]|\.(?!\.))*)(?::(\d{1,5})?)?$/i;
const USUAL_PORTS = { http: "80", https: "443" } as const;
/** Longer than any name in DNS with a port. */
const MAX_CHARACTERS = 261;

/**
 * Reads the value of a Host field.
 *
 * @returns null for what is no host: with a path, a user, a space, a comma, a port above 65535, or empty
 */
export function parseHost(value: string): Host | null {
  if (value.length > MAX_CHARACTERS) return null;
  const [, name, port = ""] = HOST.exec(value) ?? [];
  if (name === undefined || Number(port) > 65_535) return null;
  if (name.startsWith("[") && !isIPv6(name.slice(1, -1))) return null;
  return { name: name.toLowerCase().replace(/\.$/, ""), port: port === "" ? null : port };
}

/**
 * Reads a host that an option names: text, whose characters beyond ASCII a client sends in Punycode.
 *
 * @returns null for what is no host, as {@link parseHost}
 */
export function configuredHost(value: string): Host | null {
  return parseHost(value.replace(/^[^\s:/\\?#@]*/, asciiName));
}

/** Gives an origin that an option names (`https://bücher.example`, `https://*.bücher.example`) as browsers write it: in ASCII, lower case. */
export function configuredOrigin(value: string): string {
  return value
    .replace(
      /^([a-z][a-z\d+.-]*:\/\/(?:\*\.)?)([^\s:/\\?#@]*)/i,
      (_, start: string, name: string) => start + asciiName(name),
    )
    .toLowerCase();
}

function asciiName(name: string): string {
  return /^[\x21-\x7e]*$/.test(name) ? name : domainToASCII(name);
}

/**
 * Gives the host that the client asked for: the Host field, or where there is none (HTTP/1.0) the name of the server.
 *
 * @returns null when the field is there and is no host; the port is never null
 */
export function requestedHost(environ: WSGIEnvironment): (Host & { readonly port: string }) | null {
  const { HTTP_HOST: field } = environ;
  if (field === undefined) return { name: environ.SERVER_NAME.toLowerCase(), port: environ.SERVER_PORT };
  const host = parseHost(field);
  return host === null ? null : { name: host.name, port: host.port ?? USUAL_PORTS[environ["wsgi.url_scheme"]] };
}

/** Gives the origin of the request as browsers write it (RFC 6454 section 6.2), null when its host cannot be read. */
export function requestedOrigin(environ: WSGIEnvironment): string | null {
  const host = requestedHost(environ);
  if (host === null) return null;
  const scheme = environ["wsgi.url_scheme"];
  return `${scheme}://${host.name}${host.port === USUAL_PORTS[scheme] ? "" : `:${host.port}`}`;
}
