// What a trusted front end says of the client, in the fields that it is known to set: X-Forwarded-For, -Proto, -Host, -Port, -Prefix,
// Forwarded (RFC 7239) and SCRIPT_NAME. A front end passes on what it does not set itself, so a field counts only when it is listed.
// Source: Werkzeug's ProxyFix and waitress's trusted_proxy_headers, which ask for each field in the same way; gunicorn's
// forwarded_allow_ips and forwarder_headers.
import {
  outermost,
  parseForwarded,
  readPort,
  readPrefix,
  readScheme,
  splitList,
  walk,
} from "../http/forwarded-fields.ts";
import { parseHost } from "../http/host.ts";
import { mountUnder, type PublicRequest, showPublicRequest } from "../wsgi/public-request.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** Fields that a front end can be known to set. */
export const FORWARDED_FIELDS = [
  "X-Forwarded-For",
  "X-Forwarded-Proto",
  "X-Forwarded-Host",
  "X-Forwarded-Port",
  "X-Forwarded-Prefix",
  "Forwarded",
  "SCRIPT_NAME",
] as const;

/** One of them. */
export type ForwardedField = (typeof FORWARDED_FIELDS)[number];

/** Those that every front end sets which is meant to be trusted. */
export const USUAL_FORWARDED_FIELDS: readonly ForwardedField[] = ["X-Forwarded-For", "X-Forwarded-Proto"];

const NO_CLAIMS: PublicRequest = { client: null, scheme: null, host: null, port: null, prefix: null };

/** Finds a field by its name in any case; undefined for a name that is none of {@link FORWARDED_FIELDS}. */
export function forwardedFieldNamed(name: string): ForwardedField | undefined {
  return FORWARDED_FIELDS.find((field) => field.toLowerCase() === name.toLowerCase());
}

/**
 * Whether a request carries any field that a front end can be known to set, except SCRIPT_NAME. Asked for each request before anything is
 * parsed, and therefore by names that stand here: a look-up by a variable name costs ten times as much where the field is missing.
 */
export function isForwarded(environ: WSGIEnvironment): boolean {
  return (
    environ["HTTP_X_FORWARDED_FOR"] !== undefined ||
    environ["HTTP_X_FORWARDED_PROTO"] !== undefined ||
    environ["HTTP_X_FORWARDED_HOST"] !== undefined ||
    environ["HTTP_X_FORWARDED_PORT"] !== undefined ||
    environ["HTTP_X_FORWARDED_PREFIX"] !== undefined ||
    environ["HTTP_FORWARDED"] !== undefined
  );
}

/** Which front ends are trusted, and with what. */
export interface TrustOptions {
  /** Peers that may say whom they speak for, with the `forwardedFields`. @default nobody */
  readonly trustedProxies?: TrustedProxies | undefined;
  /** Fields that these peers set. What they do not set, they pass on as a client sent it. @default X-Forwarded-For, X-Forwarded-Proto */
  readonly forwardedFields?: readonly ForwardedField[] | undefined;
}

/** Gives who reads the fields of trusted front ends; null when none is trusted. @param warn - as of `ForwardedFields` */
export function forwardedFieldsOf(
  { trustedProxies, forwardedFields = USUAL_FORWARDED_FIELDS }: TrustOptions,
  warn: (message: string) => void,
): ForwardedFields | null {
  return trustedProxies === undefined ? null : new ForwardedFields(trustedProxies, forwardedFields, warn);
}

/** Reads the fields that front ends set. */
export class ForwardedFields {
  readonly #fields: ReadonlySet<ForwardedField>;
  readonly #trusted: TrustedProxies;
  readonly #warn: (message: string) => void;

  /**
   * @param trusted - the front ends, of which each may stand before another
   * @param fields - which they set
   * @param warn - told of a field that cannot be read, or of two that contradict each other; such ones count for nothing
   */
  constructor(trusted: TrustedProxies, fields: readonly ForwardedField[], warn: (message: string) => void) {
    this.#trusted = trusted;
    this.#fields = new Set(fields);
    this.#warn = warn;
  }

  /** @param address - of a peer, without brackets and port; empty on a unix socket */
  isTrusted(address: string): boolean {
    return this.#trusted.isTrusted(address);
  }

