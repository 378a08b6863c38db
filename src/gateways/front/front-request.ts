// What a web server in front says of a request, as the environ of PEP 3333 has it. One pure function for FastCGI, SCGI, uwsgi and CGI.
//
// No front end sends that environ: nginx's stock parameters put the whole path into SCRIPT_NAME (FastCGI, SCGI) or PATH_INFO (uwsgi),
// Apache's ProxyPass does a third thing, lighttpd passes on names that a client invented. Source: RFC 3875 section 4.1; what nginx 1.22,
// Apache 2.4 and lighttpd 1.4 send, of which the test beside this file has a table; docs/decisions/0011-gateways.md.
import { DIGITS, TOKEN } from "../../http/grammar.ts";
import { isHost, parseHost } from "../../http/host.ts";
import { unescapeBytes } from "../../http/unescape-bytes.ts";
import { CONNECTION_VARIABLES } from "../../protocols/cgi/connection-variables.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";
import type { Variable } from "../../protocols/variables.ts";

/** How requests are read. */
export interface FrontOptions {
  /**
   * The path under which the application is mounted, without a slash at its end; "" for the whole of the server. Null takes the front's
   * word for it, where the front says anything.
   */
  readonly mount: string | null;
  /** Whether REMOTE_USER and AUTH_TYPE count. nginx's stock parameters take them from an Authorization header that nobody has checked. */
  readonly trustRemoteUser: boolean;
}

/** Variables of a request; always there are those that PEP 3333 wants. */
export interface FrontVariables {
  REQUEST_METHOD: string;
  SCRIPT_NAME: string;
  PATH_INFO: string;
  QUERY_STRING: string;
  SERVER_NAME: string;
  SERVER_PORT: string;
  SERVER_PROTOCOL: string;
  [name: string]: string;
}

/** A request as it was understood. */
export interface FrontRequest {
  readonly variables: FrontVariables;
  readonly scheme: "http" | "https";
  /** -1 when the front does not know how long the body is. */
  readonly contentLength: number;
  /** The client sent chunks; the front has decoded them. */
  readonly isChunked: boolean;
  /** Fields that only a trusted proxy may set came twice: which of the two the proxy meant is not known, so they were left out. */
  readonly areForwardedLeftOut: boolean;
  /** Who has split the path into SCRIPT_NAME and PATH_INFO. */
  readonly split: "front" | "nobody" | "mount";
}

/** Decoded by the front, so that they may hold a line break. */
const PATHS: ReadonlySet<string> = new Set([
  "SCRIPT_NAME",
  "PATH_INFO",
  "PATH_TRANSLATED",
  "SCRIPT_FILENAME",
  "DOCUMENT_URI",
]);

/** What a proxy in front of the front sets. lighttpd adds a client's `X_Forwarded_For` and `X.Forwarded.For` to them. */
const FORWARDED = /^HTTP_(?:X_FORWARDED_[A-Z0-9_]+|FORWARDED|X_REAL_IP|X_REQUEST_ID)$/;

/** Only what an administrator has named may hold lower case, dots and dashes. */
const OTHER_NAME = /^[A-Za-z][A-Za-z0-9_.-]*$/;
/** Keys of this package, and what would pass for a header field where case is not looked at. */
const OURS = /^(?:wsgi\.|tsgi\.|http_)/i;
const FIELD_VARIABLE = /^HTTP_[A-Z0-9_.]+$/;
/** About the client's request line and header, and the connection. */
const OF_REQUEST = /^(?:HTTP_|CONTENT_|REQUEST_|SERVER_|REMOTE_|QUERY_STRING$|GATEWAY_INTERFACE$|HTTPS$)/;
const LENGTH = /^\d{1,15}$/;
const PROTOCOL = /^HTTP\/\d(?:\.\d)?$/;

/**
 * Understands a request.
 *
 * @param pairs - as they came, in order
 * @throws GatewayProtocolError 400 for what cannot be a request, 404 for a path outside of the mount
 */
