// Conditions and loops of uWSGI's configuration files, and what `@(…)` in a value reads. Source: uWSGI's documentation, "Configuration
// logic" and "How uWSGI parses config files".
import { existsSync, readFileSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { resolve } from "node:path";

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
    const [, name = "", wanted] = /^([^=]*?)\s*(?:=\s*(.*))?$/s.exec(value) ?? [];
    return environment[name] !== undefined && (wanted === undefined || environment[name] === wanted);
  },
  exists: (value) => existsSync(value),
  file: (value) => statSync(value, { throwIfNoEntry: false })?.isFile() === true,
  dir: (value) => statSync(value, { throwIfNoEntry: false })?.isDirectory() === true,
  opt: (value, { said }) => said.has(value.replace(/\s*=\s*/, "=")),
  // A reload of uWSGI executes itself anew; here no process is ever a reload of another.
  reload: () => false,
  hostname: (value) => value === hostname(),
  uid: (value) => value === String(userInfo().uid) || value === userInfo().username,
};

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
 * @returns the content without line feeds at its end; undefined for a scheme that is not read, or where there is no such file
 */
export function externalText(name: string): string | undefined {
  if (/^\w+:\/\//.test(name)) return undefined;
  try {
    return readFileSync(resolve(name), "utf8").replace(/[\r\n]+$/, "");
  } catch {
    return undefined;
  }
}
