// Splits the URIs of PasteDeploy: config:PATH#name, egg:Package#name, call:module:attribute.
// Source: PasteDeploy, "Basic Usage" and "Config URIs".
import { join, posix, resolve, win32 } from "node:path";
import { DeployError, type Place } from "./errors.ts";
import { didYouMean } from "../nearest-name.ts";
import { unquote } from "./python-text.ts";

/** The schemes that exist. */
export const SCHEMES = ["config", "egg", "call"] as const;
export type Scheme = (typeof SCHEMES)[number];

/** A URI in its parts. */
export interface DeployUri {
  readonly scheme: Scheme;
  /** Between the scheme and the `#`. */
  readonly path: string;
  /** The name of the object; `main` if neither argument nor fragment names one. */
  readonly name: string;
}

const ABSOLUTE_NAME = /^[a-zA-Z]+:/;

/** Tells whether a name is a URI, not the name of a section in the same file. */
export function isAbsoluteName(name: string | null): name is string {
  return name !== null && ABSOLUTE_NAME.test(name);
}

/**
 * Splits a URI.
 *
 * @param uri - `scheme:path#fragment`
 * @param name - beats the fragment when given
 * @param place - of the key that holds the URI, for messages
 * @throws {DeployError} when the scheme is missing or unknown
 */
export function splitUri(uri: string, name: string | null, place: Place = {}): DeployUri {
  const hash = uri.indexOf("#");
  const fragment = hash === -1 ? null : uri.slice(hash + 1);
  const locator = hash === -1 ? uri : uri.slice(0, hash);
  const colon = locator.indexOf(":");
  if (colon === -1) {
    const hint = locator === "" ? "" : `, for example "config:${locator}"`;
    throw new DeployError("ERR_TSGI_DEPLOY_URI", `URI "${uri}" has no scheme; expected one of ${list()}${hint}`, place);
  }
  const scheme = locator.slice(0, colon).toLowerCase();
  const known = SCHEMES.find((candidate) => candidate === scheme);
  if (known === undefined) {
    const what = `URI "${uri}" has an unknown scheme "${scheme}"; expected one of ${list()}${didYouMean(scheme, SCHEMES)}`;
    throw new DeployError("ERR_TSGI_DEPLOY_URI", what, place);
  }
  return { scheme: known, path: locator.slice(colon + 1), name: name ?? fragment ?? "main" };
}

/**
 * Turns the path of a `config:` URI into the path of a file.
 *
 * @param path - as written: backslashes count as slashes, escapes like `%20` are decoded
 * @param relativeTo - directory for a relative path; a path is never relative to the working directory
 * @throws {DeployError} when the path is relative and there is no directory
 */
export function configPath(path: string, relativeTo: string | null, place: Place = {}): string {
  const isAbsolute = posix.isAbsolute(path) || (process.platform === "win32" && win32.isAbsolute(path));
  let resolved = path.replaceAll("\\", "/");
  if (!isAbsolute) {
    if (relativeTo === null || relativeTo === "") {
      const what = `Cannot resolve the relative URI "config:${path}" without a directory; expected an absolute path or the option relativeTo`;
      throw new DeployError("ERR_TSGI_DEPLOY_RELATIVE", what, place);
    }
    const base = relativeTo.replaceAll("\\", "/");
    resolved = base.endsWith("/") ? base + resolved : `${base}/${resolved}`;
  }
  return join(unquote(resolved).trim());
}

/**
 * Makes the URI of a file named on a command line.
 *
 * @param target - `app.ini` or `app.ini#name`, relative to `directory`; a URI is returned as it is
 */
export function configUri(target: string, directory: string): string {
  if (isAbsoluteName(target) && !win32.isAbsolute(target)) return target;
  const hash = target.indexOf("#");
  const path = resolve(directory, hash === -1 ? target : target.slice(0, hash));
  return `config:${path.replaceAll("%", "%25")}${hash === -1 ? "" : target.slice(hash)}`;
}

function list(): string {
  return SCHEMES.map((scheme) => `"${scheme}:"`).join(", ");
}
