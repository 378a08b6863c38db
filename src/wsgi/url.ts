// URLs of a request, and moving along its path. Source: PEP 3333, "URL Reconstruction"; wsgiref.util, with its test tables.
import { posix } from "node:path";
import { HTTP_HOST, HTTPS, PATH_INFO, SCRIPT_NAME } from "./environ.ts";
import { ContractViolation } from "./errors.ts";
import { nativeToBytes } from "./native-string.ts";
import type { WSGIEnvironment } from "./types.ts";

const SECURE: ReadonlySet<unknown> = new Set(["yes", "on", "1"]);
const UNSAFE = /[^A-Za-z0-9_.~/-]/g;
const UNSAFE_IN_PATH_INFO = /[^A-Za-z0-9_.~/;=,-]/g;

/** Guesses `wsgi.url_scheme` from HTTPS, as CGI servers set it: `https` for `yes`, `on` or `1`. */
export function guessScheme(environ: Readonly<Record<string, unknown>>): "http" | "https" {
  return SECURE.has(environ[HTTPS]) ? "https" : "http";
}

/**
 * Returns the URL of the application: scheme, host and SCRIPT_NAME, without PATH_INFO and query.
 *
 * @param environ - HTTP_HOST names the host, otherwise SERVER_NAME and SERVER_PORT
 */
export function applicationUri(environ: WSGIEnvironment): string {
  const scheme = environ["wsgi.url_scheme"];
  return `${scheme}://${environ[HTTP_HOST] || serverAddress(environ, scheme)}${quote(environ[SCRIPT_NAME] || "/", UNSAFE)}`;
}

/**
 * Returns the URL of the request.
 *
 * @param environ - of the request
 * @param includeQuery - whether QUERY_STRING is appended, if there is one
 */
export function requestUri(environ: WSGIEnvironment, includeQuery = true): string {
  const pathInfo = quotedPath(environ[PATH_INFO] ?? "");
  const query = includeQuery && environ.QUERY_STRING ? `?${environ.QUERY_STRING}` : "";
  return applicationUri(environ) + (environ[SCRIPT_NAME] ? pathInfo : pathInfo.slice(1)) + query;
}

/**
 * Moves one segment from PATH_INFO to SCRIPT_NAME, in place, as a dispatcher does. Empty and `.` segments between others are dropped.
 * SCRIPT_NAME is normalised, so `..` goes up.
 *
 * @returns the segment; `""` when PATH_INFO is a single slash (SCRIPT_NAME then ends with one, which tells `/x/` from `/x`);
 *   null when nothing is left
 * @throws ContractViolation `ERR_TSGI_ENVIRON_PATH_INFO` when PATH_INFO does not start with `/`
 */
export function shiftPathInfo(environ: Pick<WSGIEnvironment, "SCRIPT_NAME" | "PATH_INFO">): string | null {
  const pathInfo = environ[PATH_INFO];
  if (!pathInfo) return null;
  if (!pathInfo.startsWith("/")) {
    throw new ContractViolation(
      "ERR_TSGI_ENVIRON_PATH_INFO",
      `Expected PATH_INFO to start with "/", got "${pathInfo}"`,
    );
  }
  const segments = pathInfo.slice(1).split("/");
  const last = segments.pop() as string; // split gives at least one
  const rest = [...segments.filter((segment) => segment !== "" && segment !== "."), last];
  const name = rest.shift() as string; // `last` is in it
  const climbed = posix.normalize(`${environ[SCRIPT_NAME] ?? ""}/${name}`).replace(/\/+$/, "");
  environ[SCRIPT_NAME] = name === "" ? `${climbed}/` : climbed;
  environ[PATH_INFO] = rest.length === 0 ? "" : `/${rest.join("/")}`;
  return name === "." ? null : name;
}

function serverAddress(environ: WSGIEnvironment, scheme: "http" | "https"): string {
  const isDefaultPort = environ.SERVER_PORT === (scheme === "https" ? "443" : "80");
  return isDefaultPort ? environ.SERVER_NAME : `${environ.SERVER_NAME}:${environ.SERVER_PORT}`;
}

/** Writes a path of the environ, a native string, as it stands in a URL. */
export function quotedPath(path: string): string {
  return quote(path, UNSAFE_IN_PATH_INFO);
}

function quote(native: string, unsafe: RegExp): string {
  return nativeToBytes(native)
    .toString("latin1")
    .replaceAll(unsafe, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
