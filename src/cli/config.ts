// tsgi config: explains, draws and checks a configuration file without serving it. What does the work is imported only then.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Option, type Command } from "../commander.ts";
import { chosenFrom } from "./command-form.ts";
import type { GuestResolver } from "../deploy/guest-resolver.ts";
import type { ObjectType } from "../deploy/object-type.ts";

/** What the commands need from the program around them. */
export interface ConfigCommandOptions {
  /** Other languages in which `check` searches factories. @default none */
  readonly guests?: () => Promise<readonly GuestResolver[]>;
}

interface TypeOption {
  readonly type: ObjectType;
}

interface GraphOption extends TypeOption {
  readonly svg?: string | true;
}

interface CheckOption {
  readonly import: boolean;
}

const FILE_HELP = "app.ini, or app.ini#name";
const VARIABLES_HELP = "KEY=value: a value for every globalConf, as the caller of the loader gives it";

/**
 * Adds `config explain`, `config graph` and `config check` to the program. A mistake in a file is thrown as a DeployError, with
 * its exit code; `check` prints all of them and sets exit code 1.
 *
 * @param program - of commander
 */
export function registerConfigCommand(program: Command, options: ConfigCommandOptions = {}): void {
  const config = program.command("config").description("Explains, draws or checks a configuration file (INI).");
  config
    .command("explain")
    .description("Prints where each value comes from: file, line, section and key.")
    .argument("<file>", FILE_HELP)
    .argument("[words...]", `KEY: show this one alone; ${VARIABLES_HELP}`)
    .addOption(typeOption())
    .action(explainFile);
  config
    .command("graph")
    .description("Draws how applications and filters are nested and mounted.")
    .argument("<file>", FILE_HELP)
    .argument("[variables...]", VARIABLES_HELP)
    .addOption(typeOption())
    .option("--svg [path]", "draw SVG, into a file or to standard output")
    .action(graphFile);
  config
    .command("check")
    .description(
      "Checks every section, finds every factory and reads the options of TSGI's filters; exit code 1 when there is an error.",
    )
    .argument("<file>", "app.ini")
    .argument("[variables...]", VARIABLES_HELP)
    .option("--no-import", "do not import the modules of the factories")
    .action(async (file: string, variables: string[], settings: CheckOption) =>
      checkFile(file, variables, settings.import, options),
    );
}

function typeOption(): Option {
  const types: readonly ObjectType[] = ["application", "filter", "server"];
  return chosenFrom(new Option("--type <type>", "type of the object"), "type", types).default("application");
}

async function explainFile(file: string, words: readonly string[], { type }: TypeOption): Promise<void> {
  const [{ asGlobalConf }, { explain, formatExplanation }, { configUri }] = await Promise.all([
    import("../deploy/converters.ts"),
    import("../deploy/explain.ts"),
    import("../deploy/uri.ts"),
  ]);
  const globalConf = asGlobalConf(words.filter((word) => word.includes("=")));
  const keys = words.filter((word) => !word.includes("="));
  const objects = explain(configUri(file, process.cwd()), { wanted: type, globalConf, keys });
  if (objects.some(({ values }) => values.length > 0) || keys.length === 0) return print(formatExplanation(objects));
  process.stderr.write(`tsgi: No value "${keys.join('" or "')}" in ${file}\n`);
  process.exitCode = 1;
}

async function graphFile(file: string, variables: readonly string[], { type, svg }: GraphOption): Promise<void> {
  const [{ asGlobalConf }, { formatGraph, graph, svgGraph }, { configUri }] = await Promise.all([
    import("../deploy/converters.ts"),
    import("../deploy/graph.ts"),
    import("../deploy/uri.ts"),
  ]);
  const drawing = graph(configUri(file, process.cwd()), { wanted: type, globalConf: asGlobalConf(variables) });
  if (svg === undefined) print(formatGraph(drawing));
  else if (svg === true) process.stdout.write(svgGraph(drawing));
  else writeFileSync(resolve(svg), svgGraph(drawing));
}

async function checkFile(
  file: string,
  variables: readonly string[],
  isImporting: boolean,
  options: ConfigCommandOptions,
): Promise<void> {
  const [{ asGlobalConf }, { checkConfig, formatProblems }, { checkIniServers }] = await Promise.all([
    import("../deploy/converters.ts"),
    import("../deploy/check.ts"),
    import("../server/loading/ini-server.ts"),
  ]);
  const guests = isImporting ? ((await options.guests?.()) ?? []) : [];
  const path = file.replace(/#.*/s, "");
  const globalConf = asGlobalConf(variables);
  const problems = await checkConfig(path, { isImporting, guests, globalConf });
  problems.push(...checkIniServers(path, globalConf));
  print(formatProblems(problems));
  if (problems.some(({ level }) => level === "error")) process.exitCode = 1;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
