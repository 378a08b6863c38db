// Values of an environ that are not native strings, as JSON: what JSON lacks travels as an object with one member whose name tells.
// Source: docs/lane-protocol.md, "Requests".
import { Buffer } from "node:buffer";

/** Whether a value can travel: data, and nothing but data. */
export function isPortable(value: unknown): boolean {
  if (value === null || typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.every((item) => typeof item === "string" || isPortable(item));
  if (value instanceof Uint8Array || value instanceof Date) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((item) => typeof item === "string" || isPortable(item));
}

/** Tags what JSON lacks. `JSON.stringify` would turn a Date into text before a replacer sees it, so this runs first. */
export function portable(value: unknown): unknown {
  if (typeof value === "bigint") return { "tsgi:int": String(value) };
  if (typeof value === "number" && !Number.isFinite(value)) return null;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(portable);
  if (value instanceof Uint8Array) return { "tsgi:bytes": Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { "tsgi:datetime": value.toISOString().replace("Z", "+00:00") };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, portable(item)]));
}

/** Reads back what {@link portable} has tagged: a reviver for `JSON.parse`. */
export function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const tagged = value as Record<string, unknown>;
  if (typeof tagged["tsgi:bytes"] === "string") return Buffer.from(tagged["tsgi:bytes"], "base64");
  if (typeof tagged["tsgi:int"] === "string") return BigInt(tagged["tsgi:int"]);
  if (typeof tagged["tsgi:datetime"] === "string") return new Date(tagged["tsgi:datetime"]);
  return value;
}

/** JSON in ASCII, so that it fits into latin-1 text; JSON never holds a raw NUL. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