export function readFrontRequest(pairs: readonly Variable[], { mount, trustRemoteUser }: FrontOptions): FrontRequest {
  const given = new Map<string, string>();
  let areForwardedLeftOut = false;
  let isChunked = false;
  const doubtful = new Set<string>();
  for (const [name, value] of pairs) {
    if (!isUsable(name, value)) continue;
    if (CONNECTION_VARIABLES.has(name)) {
      isChunked ||= name === "HTTP_TRANSFER_ENCODING" && value !== "";
      continue;
    }
    const before = given.get(name);
    if (name === "CONTENT_LENGTH" && areDifferentLengths(before, value)) {
      throw bad("The request has two Content-Lengths that differ");
    }
    if (before === undefined || !name.startsWith("HTTP_")) {
      // Of what is no header field the last counts: an administrator overrides a stock parameter that way.
      given.set(name, value);
    } else if (name === "HTTP_HOST") {
      // An administrator who wants the port writes it behind nginx's stock parameters, which have left it out.
      if (parseHost(before)?.name !== parseHost(value)?.name) throw bad("The request has two Host headers");
      given.set(name, value);
    } else if (FORWARDED.test(name)) doubtful.add(name);
    else given.set(name, `${before}${name === "HTTP_COOKIE" ? "; " : ", "}${value}`);
  }
  for (const name of doubtful) areForwardedLeftOut = given.delete(name) || areForwardedLeftOut;
  if (!trustRemoteUser) {
    given.delete("REMOTE_USER");
    given.delete("AUTH_TYPE");
  }
  const { path, split } = splitPath(given, mount);
  const scheme = schemeOf(given);
  const contentLength = readContentLength(given);
  if (given.get("CONTENT_TYPE") === "") given.delete("CONTENT_TYPE");
  const method = given.get("REQUEST_METHOD") ?? "";
  if (!TOKEN.test(method)) throw bad("The request has no method, or one that is not a token");
  const protocol = given.get("SERVER_PROTOCOL") ?? "";
  const host = readHost(given);
  const variables: FrontVariables = {
    ...Object.fromEntries(given),
    REQUEST_METHOD: method,
    ...path,
    QUERY_STRING: given.get("QUERY_STRING") ?? afterMark(given.get("REQUEST_URI") ?? ""),
    SERVER_NAME: serverName(given, host),
    SERVER_PORT: DIGITS.test(given.get("SERVER_PORT") ?? "") ? (given.get("SERVER_PORT") as string) : PORTS[scheme],
    SERVER_PROTOCOL: PROTOCOL.test(protocol) ? protocol : "HTTP/1.0",
  };
  // nginx calls the peer of a unix socket so.
  if (variables["REMOTE_ADDR"] === "unix:") variables["REMOTE_ADDR"] = "";
  return { variables, scheme, contentLength, isChunked, areForwardedLeftOut, split };
}

const PORTS = { http: "80", https: "443" } as const;

/** @returns false for what no environ should have @throws GatewayProtocolError for what nobody in good faith sends */
function isUsable(name: string, value: string): boolean {
  const isField = name.startsWith("HTTP_");
  if (isField ? !FIELD_VARIABLE.test(name) : /[\0\r\n]/.test(name) || name === "") {
    throw bad("The request has a variable whose name is not allowed");
  }
  if (value.includes("\0")) throw bad(`The variable ${name.slice(0, 100)} of the request holds a NUL`);
  if (!PATHS.has(name) && OF_REQUEST.test(name) && /[\r\n]/.test(value)) {
    throw bad(`The variable ${name.slice(0, 100)} of the request holds a line break`);
  }
  if (isField) return !name.includes(".");
  return OTHER_NAME.test(name) && !OURS.test(name);
}

