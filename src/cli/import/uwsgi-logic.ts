// Conditions and loops of uWSGI's configuration files, and what `@(…)` in a value reads. Source: uWSGI's documentation, "Configuration
// logic" and "How uWSGI parses config files".
import { existsSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { resolve } from "node:path";
import { readText } from "./read-text.ts";

/** What conditions look at. */
export interface UwsgiSituation {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What was said before, as `key` or `key=value`. */
  readonly said: ReadonlySet<string>;
}

/** Ends of blocks by what begins them. */
export const BLOCKS: readonly { readonly begin: RegExp; readonly end: RegExp }[] = [
  { begin: /^if-|^if(?:env|exists|dir|file|reload|opt)$/, end: /^end-?if$/ },
  { begin: /^for(?:each)?$|^for-/, end: /^end-?for$/ },
];

type Condition = (value: string, situation: UwsgiSituation) => boolean;

const CONDITIONS: Readonly<Record<string, Condition>> = {
  env: (value, { environment }) => {
    const [name, wanted] = keyAndValue(value);
    return environment[name] !== undefined && (wanted === undefined || environment[name] === wanted);
  },
  exists: (value) => existsSync(value),
  file: (value) => statSync(value, { throwIfNoEntry: false })?.isFile() === true,
  dir: (value) => statSync(value, { throwIfNoEntry: false })?.isDirectory() === true,
  opt: (value, { said }) => {
    const [key, wanted] = keyAndValue(value);
    return said.has(wanted === undefined ? key : `${key}=${wanted}`);
  },
  // A reload of uWSGI executes itself anew; here no process is ever a reload of another.
  reload: () => false,
  hostname: (value) => value === hostname(),
  uid: (value) => value === String(userInfo().uid) || value === userInfo().username,
};

/**
 * Splits a line at its first `=`.
 *
 * @returns without the white space around it; only the key where there is none
 */
export function keyAndValue(line: string): [key: string, value?: string] {
  const at = line.indexOf("=");
  return at === -1 ? [line.trimEnd()] : [line.slice(0, at).trimEnd(), line.slice(at + 1).trimStart()];
}

/**
 * Whether a condition holds.
 *
 * @param key - such as `if-not-env`
 * @returns undefined where it cannot be told
 */
export function conditionHolds(key: string, value: string, situation: UwsgiSituation): boolean | undefined {
  const [, not, name = ""] = /^if-?(not-)?(.*)$/.exec(key) ?? [];
  const condition = Object.hasOwn(CONDITIONS, name) ? CONDITIONS[name] : undefined;
  if (condition === undefined) return undefined;
  return condition(value, situation) === (not === undefined);
}

/**
 * What a loop goes through.
 *
 * @param key - such as `for`
 * @returns undefined for a loop of another kind
 */
export function loopItems(key: string, value: string): string[] | undefined {
  return key === "for" || key === "foreach" ? value.split(/\s+/).filter((item) => item !== "") : undefined;
}

/**
 * Reads `@(path)`.
 *
 * @param name - what stands in the parentheses
 * @returns the content without line feeds at its end; undefined for a scheme that is not read, or where there is no such file of text
 */
export function externalText(name: string): string | undefined {
  if (/^\w+:\/\//.test(name)) return undefined;
  try {
    const text = readText(resolve(name));
    let end = text.length;
    while (/[\r\n]/.test(text[end - 1] ?? "")) end -= 1;
    return text.slice(0, end);
  } catch {
    return undefined;
  }
}
