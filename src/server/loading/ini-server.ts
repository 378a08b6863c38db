// The settings that [server:NAME] of a configuration file gives. The command serves by itself, whatever the section's `use` names.
// Source: PasteDeploy's [server:main] as pserve reads it; gunicorn ignores the section since 20.0.
import { resolve } from "node:path";
import type { Context } from "../../deploy/context.ts";
import type { ConfigProblem } from "../../deploy/check.ts";
import { DeployError, describePlace } from "../../deploy/errors.ts";
import { type LoadOptions, serverConfig } from "../../deploy/load.ts";
import { SectionIndex } from "../../deploy/section-index.ts";
import { emitDeployWarning, LoadSession, type WarningListener } from "../../deploy/load-session.ts";
import type { Configuration, OriginValue, OriginValues } from "../../deploy/origin-values.ts";
import { configPath, configUri, splitUri } from "../../deploy/uri.ts";
import { didYouMean } from "../../nearest-name.ts";
import { SettingError } from "../errors.ts";
import { isIniTarget, parseIniTarget } from "./ini-target.ts";
import { argumentsLayer, type Environment, environmentLayer } from "../settings/environment.ts";
import { checkLayer, type Given, type Layer, shown } from "../settings/layer.ts";
import { kebabCase } from "../settings/setting.ts";
import { type SettingName, settingList, SETTINGS } from "../settings/table.ts";

/** Which section is read, and against what. */
export interface IniServerOptions {
  /** NAME of `[server:NAME]`. @default "main", if there is one */
  readonly serverName?: string | undefined;
  /** @default the environment of the process */
  readonly environment?: Environment;
  /** @default the working directory */
  readonly directory?: string;
  /** Gets a word about keys that mean nothing here. @default process.emitWarning */
  readonly onWarning?: WarningListener;
}

/** Keys which together say where to listen, in the words of Paste, waitress and pserve. */
const ADDRESS_KEYS = new Set(["host", "port", "listen", "unix_socket"]);
const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = "8000";

/**
 * Puts the settings of a target's `[server:NAME]` behind those of the command line: they yield to it and to the environment, and beat
 * everything else.
 *
 * @param target - any; only an INI file has such a section
 * @param commandLine - the settings that were given there
 * @throws SettingError for a key of TSGI's own server that no setting has, or a section that was asked for but is not there
 * @throws DeployError for a mistake in the file
 */
export function withIniServer(target: string | undefined, commandLine: Layer, options: IniServerOptions = {}): Layer {
  const { serverName, environment = process.env, directory = process.cwd(), onWarning = emitDeployWarning } = options;
  const chdir = commandLine.findLast(({ name }) => name === "chdir")?.raw;
  const from = resolve(directory, typeof chdir === "string" ? chdir : ".");
  const parts = target !== undefined && isIniTarget(target) ? parseIniTarget(target, from) : null;
  if (parts === null || parts.file === null) {
    if (serverName === undefined) return commandLine;
    throw new SettingError(`Cannot use --server-name ${shown(serverName)}: expected an INI file as the target`);
  }
  const uri = parts.uri.replace(/#.*/s, "");
  if (serverName === undefined && !serverNames(uri, from).includes("main")) return commandLine;
  const settings = { name: serverName ?? "main", relativeTo: from, globalConf: parts.globalConf, onWarning };
  const stronger = new Set(
    [...commandLine, ...argumentsLayer(environment), ...environmentLayer(environment)].map(({ name }) => name),
  );
  try {
    const given = serverLayer(uri, parts.file, settings, onWarning);
    return [...given.filter(({ name }) => !stronger.has(name)), ...commandLine];
  } catch (error) {
    // Somebody who has said where to listen need not have the section at all, as with gunicorn, which does not read it.
    if (!(error instanceof DeployError) || serverName !== undefined || !stronger.has("bind")) throw error;
    onWarning({ message: `Section [server:main] is left out: ${error.message}` });
    return commandLine;
  }
}

/**
 * Checks every `[server:NAME]` of a file as the command would read it.
 *
 * @param file - absolute, or relative to the working directory
 * @param globalConf - values of the caller
 * @returns a problem for each section that cannot be served with, and for each key that would be ignored; what keeps the file from
 *   being read is left to `checkConfig`
 */
export function checkIniServers(file: string, globalConf: Configuration = {}): ConfigProblem[] {
  const directory = process.cwd();
  const uri = configUri(file, directory);
  const problems: ConfigProblem[] = [];
  const onUnknown: WarningListener = ({ message, ...place }) => {
    problems.push({ ...place, level: "warning", message: message + describePlace(place) });
  };
  const collect = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      if (error instanceof SettingError) problems.push({ level: "error", message: error.message });
      else if (!(error instanceof DeployError)) throw error;
    }
  };
  collect(() => {
    for (const name of serverNames(uri, directory)) {
      const options = { name, relativeTo: directory, globalConf, onWarning: () => {} };
      collect(() => void checkLayer(serverLayer(uri, file, options, onUnknown)));
    }
  });
  return problems;
}

