// The paths that options name. People write them as text; SCRIPT_NAME and PATH_INFO hold bytes as native strings, addresses percent signs.
// Source: PEP 3333, "Unicode Issues".
import { encodeNative } from "../../wsgi/native-string.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";
import { MiddlewareOptionError } from "../errors.ts";

/**
 * Gives a path of an option as it stands in the environ.
 *
 * @param path - text, decoded: `/café`, not `/caf%C3%A9`
 * @param option - its name, for errors
 * @returns a native string
 * @throws MiddlewareOptionError when it does not start with a slash
 */
export function configuredPath(path: string, option: string): string {
  if (path.startsWith("/")) return encodeNative(path);
  throw new MiddlewareOptionError(`Option "${option}" is "${path}"; expected a path from "/"`);
}

/** As {@link configuredPath}, for what lies below it: without a slash at the end, so that the root is empty. */
export function configuredBase(path: string, option: string): string {
  return configuredPath(path, option).replace(/\/+$/, "");
}

/**
 * Gives a path of an option as it stands in addresses: in UTF-8, with percent signs for what is not ASCII.
 *
 * @param path - text; what is encoded already stays
 */
export function addressOfPath(path: string): string {
  return path.replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/**
 * Tells whether a request is for one of some configured paths, or for what lies below them.
 *
 * @param bases - of {@link configuredBase}
 */
export function isWithin({ SCRIPT_NAME, PATH_INFO }: WSGIEnvironment, bases: readonly string[]): boolean {
  if (bases.length === 0) return false;
  const path = SCRIPT_NAME + PATH_INFO;
  return bases.some((base) => isBelow(path, base));
}

/**
 * Tells whether a path of the environ is a configured one or lies below it; `/apple` is not below `/app`.
 *
 * @param base - of {@link configuredBase}
 */
export function isBelow(path: string, base: string): boolean {
  return path.startsWith(base) && (path.length === base.length || path[base.length] === "/" || base === "");
}
