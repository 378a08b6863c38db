// Who the client of a trusted proxy is, and how it came: X-Forwarded-For, -Proto, -Host, -Port, -Prefix and Forwarded (RFC 7239).
//
// Each proxy adds an element at the right: the address that it saw. Only what a trusted hop wrote counts, so the walk goes from right
// to left and ends at the first address that is not trusted: that is the client. What stands further left, the client made up.
//
//   X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.2      peer 10.0.0.1, trusted 10.0.0.0/8
//                    ▲ forged  ▲ client     ▲ written by the peer
import { createRequire } from "node:module";
import { isIP } from "node:net";
import type ForwardedParse from "forwarded-parse";
import { ProtocolError } from "../../http/errors.ts";
import { isHost } from "../../http/grammar.ts";
import { parseTarget } from "../../http/target.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** A hop of the way, as a proxy names it. */
interface Node {
  readonly address: string;
  /** Empty when it is not known. */
  readonly port: string;
}

/** What the trusted hops say of the client's request; null for what they do not say. */
interface Claims {
  readonly client: Node | null;
  readonly scheme: Scheme | null;
  readonly host: string | null;
  readonly port: string | null;
}

type Scheme = "http" | "https";

/** As in commander.ts, not by `import`: each worker starts the sooner. */
const parseForwardedField = createRequire(import.meta.url)("forwarded-parse") as typeof ForwardedParse;

const NO_CLAIMS: Claims = { client: null, scheme: null, host: null, port: null };
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };
/** Some proxies name the protocol of an upgraded connection. */
const SCHEMES: Readonly<Record<string, Scheme>> = { http: "http", https: "https", ws: "http", wss: "https" };
const NODE = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(\d{1,5}|_[\w.-]+))?$/i;

/** Whether a request carries any of the fields: asked for each request, before anything is parsed. */
export function isForwarded(environ: WSGIEnvironment): boolean {
  return (
    environ["HTTP_X_FORWARDED_FOR"] !== undefined ||
    environ["HTTP_X_FORWARDED_PROTO"] !== undefined ||
    environ["HTTP_FORWARDED"] !== undefined ||
    environ["HTTP_X_FORWARDED_HOST"] !== undefined ||
    environ["HTTP_X_FORWARDED_PORT"] !== undefined ||
    environ["HTTP_X_FORWARDED_PREFIX"] !== undefined
  );
}

/**
 * Makes the environ say what the client did: REMOTE_ADDR, REMOTE_PORT, `wsgi.url_scheme`, HTTP_HOST, SERVER_NAME, SERVER_PORT and
 * SCRIPT_NAME. The fields themselves stay as they are.
 *
 * @param environ - of a request whose peer is trusted
 * @param trusted - who else is, of the hops before it
 * @throws ProtocolError 400 when a field cannot be read, or when both kinds of fields are there and contradict each other
 */
export function applyForwarded(environ: WSGIEnvironment, trusted: TrustedProxies): void {
  const named = readNamed(environ, trusted);
  const standard = readStandard(field(environ, "HTTP_FORWARDED"), trusted);
  if (named.client !== null && standard.client !== null && named.client.address !== standard.client.address) {
    throw contradiction("client");
  }
  const client = named.client ?? standard.client;
  if (client !== null) {
    environ.REMOTE_ADDR = client.address;
    environ["REMOTE_PORT"] = client.port;
  }
  const scheme = agreed(named.scheme, standard.scheme, "scheme");
  const host = agreed(named.host, standard.host, "host");
  const port = named.port;
  if (scheme !== null) environ["wsgi.url_scheme"] = scheme;
  if (scheme !== null || host !== null || port !== null) setServer(environ, host, port);
  const prefix = field(environ, "HTTP_X_FORWARDED_PREFIX");
  if (prefix !== null) environ.SCRIPT_NAME = readPrefix(prefix) + environ.SCRIPT_NAME;
}

function readNamed(environ: WSGIEnvironment, trusted: TrustedProxies): Claims {
  const addresses = field(environ, "HTTP_X_FORWARDED_FOR");
  const { client, reach } = walk(addresses === null ? [] : split(addresses), trusted);
  const scheme = outermost(field(environ, "HTTP_X_FORWARDED_PROTO"), reach);
  const host = outermost(field(environ, "HTTP_X_FORWARDED_HOST"), reach);
  const port = outermost(field(environ, "HTTP_X_FORWARDED_PORT"), reach);
  return {
    client,
    scheme: scheme === null ? null : readScheme(scheme),
    host: host === null ? null : readHost(host),
    port: port === null ? null : readPort(port),
  };
}

