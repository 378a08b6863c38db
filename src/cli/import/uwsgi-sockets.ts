// Where uWSGI listens, and in which protocol: http, http-socket, https, socket and their like.
import type { FrontProtocolName } from "../../server/sockets/bind-address.ts";
import type { Draft } from "./draft.ts";
import { isOn, last, type Options, subjectOf } from "./uwsgi-options.ts";

/** What is spoken at the address of an option. */
type Spoken = "http" | "https" | FrontProtocolName;

const PROTOCOLS: Readonly<Record<string, Spoken>> = {
  http: "http",
  "http-socket": "http",
  "http11-socket": "http",
  https: "https",
  "https-socket": "https",
  socket: "uwsgi",
  "uwsgi-socket": "uwsgi",
  "fastcgi-socket": "fastcgi",
  "scgi-socket": "scgi",
};

const TRUSTED = ["127.0.0.1", "::1"];

/**
 * Translates the addresses, and what belongs to them.
 *
 * @param options - all that uWSGI is given
 */
export function translateUwsgiSockets(options: Options, draft: Draft): void {
  for (const [key, values] of options) {
    const spoken = spokenAt(key, options);
    if (spoken !== undefined) for (const value of values) translateSocket(key, value, spoken, draft);
  }
  if (["enable-proxy-protocol", "http-enable-proxy-protocol"].some((key) => isOn(options, key)))
    draft.set("proxyProtocol", "auto", "enable-proxy-protocol");
  const keepAlive = last(options, "http-keepalive");
  if (keepAlive === undefined) return;
  const subject = subjectOf("http-keepalive", keepAlive);
  if (Number(keepAlive) > 1) draft.set("keepAlive", Number(keepAlive), subject);
  else draft.needless(subject, "connections are kept open for keepAlive seconds");
}

/** `protocol` decides for `socket`, and only for it. */
function spokenAt(key: string, options: Options): Spoken | undefined {
  const named = key === "socket" ? last(options, "protocol") : undefined;
  return Object.hasOwn(PROTOCOLS, key) ? (PROTOCOLS[`${named}-socket`] ?? PROTOCOLS[key]) : undefined;
}

function translateSocket(key: string, value: string, spoken: Spoken, draft: Draft): void {
  const subject = subjectOf(key, value);
  const [address = "", ...tls] = value.split(",");
  const bind = uwsgiAddress(address);
  const isUnix = bind.startsWith("unix:");
  if (spoken === "https") translateTls(tls, subject, draft);
  if (spoken === "http" || spoken === "https") {
    draft.add("bind", bind, subject);
    if (isUnix) trustFront(subject, draft);
    return;
  }
  draft.add("bind", isUnix || bind.startsWith("fd:") ? `${spoken}:${bind}` : `${spoken}://${bind}`, subject);
  if (!isUnix && !/^(?:127\.|localhost\b|\[::1\])/.test(bind))
    draft.changed(subject, `only programs of this machine may connect there; gatewayAllowIps names others`);
}

function trustFront(subject: string, draft: Draft): void {
  if (draft.get("forwardedAllowIps") !== undefined) return;
  draft.set("forwardedAllowIps", [...TRUSTED, "unix"], subject);
  draft.changed(
    subject,
    'X-Forwarded-* of the front end on the unix socket are believed: forwardedAllowIps has "unix"',
  );
}

/** What stands after the address: the certificate, its key, the ciphers, and who signs the clients' certificates. */
function translateTls(parts: readonly string[], subject: string, draft: Draft): void {
  const [certfile, keyfile, ciphers, caCerts] = parts;
  const given = { certfile, keyfile, ciphers, caCerts: caCerts?.replace(/^!/, "") };
  for (const name of ["certfile", "keyfile", "ciphers", "caCerts"] as const) {
    const text = given[name];
    if (text !== undefined && text !== "") draft.set(name, text, subject);
  }
  if (caCerts !== undefined) draft.set("certReqs", caCerts.startsWith("!") ? "2" : "1", subject);
}

/** uWSGI's forms of an address: HOST:PORT, :PORT, a path, @abstract, fd://N. */
export function uwsgiAddress(text: string): string {
  if (/^[./]/.test(text) || (!text.includes(":") && /[/.]sock/.test(text))) return `unix:${text}`;
  if (text.startsWith("0:")) return `0.0.0.0${text.slice(1)}`;
  return text.startsWith("*:") ? text.slice(1) : text;
}
