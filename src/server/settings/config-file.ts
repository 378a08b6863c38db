// The configuration file: tsgi.config.ts, .js or .json. It is read anew each time, so that a reload sees what has changed.
import { existsSync, readFileSync } from "node:fs";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { isFile } from "../../is-file.ts";
import { loadJiti } from "../../load-jiti.ts";
import { ownExports, PACKAGE_ROOT } from "../../own-exports.ts";
import { didYouMean } from "../../nearest-name.ts";
import { describeThrown, userStack } from "../../guests/typescript/user-stack.ts";
import { SERVER_EXIT_CODES, ServerError, SettingError } from "../errors.ts";
import { HOOKS, type HookName, type Hooks } from "./hooks.ts";
import { type Given, type Layer, shown } from "./layer.ts";
import { NOT_SUPPORTED } from "./not-supported.ts";
import { kebabCase, type Setting } from "./setting.ts";
import { isSettingName, SETTINGS, settingList } from "./table.ts";

const STEM = "tsgi.config";
const EXTENSIONS = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"] as const;

/** What a configuration file says. */
export interface ConfigFile {
  /** Absolute path. */
  readonly path: string;
  readonly layer: Layer;
  readonly hooks: Hooks;
  /** `tsgi.config.ts:12` by the name of the hook. */
  readonly hookOrigins: Readonly<Partial<Record<HookName, string>>>;
}

/** The configuration file cannot be read, or its own code threw. */
export class ConfigFileError extends ServerError {
  constructor(message: string, options?: ErrorOptions & { detail?: string }) {
    super(SERVER_EXIT_CODES.usage, "ERR_TSGI_CONFIG_FILE", message, options);
  }
}

/**
 * Finds the configuration file of a directory.
 *
 * @returns an absolute path; undefined when there is none
 * @throws ConfigFileError when there are several
 */
export function findConfigFile(directory: string): string | undefined {
  const found = EXTENSIONS.map((extension) => STEM + extension).filter((name) => existsSync(join(directory, name)));
  const [first, second] = found;
  if (second !== undefined) {
    throw new ConfigFileError(
      `Both ${first} and ${second} exist in ${directory}; remove one, or name one with --config`,
    );
  }
  return first === undefined ? undefined : join(directory, first);
}

/**
 * Reads a configuration file.
 *
 * @param path - relative ones to the directory; a prefix `file:` is allowed, as in gunicorn's
 * @param directory - what paths are shown relative to
 * @throws ConfigFileError when it cannot be read, SettingError when it holds something unknown
 */
export async function readConfigFile(path: string, directory: string): Promise<ConfigFile> {
  const file = resolve(directory, path.replace(/^file:(?:\/\/(?=\/))?/, ""));
  if (!isFile(file)) {
    throw new ConfigFileError(`Cannot read the configuration file "${path}": no such file (looked for ${file})`);
  }
  const content = await loadContent(file);
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new ConfigFileError(
      `Cannot use the configuration file "${path}": expected ${file.endsWith(".json") ? "an object" : "an object as its default export"}, got ${shown(content)}`,
    );
  }
  return sort(content as Readonly<Record<string, unknown>>, file, directory);
}

/** Parts what the file holds into settings and hooks. */
function sort(content: Readonly<Record<string, unknown>>, file: string, directory: string): ConfigFile {
  const name = shortName(file, directory);
  const lines = readFileSync(file, "utf8").split("\n");
  const layer: Given[] = [];
  const hooks: Record<string, unknown> = {};
  const hookOrigins: Partial<Record<HookName, string>> = {};
  for (const [key, raw] of Object.entries(content)) {
    const line = lineOf(key, lines);
    const origin = line === undefined ? name : `${name}:${line}`;
    if (raw === undefined) continue;
    if (isHookName(key)) {
      if (typeof raw !== "function")
        throw new SettingError(`Cannot use ${key}: ${shown(raw)} (${origin}): expected a function`);
      hooks[key] = raw;
      hookOrigins[key] = origin;
    } else if (isSettingName(key) && (SETTINGS[key] as Setting).isNotForFile !== true) {
      layer.push({ name: key, raw, origin, place: `${key}: ${shown(raw)} (${origin})` });
    } else {
      throw new SettingError(`${explainKey(key)} (${origin})`);
    }
  }
  return { path: file, layer, hooks, hookOrigins };
}

