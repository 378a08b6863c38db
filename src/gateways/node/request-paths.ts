// The path of a request, as the frameworks of Node hand it on: `url` is what is left for this handler; Express says in `baseUrl` what was
// taken off, and Express, Connect and Vite keep the whole in `originalUrl`. Source: express's router/index.js, connect's index.js.
import { ProtocolError } from "../../http/errors.ts";
import { unescapeBytes } from "../../http/unescape-bytes.ts";

/** The path of a request in its parts, as native strings. */
export interface RequestPaths {
  /** SCRIPT_NAME. */
  readonly scriptName: string;
  /** PATH_INFO. */
  readonly path: string;
  /** QUERY_STRING. */
  readonly query: string;
  /** REQUEST_URI. */
  readonly uri: string;
}

const ABSOLUTE = /^https?:\/\/[^/?#]*/i;

/**
 * Reads them.
 *
 * @throws ProtocolError 400 for a path with a NUL, or with characters that no target has
 */
export function pathsOf(request: { readonly url?: string | undefined }): RequestPaths {
  const { url = "/" } = request;
  const { originalUrl } = request as { originalUrl?: unknown };
  const uri = typeof originalUrl === "string" ? originalUrl : url;
  const mark = url.indexOf("?");
  const raw = rawPath(url);
  const prefix = uri === url ? "" : takenOff(request, rawPath(uri), raw);
  // Connect and Express leave a slash where nothing is left.
  const isAtMount = prefix !== "" && raw === "/" && rawPath(uri) === prefix;
  return {
    scriptName: decode(prefix),
    path: isAtMount || raw === "*" ? "" : decode(raw),
    query: mark === -1 ? "" : url.slice(mark + 1),
    uri,
  };
}

function rawPath(url: string): string {
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  if (path.startsWith("/") || path === "*") return path;
  const rest = path.replace(ABSOLUTE, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** What mounts have taken off the front; nothing when a middleware has written another path. */
function takenOff(request: object, whole: string, rest: string): string {
  const { baseUrl } = request as { baseUrl?: unknown };
  if (typeof baseUrl === "string" && baseUrl !== "") return baseUrl.replace(/\/$/, "");
  if (whole.endsWith(rest)) return whole.slice(0, -rest.length);
  return rest === "/" ? whole.replace(/\/$/, "") : "";
}

function decode(path: string): string {
  if (path.includes("%00")) throw new ProtocolError(400, "ERR_HTTP_TARGET", "The path of the request contains '%00'");
  return path.includes("%") ? unescapeBytes(path) : path;
}
