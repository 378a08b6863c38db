// The request target as a URL, for guests that pass the request on: as the client sent it, if it still matches SCRIPT_NAME and
// PATH_INFO, which middleware may have changed. Source: RFC 3986 section 3.3.
import { unescapeBytes } from "../http/unescape-bytes.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";

/** The path and the query of a request, percent-encoded. */
export interface RequestTarget {
  /** The part that is SCRIPT_NAME; empty or starting with a slash. */
  readonly mount: string;
  /** The rest of the path; empty or starting with a slash. */
  readonly path: string;
  /** With its question mark; empty without one. */
  readonly query: string;
  /** Every standard spells it so: there is nothing to encode, and no segment that begins with a dot. False says nothing. */
  readonly isPlain: boolean;
}

const ORIGIN = /^https?:\/\/[^/?#]*/i;
/** Most targets. No `'`, which WHATWG URL encodes in a query, and no `%`, so that the path is also the decoded one. */
const PLAIN_TARGET = /^(?:\/(?!\.)[A-Za-z0-9\-._~!$&()*+,;=:@]*)+(?:\?[A-Za-z0-9\-._~!$&()*+,;=:@/?%]*)?$/;
/** Everything except `pchar` and `/`; a native string has one character per byte. */
const NOT_IN_PATH = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g;
/** Bytes that are not allowed in a target, and `#`. */
const NOT_IN_QUERY = /[^\x21\x22\x24-\x7e]/g;

/** Returns the target of a request. */
export function requestTarget(environ: WSGIEnvironment): RequestTarget {
  const { SCRIPT_NAME: scriptName, PATH_INFO: pathInfo, QUERY_STRING: query } = environ;
  const uri = environ.REQUEST_URI ?? "";
  if (isSame(uri, scriptName === "" ? pathInfo : scriptName + pathInfo, query) && PLAIN_TARGET.test(uri))
    return { mount: scriptName, path: pathInfo, query: query === "" ? "" : `?${query}`, isPlain: true };
  const mark = uri.indexOf("?");
  const isSameQuery = mark === -1 ? query === "" : uri.length - mark - 1 === query.length && uri.endsWith(query);
  const raw = isSameQuery ? uri.slice(mark === -1 ? uri.length : mark) : query === "" ? "" : `?${query}`;
  const { mount, path } = pathsOf(mark === -1 ? uri : uri.slice(0, mark), scriptName, pathInfo);
  return { mount, path, query: encode(raw, NOT_IN_QUERY), isPlain: false };
}

/** Whether a target is spelled like its decoded path and its query; false for a `?` without a query. */
function isSame(uri: string, path: string, query: string): boolean {
  if (query === "") return uri === path;
  return uri.length === path.length + 1 + query.length && uri.startsWith(path) && uri.endsWith(query);
}

function pathsOf(rawPath: string, scriptName: string, pathInfo: string): Pick<RequestTarget, "mount" | "path"> {
  const path = rawPath.startsWith("/") ? rawPath : rawPath.replace(ORIGIN, "");
  if (scriptName === "" && path === pathInfo && !path.includes("%"))
    return { mount: "", path: encode(path, NOT_IN_PATH) };
  if (unescapeBytes(path) !== scriptName + pathInfo)
    return { mount: encode(scriptName, NOT_IN_PATH), path: encode(pathInfo, NOT_IN_PATH) };
  const cut = encodedLength(path, scriptName.length);
  return { mount: clean(path.slice(0, cut)), path: clean(path.slice(cut)) };
}

/** Where the first `bytes` bytes of a path end in its encoded form. */
function encodedLength(path: string, bytes: number): number {
  let at = 0;
  for (let left = bytes; left > 0; left -= 1) at += /^%[\dA-Fa-f]{2}/.test(path.slice(at, at + 3)) ? 3 : 1;
  return at;
}

/** Keeps the client's spelling, except for characters that are not allowed in a URL. To the standard's `URL` a backslash is a slash. */
function clean(path: string): string {
  return encode(path, /[^\x21\x22\x24-\x3e\x40-\x5b\x5d-\x7e]/g);
}

function encode(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
