// The settings that a reload cannot change: what hangs on them is made once, when the server starts.
import { settingList, type SettingName, type Settings } from "./table.ts";

/** Names of these settings, from their declarations. */
export const AT_START_ONLY: readonly SettingName[] = settingList().flatMap(([name, setting]) =>
  setting.isForStartOnly === true ? [name] : [],
);

/** Settings as a reload can apply them. */
export interface AppliedSettings<T> {
  readonly settings: T;
  /** Those that were to change and stay. */
  readonly kept: readonly SettingName[];
}

/**
 * Lets settings that a reload cannot change keep their values.
 *
 * @param current - which hold now
 * @param wanted - which the configuration asks for
 */
export function keepAtStartOnly<T extends Settings>(current: Settings, wanted: T): AppliedSettings<T> {
  const kept = AT_START_ONLY.filter((name) => JSON.stringify(current[name]) !== JSON.stringify(wanted[name]));
  return { settings: { ...wanted, ...Object.fromEntries(kept.map((name) => [name, current[name]])) }, kept };
}
