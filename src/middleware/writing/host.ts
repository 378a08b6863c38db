// The host that a request asks for, and hosts that options name. Source: RFC 9110 section 7.2; RFC 6454 section 6.2 (origins).
import { domainToASCII } from "node:url";
import { type Host, parseHost } from "../../http/host.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";

const USUAL_PORTS = { http: "80", https: "443" } as const;

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
 * Returns the host that the client asked for: the Host header, or without one (HTTP/1.0) the name of the server.
 *
 * @returns null when the field is there and is no host; the port is never null
 */
export function requestedHost(environ: WSGIEnvironment): (Host & { readonly port: string }) | null {
  const { HTTP_HOST: field } = environ;
  if (field === undefined) return { name: environ.SERVER_NAME.toLowerCase(), port: environ.SERVER_PORT };
  const host = parseHost(field);
  return host === null ? null : { name: host.name, port: host.port ?? USUAL_PORTS[environ["wsgi.url_scheme"]] };
}

/** Returns the origin of the request as browsers write it (RFC 6454 section 6.2), or null if its host is malformed. */
export function requestedOrigin(environ: WSGIEnvironment): string | null {
  const host = requestedHost(environ);
  if (host === null) return null;
  const scheme = environ["wsgi.url_scheme"];
  return `${scheme}://${host.name}${host.port === USUAL_PORTS[scheme] ? "" : `:${host.port}`}`;
}