/** Where the application is mounted, and the rest of the path. */
function splitPath(
  given: ReadonlyMap<string, string>,
  mount: string | null,
): { path: { SCRIPT_NAME: string; PATH_INFO: string }; split: FrontRequest["split"] } {
  const script = given.get("SCRIPT_NAME");
  const info = given.get("PATH_INFO");
  const path = pathOf(given, script, info);
  if (mount !== null && mount !== "") {
    const isUnder = path.startsWith(mount) && (path.length === mount.length || path[mount.length] === "/");
    if (!isUnder) {
      throw new GatewayProtocolError(
        404,
        "ERR_TSGI_OUTSIDE_MOUNT",
        `The path of the request is not below ${JSON.stringify(mount)}, where the application is mounted`,
      );
    }
    return { path: { SCRIPT_NAME: mount, PATH_INFO: path.slice(mount.length) }, split: "mount" };
  }
  const isSplit = mount === null && script !== undefined && info !== undefined && /^(?:\/|$)/.test(info);
  // A front that has not split the path leaves all of it to the application.
  if (!isSplit) return { path: { SCRIPT_NAME: "", PATH_INFO: path }, split: mount === null ? "nobody" : "mount" };
  const root = withSlash(script.replace(/\/+$/, ""));
  return { path: { SCRIPT_NAME: root, PATH_INFO: path.slice(root.length) }, split: "front" };
}

/** The whole path, decoded. */
function pathOf(given: ReadonlyMap<string, string>, script: string | undefined, info: string | undefined): string {
  if (script !== undefined || info !== undefined) {
    const [front, rest] = [script ?? "", info ?? ""];
    // mod_proxy_uwsgi doubles the slash at the joint.
    return withSlash(front.endsWith("/") && rest.startsWith("/") ? front + rest.slice(1) : front + rest);
  }
  const decoded = given.get("DOCUMENT_URI");
  if (decoded !== undefined) return withSlash(decoded);
  const target = given.get("REQUEST_URI");
  if (target === undefined)
    throw bad("The request has no path: SCRIPT_NAME, PATH_INFO, DOCUMENT_URI and REQUEST_URI are missing");
  if (target === "*") return "";
  const raw = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?]*/i, "").replace(/\?[^]*$/, "");
  const path = unescapeBytes(raw);
  if (path.includes("\0")) throw bad("The path of the request holds a NUL");
  return withSlash(path);
}

function withSlash(path: string): string {
  return path === "" || path.startsWith("/") ? path : `/${path}`;
}

function afterMark(target: string): string {
  const mark = target.indexOf("?");
  return mark === -1 ? "" : target.slice(mark + 1);
}

function schemeOf(given: ReadonlyMap<string, string>): "http" | "https" {
  const isHttps = /^(?:on|1|https)$/i.test(given.get("HTTPS") ?? "");
  return isHttps || given.get("REQUEST_SCHEME")?.toLowerCase() === "https" ? "https" : "http";
}

/** An administrator may well say that there is no body (`fastcgi_param CONTENT_LENGTH ""`), but nobody means two bodies. */
function areDifferentLengths(before: string | undefined, value: string): boolean {
  return before !== undefined && before !== "" && value !== "" && Number(before) !== Number(value);
}

/** An empty one is none; leading zeros arrive as the client sent them. */
function readContentLength(given: Map<string, string>): number {
  const text = given.get("CONTENT_LENGTH");
  if (text === undefined || text === "") {
    given.delete("CONTENT_LENGTH");
    return -1;
  }
  if (!LENGTH.test(text)) throw bad("The Content-Length of the request is not a number");
  const length = Number(text);
  given.set("CONTENT_LENGTH", String(length));
  return length;
}

/** @returns the name in the Host header; undefined when there is none */
function readHost(given: Map<string, string>): string | undefined {
  const host = given.get("HTTP_HOST");
  if (host === undefined) return undefined;
  if (host === "") {
    given.delete("HTTP_HOST");
    return undefined;
  }
  if (!isHost(host)) throw bad("The Host header of the request is not a host");
  return parseHost(host)?.name;
}

/** nginx says nothing for a server without a name, and "_" for one whose name is to match no request. */
function serverName(given: ReadonlyMap<string, string>, host: string | undefined): string {
  const name = given.get("SERVER_NAME") ?? "";
  return (name === "_" ? "" : name) || host || given.get("SERVER_ADDR") || "localhost";
}

function bad(message: string): GatewayProtocolError {
  return new GatewayProtocolError(400, "ERR_TSGI_FRONT_REQUEST", message);
}
