// The settings that [server:NAME] of a configuration file gives. The command serves by itself, whatever the section's `use` names.
// Source: PasteDeploy's [server:main] as pserve reads it; gunicorn ignores the section since 20.0.
import { resolve } from "node:path";
import type { Context } from "../deploy/context.ts";
import { serverConfig } from "../deploy/load.ts";
import { splitSectionName } from "../deploy/object-type.ts";
import { emitDeployWarning, Session, type WarningListener } from "../deploy/session.ts";
import type { Setting as IniSetting, Settings as IniSettings } from "../deploy/settings.ts";
import { configPath, splitUri } from "../deploy/uri.ts";
import { didYouMean } from "../nearest-name.ts";
import { SettingError } from "./errors.ts";
import { isIniTarget, parseIniTarget } from "./ini-target.ts";
import { argumentsLayer, type Environment, environmentLayer } from "./settings/environment.ts";
import { type Given, type Layer, shown } from "./settings/layer.ts";
import { kebabCase } from "./settings/setting.ts";
import { type SettingName, settingList, SETTINGS } from "./settings/table.ts";

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
  if (serverName === undefined && !hasMainServer(uri, from)) return commandLine;
  const settings = { name: serverName ?? "main", relativeTo: from, globalConf: parts.globalConf, onWarning };
  const { context } = serverConfig(uri, settings);
  const { locals, section } = context;
  const stronger = new Set(
    [...commandLine, ...argumentsLayer(environment), ...environmentLayer(environment)].map(({ name }) => name),
  );
  const given = [
    ...bindOf(locals, parts.file, section),
    ...settingsOf(locals, parts.file, section, isOwnServer(context) ? null : onWarning),
  ];
  return [...given.filter(({ name }) => !stronger.has(name)), ...commandLine];
}

function hasMainServer(uri: string, directory: string): boolean {
  const file = new Session(() => {}).readFile(configPath(splitUri(uri, null).path, directory), {});
  return [...file.sections.keys()].some((section) => {
    const parts = splitSectionName(section);
    return parts?.prefix === "server" && parts.name?.trim() === "main";
  });
}

/** Whether the section is written for this server, so that every key has to be a setting. */
function isOwnServer(context: Context): boolean {
  return context.kind === "factory" && context.reference.kind === "egg" && context.reference.distribution === "tsgi";
}

function bindOf(locals: IniSettings, file: string, section: string | null): Given[] {
  const setting = [...ADDRESS_KEYS].map((key) => locals.get(key)).find((each) => each !== undefined);
  if (setting === undefined || locals.has("bind")) return [];
  const { origin, place } = whereabouts(setting, file, section);
  return [{ name: "bind", raw: addresses(locals), origin, place }];
}

function addresses(locals: IniSettings): string[] {
  const path = locals.get("unix_socket")?.value;
  if (path !== undefined) return [`unix:${path}`];
  const listen = locals.get("listen")?.value.trim();
  if (listen !== undefined) return listen.split(/\s+/).map((each) => each.replace(/^\*:/, "0.0.0.0:"));
  const host = locals.get("host")?.value ?? DEFAULT_HOST;
  if (/^(?:unix:|fd:)/.test(host)) return [host];
  const port = locals.get("port")?.value ?? DEFAULT_PORT;
  return [`${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`];
}

function settingsOf(
  locals: IniSettings,
  file: string,
  section: string | null,
  onWarning: WarningListener | null,
): Given[] {
  const layer: Given[] = [];
  for (const [key, setting] of locals) {
    if (ADDRESS_KEYS.has(key)) continue;
    const name = settingName(key);
    const { origin, place } = whereabouts(setting, file, section);
    if (name !== undefined) {
      layer.push({ name, raw: rawOf(name, setting.value), origin, place });
      continue;
    }
    const problem = `Unknown setting "${key}"${didYouMean(
      key,
      settingList().map(([each]) => snakeCase(each)),
    )}`;
    if (onWarning === null) throw new SettingError(`${problem} (${place})`);
    onWarning({ ...setting.origin, message: `${problem}; it is ignored` });
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

function whereabouts(setting: IniSetting, file: string, section: string | null): Pick<Given, "origin" | "place"> {
  const { key = "", line, section: written = section } = setting.origin;
  const origin = line === undefined ? file : `${file}:${line}`;
  return { origin, place: `${key} = ${shown(setting.value)} in [${written ?? ""}] (${origin})` };
}
