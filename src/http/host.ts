// A host as a Host field or a forwarded field names it, read strictly: what two readers could understand differently is no host.
// Source: RFC 9110 section 7.2; RFC 3986 section 3.2.2. `parseHost` is for names that rights hang on, and leaves out the characters that no
// name in DNS has (sub-delims, percent signs).
import { isIPv6 } from "node:net";

/** A host, in the form in which hosts are compared. */
export interface Host {
  /** In lower case, without a dot at the end; IPv6 in brackets. */
  readonly name: string;
  /** In digits, or null when there is none. */
  readonly port: string | null;
}

const NAMED_HOST = /^(\[[\da-f:.]+\]|[\da-z_](?:[\da-z_-]|\.(?!\.))*)(?::(\d{1,5})?)?$/i;
/** Longer than any name in DNS with a port. */
const MAX_CHARACTERS = 261;

/**
 * Reads a host with or without a port.
 *
 * @returns null for what is no host: with a path, a user, a space, a comma, a port above 65535, or empty
 */
export function parseHost(value: string): Host | null {
  if (value.length > MAX_CHARACTERS) return null;
  const [, name, port = ""] = NAMED_HOST.exec(value) ?? [];
  if (name === undefined || Number(port) > 65_535) return null;
  if (name.startsWith("[") && !isIPv6(name.slice(1, -1))) return null;
  return { name: name.toLowerCase().replace(/\.$/, ""), port: port === "" ? null : port };
}

/** uri-host [":" port] (RFC 9110 section 7.2; RFC 3986 section 3.2.2): reg-name (not empty), IPv4 or a bracketed IP literal. */
const HOST =
  /^(?:\[[0-9A-Fa-f:.]+\]|\[v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?$/;

/**
 * Whether a text is a host, with or without a port. The pattern lets any hexadecimal digits and colons stand in brackets; an IPv6
 * address is more than that.
 */
export function isHost(text: string): boolean {
  if (!HOST.test(text)) return false;
  return !text.startsWith("[") || text.startsWith("[v") || isIPv6(text.slice(1, text.indexOf("]")));
}