function isHookName(key: string): key is HookName {
  return Object.hasOwn(HOOKS, key);
}

/** Says what is wrong with a key, and what was probably meant. */
function explainKey(key: string): string {
  if (isSettingName(key)) return `The setting "${key}" is for the command line and the environment alone`;
  const plain = plainName(key);
  const unsupported = NOT_SUPPORTED.find(({ name }) => plainName(name) === plain);
  if (unsupported !== undefined) return `The setting "${key}" is not supported: ${unsupported.why}`;
  const same = settingList().find(([name, setting]) => {
    const names = [name, setting.gunicorn, setting.flag, ...(setting.aliases ?? [])];
    return names.some((other) => typeof other === "string" && plainName(other) === plain);
  });
  if (same !== undefined) return `Unknown setting "${key}"; did you mean "${same[0]}"`;
  const names = [...settingList().map(([name]) => name), ...Object.keys(HOOKS)];
  const hook = Object.keys(HOOKS).find((name) => plainName(name) === plain);
  return `Unknown setting "${key}"${hook === undefined ? didYouMean(key, names) : `; did you mean "${hook}"`}`;
}

function plainName(name: string): string {
  return kebabCase(name).replaceAll(/[-_]/g, "").toLowerCase();
}

/** The line, from 1, on which a key is written; undefined when it is not written in the file itself. */
function lineOf(key: string, lines: readonly string[]): number | undefined {
  const written = new RegExp(`(?:^|[\\s{,])(["'\`]?)${key.replaceAll(/[^\w]/g, String.raw`\$&`)}\\1\\s*(?:[:(,}]|$)`);
  const index = lines.findIndex((line) => written.test(line) && !/^\s*(?:\/\/|\*|import\b)/.test(line));
  return index === -1 ? undefined : index + 1;
}

async function loadContent(file: string): Promise<unknown> {
  if (file.endsWith(".json")) return readJson(file);
  // Node's own loader would keep what it has once imported; jiti reads the file and what that imports again.
  const jiti = loadJiti().createJiti(file, {
    interopDefault: false,
    moduleCache: false,
    fsCache: false,
    alias: ownExports(),
  });
  let namespace: unknown;
  try {
    // Forced, because jiti leaves ES modules in JavaScript to Node.
    const options = { filename: file, async: true, forceTranspile: true };
    namespace = await jiti.evalModule(readFileSync(file, "utf8"), options);
  } catch (error) {
    const reason = describeThrown(error).replaceAll(/\s*\n\s*/g, " ");
    throw new ConfigFileError(`Cannot load the configuration file "${file}": ${reason}`, {
      cause: error,
      detail: userStack(error, PACKAGE_ROOT),
    });
  }
  return contentOf(namespace);
}

/** The default export, and other exports beside it; for CommonJS its exports. */
function contentOf(namespace: unknown): unknown {
  if (typeof namespace !== "object" || namespace === null) return namespace;
  const { default: main, ...others } = namespace as Readonly<Record<string, unknown>>;
  if (main === undefined) return others;
  return typeof main === "object" && main !== null && !Array.isArray(main) ? { ...others, ...main } : main;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigFileError(`Cannot read the configuration file "${file}": ${reason}`, { cause: error });
  }
}

function shortName(file: string, directory: string): string {
  const path = relative(directory, file);
  return path.startsWith("..") || isAbsolute(path) ? file : path === "" ? basename(file) : path;
}
