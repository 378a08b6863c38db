// The head of a request to an HTTP upstream, out of an environ. What belongs to the client's connection stays behind, and who the client is
// is said anew out of what the gateway believes: an upstream that trusts this proxy must not be told by anybody else.
// Source: RFC 9110 sections 7.2 (Host), 7.6.1 (Connection), 7.6.3 (Via); RFC 7239 (Forwarded); CVE-2016-5385 (Proxy).
import { NOT_FIELD_VALUE, TOKEN } from "../../http/grammar.ts";
import { ContractViolation } from "../../wsgi/errors.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import type { RequestTarget } from "../request-target.ts";
import { RequestRefused } from "../upstream/errors.ts";

/** Which fields tell the upstream of the client. */
export type ForwardedForm = "x-forwarded" | "forwarded" | "both" | "none";

/** What a head is made of beside the environ. */
export interface ProxyHeadOptions {
  /** Path of the upstream's URL, which takes the place of the mount; null when it has none, and the upstream sees the whole path. */
  readonly basePath: string | null;
  /** "keep" for the client's, otherwise the field itself. */
  readonly host: string;
  readonly forwarded: ForwardedForm;
}

/** What the body says in the head. */
export interface BodyHead {
  /** -1 for chunks; 0 for none. */
  readonly length: number;
  readonly isExpecting: boolean;
  /** The protocol that the client wants to go over to; null for none. */
  readonly upgrade: string | null;
}

/** Variables that are no fields for the upstream, or are written anew. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  [
    [
      "CONNECTION",
      "KEEP_ALIVE",
      "PROXY_CONNECTION",
      "PROXY_AUTHORIZATION",
      "TE",
      "TRAILER",
      "TRANSFER_ENCODING",
      "UPGRADE",
    ],
    ["EXPECT", "HOST", "PROXY", "VIA", "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP2_SETTINGS"],
    ["FORWARDED", "X_FORWARDED_FOR", "X_FORWARDED_PROTO", "X_FORWARDED_HOST", "X_FORWARDED_PORT", "X_FORWARDED_PREFIX"],
    ["X_FORWARDED_SERVER", "X_FORWARDED_SSL", "X_REAL_IP"],
  ]
    .flat()
    .map((name) => `HTTP_${name}`),
);

/** Proxies of this name that a request may have come through: more are a loop. */
const MAX_VIA = 8;
const VIA = "1.1 tsgi";
/** A segment that leads upwards, also for a reader who takes `\` for a slash. */
const UPWARDS = /(?:^|[/\\])\.\.(?:[/\\]|$)/;
const HAS_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** Variables → names of fields, empty for those that are left out; bounded, because clients invent names. */
const names = new Map<string, string>();
const MAX_CACHED = 512;

/**
 * Writes the head of a request, with the empty line that ends it.
 *
 * @returns text of one code point per byte
 * @throws RequestRefused when it cannot be handed on
 * @throws ContractViolation when a middleware has put something into the environ that no field can hold
 */
export function proxyHead(
  environ: WSGIEnvironment,
  target: RequestTarget,
  body: BodyHead,
  options: ProxyHeadOptions,
): string {
  checkPath(environ.SCRIPT_NAME + environ.PATH_INFO);
  const { REQUEST_METHOD: method } = environ;
  const host = options.host === "keep" ? hostOf(environ) : options.host;
  let text = `${method} ${pathFor(environ, target, options.basePath)} HTTP/1.1\r\nHost: ${host}\r\n`;
  const connection = environ["HTTP_CONNECTION"] ?? "";
  for (const key in environ) {
    if (!key.startsWith("HTTP_")) continue;
    const name = names.get(key) ?? nameOf(key);
    if (name === "") continue;
    const value = environ[key];
    if (typeof value !== "string" || (connection !== "" && isNamed(connection, name))) continue;
    text += field(name, value);
  }
  if (environ.CONTENT_TYPE) text += field("Content-Type", environ.CONTENT_TYPE);
  if (body.length === -1) text += "Transfer-Encoding: chunked\r\n";
  else if (body.length > 0 || HAS_BODY.has(method)) text += `Content-Length: ${body.length}\r\n`;
  if (body.upgrade !== null) text += `Connection: Upgrade\r\nUpgrade: ${body.upgrade}\r\n`;
  if (body.isExpecting) text += "Expect: 100-continue\r\n";
  return `${text}${viaOf(environ)}${forwardedFields(environ, target.mount, options)}\r\n`;
}

