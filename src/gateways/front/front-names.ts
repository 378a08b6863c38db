// The names of variables that web servers in front send, and what becomes of each.
import { ownText } from "../../http/own-text.ts";
import { CONNECTION_VARIABLES } from "../../protocols/cgi/connection-variables.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";

/** Variables that are judged, or put together, when everything is known. */
export const SAID = [
  "REQUEST_METHOD",
  "SCRIPT_NAME",
  "PATH_INFO",
  "QUERY_STRING",
  "SERVER_NAME",
  "SERVER_PORT",
  "SERVER_PROTOCOL",
  "CONTENT_TYPE",
  "CONTENT_LENGTH",
  "HTTP_HOST",
] as const;

/** What becomes of a variable. */
type Use = "left out" | "connection" | "user" | "said" | "field" | "forwarded" | "other";

/** What is known of a name. */
export interface FrontName {
  readonly name: string;
  readonly use: Use;
  /** Its place in {@link SAID}; -1 for others. */
  readonly place: number;
  /** Decoded by the front, or of an administrator: it may hold a line break. */
  readonly mayHoldBreaks: boolean;
}

const PATHS: ReadonlySet<string> = new Set([
  "SCRIPT_NAME",
  "PATH_INFO",
  "PATH_TRANSLATED",
  "SCRIPT_FILENAME",
  "DOCUMENT_URI",
]);
const SAID_NAMES: ReadonlyMap<string, number> = new Map(SAID.map((name, place) => [name, place]));

/** What a proxy in front of the front sets. lighttpd adds a client's `X_Forwarded_For` and `X.Forwarded.For` to them. */
const FORWARDED = /^HTTP_(?:X_FORWARDED_[A-Z0-9_]+|FORWARDED|X_REAL_IP|X_REQUEST_ID)$/;

/** Only what an administrator has named may hold lower case, dots and dashes. */
const OTHER_NAME = /^[A-Za-z][A-Za-z0-9_.-]*$/;
/** Keys of this package, and what would pass for a header field where case is not looked at. */
const OURS = /^(?:wsgi\.|tsgi\.|http_)/i;
const FIELD_VARIABLE = /^HTTP_[A-Z0-9_.]+$/;
/** About the client's request line and header, and the connection. */
const OF_REQUEST = /^(?:HTTP_|CONTENT_|REQUEST_|SERVER_|REMOTE_|QUERY_STRING$|GATEWAY_INTERFACE$|HTTPS$)/;

/** What no name may hold, and few values. */
export const NUL_OR_BREAK = /[\0\r\n]/;

/** Names that were seen, which are mostly the same; bounded, because clients invent them. */
const MAX_CACHED = 1024;
const MAX_CACHED_BYTES = 64;
const cache = new Map<string, FrontName>();

/**
 * Looks a name up.
 *
 * @throws GatewayProtocolError for a name that nobody in good faith sends
 */
export function frontName(name: string): FrontName {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const found = {
    name: ownText(name),
    use: useOf(name),
    place: SAID_NAMES.get(name) ?? -1,
    mayHoldBreaks: PATHS.has(name) || !OF_REQUEST.test(name),
  };
  if (cache.size < MAX_CACHED && name.length <= MAX_CACHED_BYTES) cache.set(found.name, found);
  return found;
}

function useOf(name: string): Use {
  if (name.startsWith("HTTP_")) {
    if (!FIELD_VARIABLE.test(name)) throw badName();
    if (name.includes(".")) return "left out";
    if (CONNECTION_VARIABLES.has(name)) return "connection";
    return SAID_NAMES.has(name) ? "said" : FORWARDED.test(name) ? "forwarded" : "field";
  }
  if (NUL_OR_BREAK.test(name) || name === "") throw badName();
  // No environ should have these.
  if (!OTHER_NAME.test(name) || OURS.test(name)) return "left out";
  if (name === "REMOTE_USER" || name === "AUTH_TYPE") return "user";
  return SAID_NAMES.has(name) ? "said" : "other";
}

function badName(): GatewayProtocolError {
  return badFrontRequest("The request has a variable whose name is not allowed");
}

/** The error of a request that no web server in good faith sends. */
export function badFrontRequest(message: string): GatewayProtocolError {
  return new GatewayProtocolError(400, "ERR_TSGI_FRONT_REQUEST", message);
}
