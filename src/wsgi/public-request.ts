// Makes an environ say what the client did, where somebody in between knows it better: who the client is, and by which scheme, host and
// path it came. Source: RFC 3875 section 4.1 for what the variables mean; PEP 3333 "URL Reconstruction" for how they belong together.
import type { WSGIEnvironment } from "./types.ts";

/** What is known of the client's request; null for what is not. */
export interface PublicRequest {
  readonly client: { readonly address: string; readonly port: string } | null;
  readonly scheme: "http" | "https" | null;
  readonly host: { readonly name: string; readonly port: string | null } | null;
  readonly port: string | null;
  /** The path that was taken off before this server saw the request; without a slash at its end. */
  readonly prefix: string | null;
}

const USUAL_PORTS = { http: "80", https: "443" } as const;

/**
 * Sets REMOTE_ADDR, REMOTE_PORT, `wsgi.url_scheme`, HTTP_HOST, SERVER_NAME and SERVER_PORT, and puts the prefix before SCRIPT_NAME.
 *
 * @param environ - is changed
 */
export function showPublicRequest(environ: WSGIEnvironment, request: PublicRequest): void {
  const { client, scheme, host, port, prefix } = request;
  if (client !== null) {
    environ.REMOTE_ADDR = client.address;
    environ["REMOTE_PORT"] = client.port;
  }
  if (scheme !== null) environ["wsgi.url_scheme"] = scheme;
  if (scheme !== null || host !== null || port !== null) setServer(environ, host, port);
  if (prefix !== null) environ.SCRIPT_NAME = prefix + environ.SCRIPT_NAME;
}

/**
 * Mounts an application under a path: SCRIPT_NAME gets it, PATH_INFO loses it.
 *
 * @param environ - is changed
 * @param prefix - without a slash at its end
 * @returns whether PATH_INFO lay under the prefix; otherwise it stays, because somebody in front has taken the prefix off
 */
export function mountUnder(environ: Pick<WSGIEnvironment, "SCRIPT_NAME" | "PATH_INFO">, prefix: string): boolean {
  const path = environ.PATH_INFO;
  const isUnder = path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === "/");
  if (isUnder) environ.PATH_INFO = path.slice(prefix.length);
  environ.SCRIPT_NAME += prefix;
  return isUnder;
}

/** Host, name and port are those that the client has in its address bar. */
function setServer(environ: WSGIEnvironment, host: PublicRequest["host"], port: string | null): void {
  const usualPort = USUAL_PORTS[environ["wsgi.url_scheme"]];
  const { name, port: portOfHost } = host ?? splitHost(environ.HTTP_HOST ?? environ.SERVER_NAME);
  const publicPort = port ?? portOfHost ?? usualPort;
  environ.SERVER_NAME = name;
  environ.SERVER_PORT = publicPort;
  if (host !== null || port !== null) environ["HTTP_HOST"] = publicPort === usualPort ? name : `${name}:${publicPort}`;
}

/** Splits a host that was checked already. */
function splitHost(host: string): { name: string; port: string | null } {
  const colon = host.lastIndexOf(":");
  if (colon <= host.lastIndexOf("]")) return { name: host, port: null };
  return { name: host.slice(0, colon), port: host.slice(colon + 1) || null };
}
