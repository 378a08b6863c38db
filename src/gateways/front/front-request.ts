// What a web server in front says of a request, as the environ of PEP 3333 has it. One pure function for FastCGI, SCGI, uwsgi and CGI.
//
// No front end sends that environ: nginx's stock parameters put the whole path into SCRIPT_NAME (FastCGI, SCGI) or PATH_INFO (uwsgi),
// Apache's ProxyPass does a third thing, lighttpd passes on names that a client invented. Source: RFC 3875 section 4.1; what nginx 1.22,
// Apache 2.4 and lighttpd 1.4 send, of which the test beside this file has a table; docs/decisions/0011-gateways.md.
import { DIGITS, TOKEN } from "../../http/grammar.ts";
import { isHost, parseHost } from "../../http/host.ts";
import { ownText } from "../../http/own-text.ts";
import { unescapeBytes } from "../../http/unescape-bytes.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";
import type { Variable } from "../../protocols/variables.ts";
import { badFrontRequest, type FrontName, frontName, NUL_OR_BREAK, SAID } from "./front-names.ts";

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

/** What PEP 3333 wants of a request; other variables may be there. */
export interface FrontVariables {
  REQUEST_METHOD: string;
  SCRIPT_NAME: string;
  PATH_INFO: string;
  QUERY_STRING: string;
  SERVER_NAME: string;
  SERVER_PORT: string;
  SERVER_PROTOCOL: string;
}

/** Variables that came, by name. */
type Given = Readonly<Record<string, string | undefined>>;

/** A request as it was understood. */
export interface FrontRequest<V extends FrontVariables = FrontVariables> {
  readonly variables: V;
  readonly scheme: "http" | "https";
  /** -1 when the front does not know how long the body is. */
  readonly contentLength: number;
  /** The client sent chunks; the front has decoded them. */
  readonly isChunked: boolean;
  /** nginx announces a part of the body that the client has announced. */
  readonly isCut: boolean;
  /** Fields that only a trusted proxy may set came twice: which of the two the proxy meant is not known, so they were left out. */
  readonly areForwardedLeftOut: boolean;
  /** Who has split the path into SCRIPT_NAME and PATH_INFO. */
  readonly split: "front" | "nobody" | "mount";
}

const LENGTH = /^\d{1,15}$/;
const PROTOCOL = /^HTTP\/\d(?:\.\d)?$/;

/** What the front has said of what is judged, or put together, when everything is known: in the order of `SAID`. */
type Said = (string | undefined)[];

/** Nothing yet: a list, because to look a name up in an object costs as much as to have read it. */
const NOTHING_SAID: Readonly<Said> = SAID.map(() => undefined);

/** @throws GatewayProtocolError for what nobody in good faith sends */
function checkValue({ name, mayHoldBreaks }: FrontName, value: string): void {
  if (value === "" || !NUL_OR_BREAK.test(value)) return;
  if (value.includes("\0")) throw badFrontRequest(`The variable ${name.slice(0, 100)} of the request holds a NUL`);
  if (!mayHoldBreaks) throw badFrontRequest(`The variable ${name.slice(0, 100)} of the request holds a line break`);
}

/**
 * Understands a request.
 *
 * @param pairs - as they came, in order
 * @param variables - receives the variables of the request, and keeps what else it has
 * @throws GatewayProtocolError 400 for what cannot be a request, 404 for a path outside of the mount
 */
export function readFrontRequest<V extends FrontVariables>(
  pairs: readonly Variable[],
  { mount, trustRemoteUser }: FrontOptions,
  variables: V,
): FrontRequest<V> {
  // What is put together later is kept apart: to delete from an environ would make it slow for all who use it.
  const given = variables as unknown as Record<string, string | undefined>;
  const said = NOTHING_SAID.slice();
  let isChunked = false;
  let ofClient = "";
  let doubtful: Set<string> | null = null;
  for (const [name, value] of pairs) {
    const known = frontName(name);
    checkValue(known, value);
    switch (known.use) {
      case "connection":
        isChunked ||= name === "HTTP_TRANSFER_ENCODING" && value !== "";
        if (name === "HTTP_CONTENT_LENGTH") ofClient = value;
        break;
      case "said":
        note(said, known, value);
        break;
      case "forwarded":
        if (given[known.name] === undefined) given[known.name] = value;
        else (doubtful ??= new Set()).add(known.name);
        break;
      case "field": {
        const before = given[known.name];
        given[known.name] = before === undefined ? value : before + (name === "HTTP_COOKIE" ? "; " : ", ") + value;
        break;
      }
      case "user":
        if (trustRemoteUser) given[known.name] = value;
        break;
      case "other":
        // nginx calls the peer of a unix socket so. The last one counts: an administrator overrides a stock parameter that way.
        given[known.name] = name === "REMOTE_ADDR" && value === "unix:" ? "" : value;
        break;
      case "left out":
        break;
    }
  }
  for (const name of doubtful ?? []) Reflect.deleteProperty(given, name);
  const [method = "", script, info, query, name = "", port = "", protocol = "", type, length, field] = said;
  const { path, split } = splitPath(script, info, given, mount);
  const scheme = schemeOf(given);
  const contentLength = readContentLength(length);
  if (!TOKEN.test(method)) throw badFrontRequest("The request has no method, or one that is not a token");
  const host = readHost(field);
  variables.REQUEST_METHOD = method;
  variables.SCRIPT_NAME = path.SCRIPT_NAME;
  variables.PATH_INFO = path.PATH_INFO;
  variables.QUERY_STRING = query ?? afterMark(given["REQUEST_URI"] ?? "");
  variables.SERVER_NAME = serverName(name, host, given["SERVER_ADDR"]);
  variables.SERVER_PORT = DIGITS.test(port) ? port : PORTS[scheme];
  variables.SERVER_PROTOCOL = PROTOCOL.test(protocol) ? protocol : "HTTP/1.0";
  if (contentLength !== -1) given["CONTENT_LENGTH"] = String(contentLength);
  if (type !== undefined && type !== "") given["CONTENT_TYPE"] = type;
  if (field !== undefined && field !== "") given["HTTP_HOST"] = field;
  // A client of lighttpd may have invented the other length (`Content_Length`). One of nginx cannot, and nginx alone sends DOCUMENT_URI.
  const isCut =
    LENGTH.test(ofClient) &&
    Number(ofClient) > contentLength &&
    contentLength !== -1 &&
    given["DOCUMENT_URI"] !== undefined;
  return { variables, scheme, contentLength, isChunked, isCut, areForwardedLeftOut: doubtful !== null, split };
}

