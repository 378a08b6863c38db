// Which node a request is about. The path below the mount is a JSON Pointer, after one trailing slash, if there is one, was taken away.
// PATH_INFO is decoded already, and an encoded slash in it is lost; so the path is taken from the target as it was received, if that is
// still what PATH_INFO was made from: a proxy or a middleware may have rewritten it.
// Source: RFC 6901; RFC 3986 section 2.1.
import type { WSGIEnvironment } from "tsgi/wsgi";
import { Problem } from "../problem.ts";
import { decodeToken, formatPointer, parsePointer, type Path } from "../text/pointer.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const PLAIN_PATH = /^[\w/.:@!$&'()*+,;=-]*$/;

/**
 * Returns the path of the node.
 *
 * @param pointer - that of the query, which replaces the path
 * @throws Problem `bad-pointer`
 */
export function nodePath(environ: WSGIEnvironment, pointer: string | undefined): Path {
  if (pointer !== undefined) {
    const path = parsePointer(pointer);
    if (path === null) throw badPointer(`"${pointer}" is no JSON Pointer`);
    return path;
  }
  const raw = rawPath(environ);
  const whole = raw.endsWith("/") ? raw.slice(0, -1) : raw;
  if (whole === "") return [];
  if (PLAIN_PATH.test(whole)) return whole.slice(1).split("/");
  return whole.slice(1).split("/").map(decodeSegment);
}

/** Returns the URL of a node, relative to the host. */
export function nodeUrl({ SCRIPT_NAME }: WSGIEnvironment, path: Path): string {
  const pointer = formatPointer(path);
  const mount = mountUrl(SCRIPT_NAME);
  // One more slash after an empty token, which would be taken away otherwise.
  const isAmbiguous = pointer === "" || pointer.endsWith("/");
  const url = mount + pointer.split("/").map(encodeSegment).join("/") + (isAmbiguous ? "/" : "");
  // Clients resolve dot segments, encoded or not (RFC 3986 section 5.2.4), and take what follows "//" for a host (section 4.2).
  const isMisread = url.startsWith("//") || path.some((token) => token === "." || token === "..");
  return isMisread ? `${mount}/?pointer=${encodeURIComponent(pointer)}` : url;
}

/** Returns the path of the store as it stands in a URL. */
export function mountUrl(scriptName: string): string {
  return Buffer.from(scriptName, "latin1").toString("utf8").split("/").map(encodeSegment).join("/");
}

/** Decodes percent-encoding. @throws Problem when the bytes are not UTF-8 */
export function percentDecode(text: string): string {
  if (!text.includes("%") && !/[\u0080-\uffff]/.test(text)) return text;
  try {
    return UTF8.decode(Buffer.from(percentBytes(text), "latin1"));
  } catch (cause) {
    throw new Problem("bad-pointer", { detail: "Percent-encoding must give UTF-8" }, { cause });
  }
}

/** As native string: one character for each byte. */
function percentBytes(text: string): string {
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function decodeSegment(segment: string): string {
  const token = percentDecode(segment);
  if (/~(?![01])/.test(token)) throw badPointer(`After "~" comes 0 or 1, got "${token}"`);
  return decodeToken(token);
}

function rawPath({ REQUEST_URI, SCRIPT_NAME, PATH_INFO }: WSGIEnvironment): string {
  // A segment of PATH_INFO with a percent sign had %25 in it.
  const decoded = PATH_INFO.replaceAll("%", "%25");
  if (REQUEST_URI === undefined) return decoded;
  const query = REQUEST_URI.indexOf("?");
  let target = query < 0 ? REQUEST_URI : REQUEST_URI.slice(0, query);
  if (!target.startsWith("/")) target = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, "");
  if (SCRIPT_NAME === "" && target === PATH_INFO && !target.includes("%")) return target;
  const rest = withoutMount(target, SCRIPT_NAME);
  return rest !== null && percentBytes(rest) === PATH_INFO ? rest : decoded;
}

/** Takes from an encoded path what decodes to the mount. */
function withoutMount(target: string, mount: string): string | null {
  let at = 0;
  for (let matched = 0; matched < mount.length; matched += 1) {
    const isEncoded = target.charCodeAt(at) === 0x25;
    const character = isEncoded ? percentBytes(target.slice(at, at + 3)) : target[at];
    if (character !== mount[matched]) return null;
    at += isEncoded ? 3 : 1;
  }
  return target.slice(at);
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replaceAll("%40", "@").replaceAll("%3A", ":").replaceAll("%24", "$");
}

function badPointer(detail: string): Problem {
  return new Problem("bad-pointer", { detail });
}