function checkPath(path: string): void {
  // Whoever chose this upstream by the path did not choose what lies above it.
  if (path.includes("..") && UPWARDS.test(path))
    throw new RequestRefused(
      400,
      "The path of the request has a segment '..', which the upstream could follow upwards",
    );
}

function pathFor(environ: WSGIEnvironment, { mount, path, query }: RequestTarget, basePath: string | null): string {
  if (environ.REQUEST_METHOD === "OPTIONS" && environ.REQUEST_URI === "*") return "*";
  if (basePath === null) return `${mount}${path}` === "" ? `/${query}` : mount + path + query;
  return path === "" ? basePath + query : basePath.replace(/\/$/, "") + path + query;
}

/** A client of HTTP/1.0 may have sent none. */
function hostOf(environ: WSGIEnvironment): string {
  const { HTTP_HOST: host, SERVER_NAME: name, SERVER_PORT: port } = environ;
  if (host !== undefined && host !== "") return checkedValue("Host", host);
  const isUsual = port === (environ["wsgi.url_scheme"] === "https" ? "443" : "80");
  return checkedValue("Host", isUsual ? name : `${name}:${port}`);
}

/** Whether Connection names a field as its own. */
function isNamed(connection: string, name: string): boolean {
  if (connection === "keep-alive" || connection === "close") return false;
  return connection.split(",").some((option) => option.trim().toLowerCase() === name.toLowerCase());
}

function nameOf(variable: string): string {
  const words = variable.slice("HTTP_".length).toLowerCase().split("_");
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("-");
  const kept = LEFT_OUT.has(variable) ? "" : name;
  if (kept !== "" && !TOKEN.test(kept)) {
    throw new ContractViolation(
      "ERR_TSGI_UPSTREAM_FIELD",
      `Cannot send ${JSON.stringify(variable)} of the environ as a header: its name is not a token`,
    );
  }
  if (names.size < MAX_CACHED) names.set(variable, kept);
  return kept;
}

function field(name: string, value: string): string {
  return `${name}: ${checkedValue(name, value)}\r\n`;
}

/** The engine has checked what a client sent; a middleware can have written anything. */
function checkedValue(name: string, value: string): string {
  if (!NOT_FIELD_VALUE.test(value)) return value;
  throw new ContractViolation(
    "ERR_TSGI_UPSTREAM_FIELD",
    `Cannot send the header ${name}: its value contains control characters or is not latin-1`,
  );
}

function viaOf(environ: WSGIEnvironment): string {
  const via = environ["HTTP_VIA"];
  if (via === undefined || via === "") return `Via: ${VIA}\r\n`;
  if (via.split(VIA).length > MAX_VIA)
    throw new RequestRefused(508, `The request has passed more than ${MAX_VIA} proxies of TSGI, so it goes in circles`);
  return `Via: ${checkedValue("Via", via)}, ${VIA}\r\n`;
}

function forwardedFields(environ: WSGIEnvironment, mount: string, { forwarded, basePath }: ProxyHeadOptions): string {
  if (forwarded === "none") return "";
  const { REMOTE_ADDR: address = "", HTTP_HOST: host = "" } = environ;
  const scheme = environ["wsgi.url_scheme"];
  let text = "";
  if (forwarded !== "forwarded") {
    if (address !== "") text += `X-Forwarded-For: ${address}\r\n`;
    text += `X-Forwarded-Proto: ${scheme}\r\n`;
    if (host !== "") text += `X-Forwarded-Host: ${host}\r\n`;
    if (basePath !== null && mount !== "") text += `X-Forwarded-Prefix: ${mount}\r\n`;
  }
  if (forwarded === "x-forwarded") return text;
  const client = address === "" ? "unknown" : address.includes(":") ? `"[${address}]"` : address;
  return `${text}Forwarded: for=${client};proto=${scheme}${host === "" ? "" : `;host="${host}"`}\r\n`;
}
