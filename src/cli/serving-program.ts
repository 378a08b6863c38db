// The program that serves, as commander knows it: a target, its variables and the settings. Most starts need no more of the command line;
// commander takes its time for each command and each option that it is told.
import { readFileSync } from "node:fs";
import { Command } from "../commander.ts";
import { nearestName } from "../nearest-name.ts";
import { isIniTarget } from "../server/loading/ini-target.ts";
import { addSettings, flagsAmong, settingsFromCommand } from "../server/settings/command-line.ts";
import { giveForm } from "./command-form.ts";
import { COMMAND_NAMES } from "./command-names.ts";
import { exitCodeOf, ExcessArgumentError, UsageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { iniArguments, SERVER_NAME_HELP, splitOperands, withArguments } from "./ini-arguments.ts";
import type { ArgumentReader } from "./serve.ts";

/** Options of the program that are no settings. */
const OWN_OPTIONS = ["--server-name"];

/**
 * Builds the program without its commands and its help.
 *
 * @param argv - the arguments that it will be given
 * @param version - of this package
 * @param flags - of the settings that it gets. @default all
 */
export function servingProgram(argv: readonly string[], version: string, flags?: ReadonlySet<string>): Command {
  const program = new Command("tsgi")
    .description("Serves a web application: TypeScript, JavaScript, Python, Ruby, Perl, PHP, CGI.")
    .argument("[target]")
    .argument("[variables...]")
    .option("--server-name <name>", SERVER_NAME_HELP)
    .enablePositionalOptions()
    .action(async (named: string | undefined, operands: readonly string[], options: { serverName?: string }) => {
      const { serve } = await import("./serve.ts");
      const directory = process.cwd();
      const isIni = named !== undefined && isIniTarget(named);
      const [variables, rest] = isIni ? [operands, []] : splitOperands(operands, argv);
      const given = withArguments(settingsFromCommand(program), rest);
      const read: ArgumentReader = () => iniArguments(named, variables, given, options.serverName, directory);
      // Nothing may keep a stopped server alive: an application's timer or connection would.
      process.exit(await serve(read, version).catch((error: unknown) => failed(error, named)));
    });
  addSettings(program, flags);
  giveForm(program);
  return program;
}

/**
 * Finds the flags of arguments that can mean nothing but a target to serve.
 *
 * @returns null when a command may be meant, or when there is an option that is no setting
 */
export function servingFlags(argv: readonly string[]): ReadonlySet<string> | null {
  return argv.some((word) => COMMAND_NAMES.includes(word)) ? null : flagsAmong(argv, OWN_OPTIONS);
}

/** The version of this package. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}

/** @throws the error, or that a command was meant, where a target that is nothing else resembles one */
function failed(error: unknown, target = ""): never {
  const isUnknown = exitCodeOf(error) === EXIT_CODES.notFound || error instanceof ExcessArgumentError;
  const meant = isUnknown && /^[a-z]+$/.test(target) ? nearestName(target, COMMAND_NAMES) : undefined;
  if (meant === undefined) throw error;
  throw new UsageError(`Cannot find "${target}"; did you mean the command "${meant}"`, { cause: error });
}
