// All settings in one table, and the types that derive from it.
import { DEBUGGING } from "./debugging.ts";
import type { Hooks } from "./hooks.ts";
import { LIMITS } from "./limits.ts";
import { LOGGING } from "./logging.ts";
import { PROCESS } from "./process.ts";
import { type InputOf, type Setting, type ValueOf } from "./setting.ts";
import { SOCKET } from "./socket.ts";
import { TIMEOUTS } from "./timeouts.ts";
import { TLS } from "./tls.ts";
import { TRUST } from "./trust.ts";
import { WATCHING } from "./watching.ts";
import { WORKERS } from "./workers.ts";

/** The sections in the order of help and documentation. */
export const SECTIONS = [SOCKET, WORKERS, TIMEOUTS, LIMITS, TRUST, TLS, LOGGING, WATCHING, PROCESS, DEBUGGING] as const;

/** Every declaration by its name. */
export const SETTINGS = {
  ...SOCKET.settings,
  ...WORKERS.settings,
  ...TIMEOUTS.settings,
  ...LIMITS.settings,
  ...TRUST.settings,
  ...TLS.settings,
  ...LOGGING.settings,
  ...WATCHING.settings,
  ...PROCESS.settings,
  ...DEBUGGING.settings,
};

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS;

/** Every setting with its value. It is plain data, so it can be stored as JSON. */
export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };

/** Settings that a configuration file may not hold. */
type NotForFile = {
  [Name in SettingName]: (typeof SETTINGS)[Name] extends { isNotForFile: true } ? Name : never;
}[SettingName];

/** The contents of a configuration file: settings and hooks, all optional. */
export type Config = {
  readonly [Name in Exclude<SettingName, NotForFile>]?: InputOf<(typeof SETTINGS)[Name]> | undefined;
} & Hooks;

/** Name and declaration of every setting, in order. */
export function settingList(): readonly (readonly [SettingName, Setting])[] {
  return Object.entries(SETTINGS) as [SettingName, Setting][];
}

/** Whether a text is the name of a setting. */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