function readStandard(text: string | null, trusted: TrustedProxies): Claims {
  if (text === null) return NO_CLAIMS;
  const elements = parseElements(text);
  const { client, reach } = walk(
    elements.map((element) => element["for"] ?? ""),
    trusted,
  );
  // Of the hops that can be believed, the one next to the client that says something.
  const believed = elements.slice(-reach);
  const scheme = believed.find((element) => element["proto"] !== undefined)?.["proto"];
  const host = believed.find((element) => element["host"] !== undefined)?.["host"];
  return {
    client,
    scheme: scheme === undefined ? null : readScheme(scheme),
    host: host === undefined ? null : readHost(host),
    port: null,
  };
}

function parseElements(text: string): Record<string, string>[] {
  try {
    return parseForwardedField(text);
  } catch {
    throw bad("Send a Forwarded field as RFC 7239 describes it");
  }
}

/**
 * Walks over trusted hops.
 *
 * @param nodes - as the proxies name them, the client's end first
 * @returns the last node that a trusted hop names and that has an address, and how many elements trusted hops have written
 */
function walk(nodes: readonly string[], trusted: TrustedProxies): { client: Node | null; reach: number } {
  let client: Node | null = null;
  let reach = 1;
  for (const text of nodes.toReversed()) {
    const node = readNode(text);
    // "unknown", "_hidden" or nonsense: nobody can say who stands before it.
    if (node === null) break;
    client = node;
    if (!trusted.isTrusted(node.address)) break;
    reach += 1;
  }
  return { client, reach: Math.max(1, Math.min(reach, nodes.length)) };
}

/** An address with or without a port; IPv6 with or without brackets. */
function readNode(text: string): Node | null {
  const plain = isIP(text) === 0 ? NODE.exec(text) : null;
  const address = plain === null ? text : (plain[1] ?? plain[2] ?? "");
  if (isIP(address) === 0) return null;
  const port = plain?.[3] ?? "";
  const isMapped = /^::ffff:[\d.]+$/i.test(address);
  return {
    address: isMapped ? address.slice("::ffff:".length) : address,
    port: /^\d+$/.test(port) && Number(port) <= 65_535 ? port : "",
  };
}

/** The value that the hop next to the client gave: proxies either replace the value or add theirs at the right. */
function outermost(list: string | null, reach: number): string | null {
  if (list === null) return null;
  const values = split(list);
  return values[Math.max(0, values.length - reach)] ?? null;
}

function readScheme(text: string): Scheme {
  const scheme = SCHEMES[text.toLowerCase()];
  if (scheme === undefined) throw bad("Forward the scheme as 'http' or 'https'");
  return scheme;
}

function readHost(text: string): string {
  if (text === "" || !isHost(text)) throw bad("Forward a host of the form 'name' or 'name:port'");
  return text;
}

function readPort(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535) throw bad("Forward a port from 1 to 65535");
  return String(Number(text));
}

/** The path under which the proxy has mounted the application, which it has cut off already. */
function readPrefix(text: string): string {
  if (text === "/") return "";
  if (!text.startsWith("/") || text.startsWith("//") || /[?,]/.test(text)) {
    throw bad("Forward a prefix that starts with one '/' and has no query");
  }
  return parseTarget("GET", text).path.replace(/\/+$/, "");
}

/** Host, name and port are those that the client has in its address bar. */
function setServer(environ: WSGIEnvironment, host: string | null, port: string | null): void {
  const defaultPort = DEFAULT_PORTS[environ["wsgi.url_scheme"]] ?? "80";
  const authority = host ?? environ.HTTP_HOST ?? environ.SERVER_NAME;
  const colon = authority.lastIndexOf(":");
  const hasPort = colon > authority.lastIndexOf("]");
  const name = hasPort ? authority.slice(0, colon) : authority;
  const portInName = hasPort ? authority.slice(colon + 1) : "";
  const publicPort = port ?? (portInName === "" ? defaultPort : portInName);
  environ.SERVER_NAME = name;
  environ.SERVER_PORT = publicPort;
  if (host !== null || port !== null) {
    environ["HTTP_HOST"] = publicPort === defaultPort ? name : `${name}:${publicPort}`;
  }
}

function agreed<T extends string>(named: T | null, standard: T | null, what: string): T | null {
  if (named !== null && standard !== null && named.toLowerCase() !== standard.toLowerCase()) throw contradiction(what);
  return named ?? standard;
}

function field(environ: WSGIEnvironment, name: string): string | null {
  const value = environ[name];
  return typeof value === "string" && value !== "" ? value : null;
}

function split(list: string): string[] {
  return list.split(",").map((item) => item.trim());
}

function contradiction(what: string): ProtocolError {
  return bad(`Send the same ${what} in X-Forwarded-* and in Forwarded, or only one of them`);
}

function bad(message: string): ProtocolError {
  return new ProtocolError(400, "ERR_HTTP_FORWARDED", message);
}
