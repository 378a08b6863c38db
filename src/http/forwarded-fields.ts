// The values of X-Forwarded-For, -Proto, -Host, -Port, -Prefix and Forwarded (RFC 7239), for callers that trust them.
//
// Each proxy adds an element at the right: the address that it saw. Only what a trusted hop wrote counts, so lists are read from right to
// left, and whatever stands left of what cannot be read is not looked at: the client may have made it up.
//
//   X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.2      peer 10.0.0.1, trusted 10.0.0.0/8
//                    ▲ forged  ▲ client     ▲ written by the peer
//
// Clients choose these bytes, so every reader here takes time that grows with the length alone.
import { isIP } from "node:net";
import { NOT_TARGET, TOKEN, trimOWS } from "./grammar.ts";

/** A hop of the way, as a proxy names it. */
export interface Hop {
  readonly address: string;
  /** Empty when it is not known. */
  readonly port: string;
}

/** Where the walk over trusted hops has ended. */
export interface Walk {
  /** The last hop that a trusted one names and that has an address. */
  readonly client: Hop | null;
  /** How many elements trusted hops have written; at least 1. */
  readonly reach: number;
}

type Scheme = "http" | "https";

/** Some proxies name the protocol of an upgraded connection. */
const SCHEMES = new Map<string, Scheme>([
  ["http", "http"],
  ["https", "https"],
  ["ws", "http"],
  ["wss", "https"],
]);
const HOP = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(\d{1,5}|_[\w.-]+))?$/i;
const MAPPED = /^::ffff:([\d.]+)$/i;
/** Longer than any address with a port. */
const MAX_HOP_CHARACTERS = 128;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;

/** Splits a list at its commas. Empty elements count for nothing (RFC 9110 section 5.6.1.2). */
export function splitList(list: string): string[] {
  return list
    .split(",")
    .map((item) => trimOWS(item))
    .filter((item) => item !== "");
}

/** The value that the hop next to the client gave: proxies either replace the value or add theirs at the right. */
export function outermost(values: readonly string[], reach: number): string | undefined {
  return values[Math.max(0, values.length - reach)];
}

/**
 * Walks from right to left over trusted hops; the first that is not trusted is the client. What is no address ("unknown", "_hidden" or
 * nonsense) ends the walk: nobody can say who stands before it.
 *
 * @param hops - as the proxies name them, the client's end first
 */
export function walk(hops: readonly string[], isTrusted: (address: string) => boolean): Walk {
  let client: Hop | null = null;
  let reach = 1;
  for (let index = hops.length - 1; index >= 0; index -= 1) {
    const hop = readHop(hops[index] ?? "");
    if (hop === null) break;
    client = hop;
    if (!isTrusted(hop.address)) break;
    reach += 1;
  }
  return { client, reach: Math.max(1, Math.min(reach, hops.length)) };
}

/** Reads an address with or without a port; IPv6 with or without brackets. */
export function readHop(text: string): Hop | null {
  if (text.length > MAX_HOP_CHARACTERS) return null;
  const parts = isIP(text) === 0 ? HOP.exec(text) : null;
  const address = parts === null ? text : (parts[1] ?? parts[2] ?? "");
  if (isIP(address) === 0) return null;
  const port = parts?.[3] ?? "";
  return { address: MAPPED.exec(address)?.[1] ?? address, port: readPort(port) ?? "" };
}

/** Reads a scheme; null when it is none that a web application can have. */
export function readScheme(text: string): Scheme | null {
  return SCHEMES.get(text.toLowerCase()) ?? null;
}

/** Reads a port from 1 to 65535. */
export function readPort(text: string): string | null {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535) return null;
  return String(Number(text));
}

/**
 * Reads the path under which an application is mounted.
 *
 * @returns the path as SCRIPT_NAME holds it: percent-decoded to bytes, without slashes at its end; empty for `/`. Null for what is no
 *   path, or could be read as another host (`//evil`, `/\evil`, also percent-encoded)
 */
export function readPrefix(text: string): string | null {
  if (text.charCodeAt(0) !== SLASH || NOT_TARGET.test(text) || text.includes("?")) return null;
  const path = text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  if (path.includes("\0")) return null;
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === SLASH) end -= 1;
  const second = path.charCodeAt(1);
  return end > 0 && (second === SLASH || second === BACKSLASH) ? null : path.slice(0, end);
}

/** Parameters of an element of Forwarded, by their names in lower case. */
export type ForwardedElement = ReadonlyMap<string, string>;

/**
 * Reads a Forwarded field from right to left.
 *
 * @returns its elements, the client's end first, from the last one that cannot be read on. A quote that a client left open ends the
 *   reading, so that it swallows nothing of what proxies have added behind it (RFC 7239 section 4)
 */
export function parseForwarded(text: string): { elements: ForwardedElement[]; isWhole: boolean } {
  const elements: ForwardedElement[] = [];
  let end = text.length;
  while (end >= 0) {
    const start = elementStart(text, end);
    const element = start === -1 ? null : parseElement(text, start, end);
    if (element === null) return { elements: elements.toReversed(), isWhole: false };
    if (element.size > 0) elements.push(element);
    end = start - 1;
  }
  return { elements: elements.toReversed(), isWhole: true };
}

/** Where the element begins that ends at `end`; -1 when a quote in it is never opened. */
function elementStart(text: string, end: number): number {
  for (let index = end - 1; index >= 0; index -= 1) {
    if (text[index] === ",") return index + 1;
    if (text[index] !== '"') continue;
    do index = text.lastIndexOf('"', index - 1);
    while (index > 0 && isEscaped(text, index));
    if (index <= 0) return -1;
  }
  return 0;
}

/** Whether an odd number of backslashes stands before a position. */
function isEscaped(text: string, position: number): boolean {
  let first = position;
  while (first > 0 && text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (position - first) % 2 === 1;
}

/** `[ pair ] *( ";" [ pair ] )`, where each name may stand once; null when it is something else. */
function parseElement(text: string, start: number, end: number): ForwardedElement | null {
  const element = new Map<string, string>();
  let position = skipSpace(text, start, end);
  while (position < end) {
    if (text[position] === ";") {
      position = skipSpace(text, position + 1, end);
      continue;
    }
    const equals = text.indexOf("=", position);
    if (equals === -1 || equals >= end) return null;
    const name = text.slice(position, equals).toLowerCase();
    const value = text[equals + 1] === '"' ? quotedAt(text, equals + 1, end) : tokenAt(text, equals + 1, end);
    if (!TOKEN.test(name) || value === null || element.has(name)) return null;
    element.set(name, value.text);
    position = skipSpace(text, value.end, end);
    if (position < end && text[position] !== ";") return null;
  }
  return element;
}

function skipSpace(text: string, start: number, end: number): number {
  let position = start;
  while (position < end && (text[position] === " " || text[position] === "\t")) position += 1;
  return position;
}

interface Value {
  readonly text: string;
  /** The position behind it. */
  readonly end: number;
}

/** A token; proxies also write addresses and hosts with a port as they are, although a colon needs quotes. */
function tokenAt(text: string, start: number, end: number): Value | null {
  let position = start;
  while (position < end && !/[\s;,"\\]/.test(text[position] ?? "")) position += 1;
  return position === start ? null : { text: text.slice(start, position), end: position };
}

function quotedAt(text: string, start: number, end: number): Value | null {
  const characters: string[] = [];
  for (let position = start + 1; position < end; position += 1) {
    const character = text[position] ?? "";
    if (character === '"') return { text: characters.join(""), end: position + 1 };
    if (character === "\\") position += 1;
    characters.push(text[position] ?? "");
  }
  return null;
}
