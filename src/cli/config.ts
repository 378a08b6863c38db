// tsgi config: explains, draws and checks a configuration file without serving it.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { checkConfig, formatProblems } from "../deploy/check.ts";
import { asGlobalConf } from "../deploy/converters.ts";
import { DeployError } from "../deploy/errors.ts";
import { explain, formatExplanation } from "../deploy/explain.ts";
import { formatGraph, graph, svgGraph } from "../deploy/graph.ts";
import type { GuestResolver } from "../deploy/guest-resolver.ts";
import type { ObjectType } from "../deploy/object-type.ts";
import { configUri } from "../deploy/uri.ts";

/** What the commands need from the program around them. */
export interface ConfigCommandOptions {
  /** Other languages in which `check` searches factories. @default none */
  readonly guests?: () => Promise<readonly GuestResolver[]>;
}

interface TypeOption {
  readonly type: ObjectType;
}

/**
 * Adds `config explain`, `config graph` and `config check` to the program. A mistake in a file ends with exit code 1 and one
 * line on standard error.
 *
 * @param program - of commander
 */
export function registerConfigCommand(program: Command, options: ConfigCommandOptions = {}): void {
  const config = program.command("config").description("explain, draw or check a configuration file");
  config
    .command("explain")
    .description("print where each value comes from")
    .argument("<file>", "app.ini or app.ini#name")
    .argument("[words...]", "KEY to show it alone; KEY=value for a variable of the caller")
    .addOption(typeOption())
    .action(reporting(async (file: string, words: string[], { type }: TypeOption) => explainFile(file, words, type)));
  config
    .command("graph")
    .description("draw what wraps what, as text or SVG")
    .argument("<file>", "app.ini or app.ini#name")
    .argument("[variables...]", "KEY=value for a variable of the caller")
    .addOption(typeOption())
    .option("--svg [path]", "write SVG to a file, or to standard output")
    .action(
      reporting(async (file: string, variables: string[], { type, svg }: TypeOption & { svg?: string | true }) => {
        const globalConf = asGlobalConf(variables);
        const drawing = graph(configUri(file, process.cwd()), { wanted: type, globalConf });
        if (svg === undefined) print(formatGraph(drawing));
        else if (svg === true) process.stdout.write(svgGraph(drawing));
        else writeFileSync(resolve(svg), svgGraph(drawing));
      }),
    );
  config
    .command("check")
    .description("check every section of a file; exit code 1 when there is an error")
    .argument("<file>", "app.ini")
    .argument("[variables...]", "KEY=value for a variable of the caller")
    .option("--no-import", "do not import the modules of the factories")
    .action(
      reporting(async (file: string, variables: string[], { import: isImporting }: { import: boolean }) => {
        const guests = isImporting ? ((await options.guests?.()) ?? []) : [];
        const globalConf = asGlobalConf(variables);
        const problems = await checkConfig(file.replace(/#.*/s, ""), { isImporting, guests, globalConf });
        print(formatProblems(problems));
        if (problems.some(({ level }) => level === "error")) process.exitCode = 1;
      }),
    );
}

function typeOption(): Option {
  const types: readonly ObjectType[] = ["application", "filter", "server"];
  return new Option("--type <type>", "type of the object").choices(types).default("application");
}

function explainFile(file: string, words: readonly string[], wanted: ObjectType): void {
  const variables = words.filter((word) => word.includes("="));
  const keys = words.filter((word) => !word.includes("="));
  const options = { wanted, globalConf: asGlobalConf(variables) };
  const uri = configUri(file, process.cwd());
  const shown = keys.length === 0 ? explain(uri, options) : keys.flatMap((key) => explain(uri, { ...options, key }));
  const text = formatExplanation(keys.length === 0 ? shown : shown.filter(({ values }) => values.length > 0));
  if (text !== "") print(text);
  else {
    process.stderr.write(`No value "${keys.join('" or "')}" in ${file}\n`);
    process.exitCode = 1;
  }
}

/** Runs an action; a mistake in the configuration is told in one line, without a stack. */
function reporting<T extends unknown[]>(action: (...values: T) => Promise<void>): (...values: T) => Promise<void> {
  return async (...values) => {
    try {
      await action(...values);
    } catch (error) {
      if (!(error instanceof DeployError)) throw error;
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    }
  };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
