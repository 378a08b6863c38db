// Resolves the settings: command line > TSGI_CMD_ARGS > environment > configuration file > default of the platform > default.
import { SettingError } from "../errors.ts";
import { findConfigFile, readConfigFile } from "./config-file.ts";
import { argumentsLayer, type Environment, environmentLayer, fallbackLayer } from "./environment.ts";
import type { HookName, Hooks } from "./hooks.ts";
import { type Checked, checkLayer, type Layer } from "./layer.ts";
import { type SettingName, type Settings, settingList } from "./table.ts";

/** Where settings come from. */
export interface SettingSources {
  /** From `settingsFromCommand`. @default none */
  readonly commandLine?: Layer;
  /** @default the environment of the process */
  readonly environment?: Environment;
  /** Where a configuration file is looked for. @default the current directory */
  readonly directory?: string;
}

/** Settings with all that is known about them. */
export interface ResolvedSettings {
  readonly settings: Settings;
  /** The hooks of the configuration file. */
  readonly hooks: Hooks;
  /** Where each value comes from: `--workers`, `TSGI_WORKERS`, `tsgi.config.ts:4`, `default`. */
  readonly origins: Readonly<Record<SettingName, string>>;
  readonly hookOrigins: Readonly<Partial<Record<HookName, string>>>;
}

/** The origin of what nobody has set. */
export const DEFAULT_ORIGIN = "default";

/**
 * Resolves all settings. The configuration file is read anew each time.
 *
 * @returns the settings (`configFile` is the absolute path of the file that was read), the hooks, and where all that comes from
 * @throws SettingError for an unknown or wrong setting, wherever it is, even where a stronger source overrides it
 * @throws ConfigFileError when the configuration file cannot be read
 * @example
 * const { settings, hooks } = await resolveSettings({ commandLine: settingsFromCommand(program) });
 */
export async function resolveSettings(sources: SettingSources = {}): Promise<ResolvedSettings> {
  const { environment = process.env, directory = process.cwd() } = sources;
  const strong = [sources.commandLine ?? [], argumentsLayer(environment), environmentLayer(environment)].map(
    checkLayer,
  );
  const named = pick(strong, "configFile");
  const path = named === undefined ? findConfigFile(directory) : (named.value as string); // checked to be a text
  const file = path === undefined ? undefined : await readConfigFile(path, directory);
  const layers = [...strong, checkLayer(file?.layer ?? []), checkLayer(fallbackLayer(environment))];

  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const [name, setting] of settingList()) {
    const given = pick(layers, name);
    values[name] = given === undefined ? setting.default : given.value;
    origins[name] = given?.origin ?? DEFAULT_ORIGIN;
  }
  values["configFile"] = file?.path ?? null;
  // Every value has passed the check of its declaration, from which the type derives.
  const resolved = { settings: values as Settings, origins: origins as Record<SettingName, string> };
  return { ...reconcile(resolved), hooks: file?.hooks ?? {}, hookOrigins: file?.hookOrigins ?? {} };
}

function pick(layers: readonly ReadonlyMap<SettingName, Checked>[], name: SettingName): Checked | undefined {
  return layers.find((layer) => layer.has(name))?.get(name);
}

/** Two names for one thing agree afterwards. */
function reconcile<T extends Pick<ResolvedSettings, "settings" | "origins">>(resolved: T): T {
  const { settings, origins } = resolved;
  if (!settings.reusePort || settings.dispatch === "reuse-port") {
    return { ...resolved, settings: { ...settings, reusePort: settings.dispatch === "reuse-port" } };
  }
  if (origins.dispatch !== DEFAULT_ORIGIN) {
    throw new SettingError(
      `Cannot use reusePort (${origins.reusePort}) beside dispatch "${settings.dispatch}" (${origins.dispatch}): expected one of them`,
    );
  }
  return {
    ...resolved,
    settings: { ...settings, dispatch: "reuse-port" },
    origins: { ...origins, dispatch: origins.reusePort },
  };
}