/** The last one counts, but for what may be said once only. */
function note(said: Said, { name, place }: FrontName, value: string): void {
  const before = said[place];
  if (before !== undefined && name === "CONTENT_LENGTH" && areDifferentLengths(before, value))
    throw badFrontRequest("The request has two Content-Lengths that differ");
  // An administrator who wants the port writes it behind nginx's stock parameters, which have left it out.
  if (before !== undefined && name === "HTTP_HOST" && parseHost(before)?.name !== parseHost(value)?.name)
    throw badFrontRequest("The request has two Host headers");
  said[place] = value;
}

const PORTS = { http: "80", https: "443" } as const;

/** Where the application is mounted, and the rest of the path. */
function splitPath(
  script: string | undefined,
  info: string | undefined,
  given: Given,
  mount: string | null,
): { path: { SCRIPT_NAME: string; PATH_INFO: string }; split: FrontRequest["split"] } {
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
  const isSplit = mount === null && script !== undefined && info !== undefined && (info === "" || info.startsWith("/"));
  // A front that has not split the path leaves all of it to the application.
  if (!isSplit) return { path: { SCRIPT_NAME: "", PATH_INFO: path }, split: mount === null ? "nobody" : "mount" };
  const root = withSlash(script.replace(/\/+$/, ""));
  return { path: { SCRIPT_NAME: root, PATH_INFO: path.slice(root.length) }, split: "front" };
}

/** The whole path, decoded. */
function pathOf(given: Given, script: string | undefined, info: string | undefined): string {
  if (script !== undefined || info !== undefined) {
    const [front, rest] = [script ?? "", info ?? ""];
    // mod_proxy_uwsgi doubles the slash at the joint.
    return withSlash(front.endsWith("/") && rest.startsWith("/") ? front + rest.slice(1) : front + rest);
  }
  const decoded = given["DOCUMENT_URI"];
  if (decoded !== undefined) return withSlash(decoded);
  const target = given["REQUEST_URI"];
  if (target === undefined)
    throw badFrontRequest("The request has no path: SCRIPT_NAME, PATH_INFO, DOCUMENT_URI and REQUEST_URI are missing");
  if (target === "*") return "";
  const raw = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?]*/i, "").replace(/\?[^]*$/, "");
  const path = unescapeBytes(raw);
  if (path.includes("\0")) throw badFrontRequest("The path of the request holds a NUL");
  return withSlash(path);
}

function withSlash(path: string): string {
  return path === "" || path.startsWith("/") ? path : `/${path}`;
}

function afterMark(target: string): string {
  const mark = target.indexOf("?");
  return mark === -1 ? "" : target.slice(mark + 1);
}

function schemeOf(given: Given): "http" | "https" {
  const isHttps = /^(?:on|1|https)$/i.test(given["HTTPS"] ?? "");
  return isHttps || given["REQUEST_SCHEME"]?.toLowerCase() === "https" ? "https" : "http";
}

/** An administrator may well say that there is no body (`fastcgi_param CONTENT_LENGTH ""`), but nobody means two bodies. */
function areDifferentLengths(before: string, value: string): boolean {
  return before !== "" && value !== "" && Number(before) !== Number(value);
}

/** An empty one is none; leading zeros arrive as the client sent them. @returns -1 for none */
function readContentLength(text: string | undefined): number {
  if (text === undefined || text === "") return -1;
  if (!LENGTH.test(text)) throw badFrontRequest("The Content-Length of the request is not a number");
  return Number(text);
}

/** The last Host header, a copy of its own, and the name in it: most requests are for the same. */
let lastHost = "";
let lastName: string | undefined;
/** Longer than any name in DNS with a port. */
const MAX_KEPT_HOST = 261;

/** @returns the name in the Host header; undefined when there is none */
function readHost(host: string | undefined): string | undefined {
  if (host === undefined || host === "") return undefined;
  if (host === lastHost) return lastName;
  if (!isHost(host)) throw badFrontRequest("The Host header of the request is not a host");
  const name = parseHost(host)?.name;
  if (host.length <= MAX_KEPT_HOST) {
    lastHost = ownText(host);
    lastName = name === undefined ? undefined : ownText(name);
  }
  return name;
}

/** nginx says nothing for a server without a name, and "_" for one whose name is to match no request. */
function serverName(name: string, host: string | undefined, address: string | undefined): string {
  return (name === "_" ? "" : name) || host || address || "localhost";
}
