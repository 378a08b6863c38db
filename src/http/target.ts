// The four forms of a request target (RFC 9112 section 3.2), split by hand: URL parsers rewrite paths.
import { ProtocolError } from "./errors.ts";
import { NOT_TARGET } from "./grammar.ts";
import { isHost } from "./host.ts";
import { unescapeBytes } from "./unescape-bytes.ts";

/** A request target in its parts; strings are latin-1, one code unit per byte. */
export interface Target {
  /** The target as received. */
  readonly raw: string;
  /** The path, percent-decoded to bytes; empty for `*`. */
  readonly path: string;
  /** The part after the first `?`, not decoded. */
  readonly query: string;
  /** Host and port of the absolute form, otherwise null. */
  readonly authority: string | null;
}

const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;

/**
 * Splits a request target.
 *
 * @param method - decides whether `*` and the authority form are allowed
 * @param raw - the target as received
 * @throws ProtocolError 400 for what is no target, 501 for CONNECT
 */
export function parseTarget(method: string, raw: string): Target {
  if (raw === "" || NOT_TARGET.test(raw)) {
    throw new ProtocolError(
      400,
      "ERR_HTTP_TARGET",
      "The request target contains '#' or something other than visible ASCII characters",
    );
  }
  if (method === "CONNECT")
    throw new ProtocolError(501, "ERR_HTTP_CONNECT", "The client sent CONNECT, but this server is not a proxy");
  if (raw.charCodeAt(0) === 0x2f) return split(raw, raw, null);
  if (raw === "*" && method === "OPTIONS") return { raw, path: "", query: "", authority: null };
  const absolute = ABSOLUTE.exec(raw);
  if (absolute === null) {
    throw new ProtocolError(
      400,
      "ERR_HTTP_TARGET",
      "The request target does not start with '/', 'http://' or 'https://'",
    );
  }
  const authority = absolute[1] ?? "";
  // HOST has no '@', so userinfo is refused here (RFC 9110 section 4.2.4).
  if (authority === "" || !isHost(authority)) {
    throw new ProtocolError(400, "ERR_HTTP_TARGET", "The request target has no valid host, or has userinfo before it");
  }
  const rest = absolute[2] ?? "";
  return split(raw, rest.startsWith("/") ? rest : `/${rest}`, authority);
}

function split(raw: string, pathAndQuery: string, authority: string | null): Target {
  const mark = pathAndQuery.indexOf("?");
  const path = mark === -1 ? pathAndQuery : pathAndQuery.slice(0, mark);
  const query = mark === -1 ? "" : pathAndQuery.slice(mark + 1);
  return { raw, path: path.includes("%") ? percentDecode(path) : path, query, authority };
}

/** A NUL is refused: it would end the path for a C program. */
function percentDecode(path: string): string {
  if (path.includes("%00")) throw new ProtocolError(400, "ERR_HTTP_TARGET", "The path of the request contains '%00'");
  return unescapeBytes(path);
}