  /** Makes the environ say what the client did, where a trusted peer knows it better. @param peer - its address */
  believe(environ: WSGIEnvironment, peer: string): void {
    if (isForwarded(environ) && this.#trusted.isTrusted(peer)) this.apply(environ);
  }

  /**
   * Makes the environ say what the client did. The fields themselves stay as they are.
   *
   * @param environ - of a request whose peer is trusted
   */
  apply(environ: WSGIEnvironment): void {
    const named = this.#readNamed(environ);
    const standard = this.#readStandard(this.#field(environ, "Forwarded"));
    showPublicRequest(environ, {
      ...named,
      client: this.#agreed("client", named.client, standard.client, ({ address }) => address),
      scheme: this.#agreed("scheme", named.scheme, standard.scheme, (scheme) => scheme),
      host: this.#agreed("host", named.host, standard.host, ({ name, port }) => `${name}:${port ?? ""}`),
    });
  }

  /**
   * Mounts the application where the field SCRIPT_NAME says.
   *
   * @param environ - of a request whose peer is trusted
   * @returns false when the field does not count
   */
  mount(environ: WSGIEnvironment, scriptName: string): boolean {
    if (!this.#fields.has("SCRIPT_NAME")) return false;
    const prefix = this.#read("SCRIPT_NAME", scriptName, readPrefix);
    if (prefix === null) return false;
    mountUnder(environ, prefix);
    return true;
  }

  #readNamed(environ: WSGIEnvironment): PublicRequest {
    const hops = splitList(this.#field(environ, "X-Forwarded-For"));
    const { client, reach } = walk(hops, (address) => this.#trusted.isTrusted(address));
    if (client === null && hops.length > 0) this.#complain("X-Forwarded-For", hops.at(-1) ?? "");
    return {
      client,
      scheme: this.#outermost(environ, "X-Forwarded-Proto", readScheme, reach),
      host: this.#outermost(environ, "X-Forwarded-Host", parseHost, reach),
      port: this.#outermost(environ, "X-Forwarded-Port", readPort, reach),
      prefix: this.#outermost(environ, "X-Forwarded-Prefix", readPrefix, reach),
    };
  }

  #readStandard(text: string): PublicRequest {
    if (text === "") return NO_CLAIMS;
    const { elements, isWhole } = parseForwarded(text);
    if (elements.length === 0) {
      if (!isWhole) this.#complain("Forwarded", text);
      return NO_CLAIMS;
    }
    const hops = elements.map((element) => element.get("for") ?? "");
    const { client, reach } = walk(hops, (address) => this.#trusted.isTrusted(address));
    // Of the hops that can be believed, the one next to the client that says something.
    const believed = elements.slice(-reach);
    const said = (name: string): string | undefined => believed.find((element) => element.has(name))?.get(name);
    return {
      ...NO_CLAIMS,
      client,
      scheme: this.#read("Forwarded", said("proto"), readScheme),
      host: this.#read("Forwarded", said("host"), parseHost),
    };
  }

  #outermost<T>(
    environ: WSGIEnvironment,
    name: ForwardedField,
    read: (text: string) => T | null,
    reach: number,
  ): T | null {
    return this.#read(name, outermost(splitList(this.#field(environ, name)), reach), read);
  }

  #read<T>(name: ForwardedField, text: string | undefined, read: (text: string) => T | null): T | null {
    if (text === undefined) return null;
    const value = read(text);
    if (value === null) this.#complain(name, text);
    return value;
  }

  /** The text of a field that counts; empty for any other. */
  #field(environ: WSGIEnvironment, name: ForwardedField): string {
    const value = this.#fields.has(name) ? environ[variableOf(name)] : undefined;
    return typeof value === "string" ? value : "";
  }

  #agreed<T>(what: string, named: T | null, standard: T | null, textOf: (claim: T) => string): T | null {
    if (named === null || standard === null || textOf(named) === textOf(standard)) return named ?? standard;
    this.#warn(
      `X-Forwarded-* and Forwarded disagree about the ${what}, so both are ignored; trust only the headers that your proxy sets`,
    );
    return null;
  }

  #complain(name: ForwardedField, text: string): void {
    this.#warn(`Ignored an unreadable ${name} header from a trusted proxy: ${JSON.stringify(text.slice(0, 200))}`);
  }
}

function variableOf(field: ForwardedField): string {
  return `HTTP_${field.toUpperCase().replaceAll("-", "_")}`;
}