/** A section, as far as messages name it. */
interface Source {
  /** The file as it was written, and its absolute path. */
  readonly file: string;
  readonly path: string | null;
  readonly section: string | null;
}

/** What one section gives. */
function serverLayer(uri: string, file: string, options: LoadOptions, onUnknown: WarningListener): Given[] {
  const { context } = serverConfig(uri, options);
  const source: Source = { file, path: context.loader.filename, section: context.section };
  return [
    ...bindOf(context.locals, source),
    ...settingsOf(context.locals, source, isOwnServer(context) ? null : onUnknown),
  ];
}

function serverNames(uri: string, directory: string): string[] {
  const file = new LoadSession(() => {}).readFile(configPath(splitUri(uri, null).path, directory), {});
  return new SectionIndex(file).names("server");
}

/** Whether the section is written for this server, so that every key has to be a setting. */
function isOwnServer(context: Context): boolean {
  return context.kind === "factory" && context.reference.kind === "egg" && context.reference.distribution === "tsgi";
}

function bindOf(locals: OriginValues, source: Source): Given[] {
  const port = locals.get("port");
  // Of host and port, the one that is to blame if there is something wrong.
  const isPortWrong = port !== undefined && !/^\d+$/.test(port.value);
  const settings = [...ADDRESS_KEYS].map((key) => locals.get(key)).filter((each) => each !== undefined);
  const [setting] = isPortWrong && !locals.has("listen") && !locals.has("unix_socket") ? [port] : settings;
  if (setting === undefined || locals.has("bind")) return [];
  const { origin, place } = whereabouts(setting, source);
  return [{ name: "bind", raw: addresses(locals), origin, place }];
}

function addresses(locals: OriginValues): string[] {
  const path = locals.get("unix_socket")?.value;
  if (path !== undefined) return [`unix:${path}`];
  const listen = locals.get("listen")?.value.trim();
  if (listen !== undefined) return listen.split(/\s+/).map((each) => each.replace(/^\*:/, "0.0.0.0:"));
  const host = locals.get("host")?.value ?? DEFAULT_HOST;
  if (/^(?:unix:|fd:)/.test(host)) return [host];
  const port = locals.get("port")?.value ?? DEFAULT_PORT;
  return [`${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`];
}

function settingsOf(locals: OriginValues, source: Source, onUnknown: WarningListener | null): Given[] {
  const layer: Given[] = [];
  for (const [key, setting] of locals) {
    if (ADDRESS_KEYS.has(key)) continue;
    const name = settingName(key);
    const { origin, place } = whereabouts(setting, source);
    if (name !== undefined) {
      layer.push({ name, raw: rawOf(name, setting.value), origin, place });
      continue;
    }
    const problem = `Unknown setting "${key}"${didYouMean(
      key,
      settingList().map(([each]) => snakeCase(each)),
    )}`;
    if (onUnknown === null) throw new SettingError(`${problem} (${place})`);
    onUnknown({ ...setting.origin, message: `${problem}; it is ignored` });
  }
  return layer;
}

/** A list may stand on several lines. */
function rawOf(name: SettingName, value: string): unknown {
  return SETTINGS[name].type === "list" && value.includes("\n")
    ? value
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "")
    : value;
}

/** The setting of a key, in any spelling: `maxRequests`, `max_requests`, `max-requests`, or gunicorn's name. */
function settingName(key: string): SettingName | undefined {
  const plain = plainName(key);
  const found = settingList().find(([name, { gunicorn, flag, aliases = [], isNotForFile }]) => {
    const names = [name, gunicorn, flag, ...aliases];
    return isNotForFile !== true && names.some((each) => typeof each === "string" && plainName(each) === plain);
  });
  return found?.[0];
}

function plainName(name: string): string {
  return name.replaceAll(/[-_ ]/g, "").toLowerCase();
}

function snakeCase(name: string): string {
  return kebabCase(name).replaceAll("-", "_");
}

function whereabouts(setting: OriginValue, { file, path, section }: Source): Pick<Given, "origin" | "place"> {
  const { key = "", line, file: holder = path, section: written = section } = setting.origin;
  const name = holder === null || holder === path ? file : holder;
  const origin = line === undefined ? name : `${name}:${line}`;
  return { origin, place: `${key} = ${shown(setting.value)} in [${written ?? ""}] (${origin})` };
}
