// Settings in the environment: TSGI_<NAME>, TSGI_CMD_ARGS, and the variables that platforms set.
import { Command, CommanderError } from "../../commander.ts";
import { nearestName } from "../../nearest-name.ts";
import { SettingError } from "../errors.ts";
import { addSettings, settingsFromCommand } from "./command-line.ts";
import { type Given, type Layer, shown } from "./layer.ts";
import { variableOf } from "./setting.ts";
import { settingList } from "./table.ts";
import { splitWords } from "./split-words.ts";
import { usageMessage } from "./usage-message.ts";

/** Variables of the process, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = "TSGI_";
const ARGUMENTS = "TSGI_CMD_ARGS";

/**
 * The settings in variables of their own. An empty variable counts as none.
 *
 * @throws SettingError for a variable that looks like a mistyped setting. Others that begin with TSGI_ are let be: Kubernetes, for
 *   example, sets TSGI_SERVICE_HOST for a service of that name
 */
export function environmentLayer(environment: Environment): Layer {
  const layer: Given[] = [];
  const known = new Set<string>([ARGUMENTS]);
  for (const [name, setting] of settingList()) {
    const variable = variableOf(name, setting);
    if (variable === null) continue;
    known.add(variable);
    const raw = environment[variable];
    if (raw !== undefined && raw !== "") layer.push(fromVariable({ name, raw }, variable));
  }
  for (const [variable, raw] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || known.has(variable) || raw === undefined) continue;
    const names = [...known].map((each) => each.slice(PREFIX.length));
    const nearest = nearestName(variable.slice(PREFIX.length), names);
    if (nearest === undefined) continue;
    throw new SettingError(`Unknown setting in the environment variable ${variable}; did you mean ${PREFIX}${nearest}`);
  }
  return layer;
}

/**
 * The variables of platforms that replace a default: PORT, WEB_CONCURRENCY, FORWARDED_ALLOW_IPS.
 *
 * @throws SettingError when one has another form
 */
export function fallbackLayer(environment: Environment): Layer {
  const layer: Given[] = [];
  for (const [name, { fallback }] of settingList()) {
    const raw = fallback === undefined ? undefined : environment[fallback.variable];
    if (fallback === undefined || raw === undefined || raw === "") continue;
    if (fallback.pattern?.test(raw) === false) {
      throw new SettingError(
        `Cannot use the environment variable ${fallback.variable}=${shown(raw)}: expected ${fallback.expected ?? "another form"}`,
      );
    }
    layer.push({ ...fromVariable({ name, raw }, fallback.variable), raw: (fallback.form ?? "%").replace("%", raw) });
  }
  return layer;
}

/**
 * The settings in TSGI_CMD_ARGS, written as on the command line.
 *
 * @throws SettingError when it holds anything else
 */
export function argumentsLayer(environment: Environment): Layer {
  const words = splitWords(environment[ARGUMENTS] ?? "", ARGUMENTS);
  if (words.length === 0) return [];
  const command = new Command("tsgi")
    .exitOverride()
    .helpOption(false)
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => {} });
  addSettings(command);
  try {
    command.parse(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new SettingError(`Cannot use ${ARGUMENTS}: ${usageMessage(error.message)}`, { cause: error });
  }
  return settingsFromCommand(command, ARGUMENTS);
}

function fromVariable(given: Pick<Given, "name" | "raw">, variable: string): Given {
  return { ...given, origin: variable, place: `the environment variable ${variable}=${shown(given.raw)}` };
}
