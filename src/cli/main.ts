// The command line: reads the arguments and hands over to the file of the command, which is imported only then.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "../commander.ts";
import type { GuestResolver } from "../deploy/guest-resolver.ts";
import { detailOf } from "../server/errors.ts";
import { isIniTarget } from "../server/ini-target.ts";
import { addSettings, SETTINGS_HELP, settingsFromCommand } from "../server/settings/command-line.ts";
import { exitCodeOf } from "./errors.ts";
import { EXIT_CODES, exitCodesHelp } from "./exit-codes.ts";
import type { FetchOptions } from "./fetch.ts";
import { registerConfigCommand } from "./config.ts";
import { registerCtlCommand } from "./ctl.ts";
import { iniArguments, SERVER_NAME_HELP, splitOperands, VARIABLES_HELP, withArguments } from "./ini-arguments.ts";
import { registerImportCommand } from "./import.ts";
import { registerInitCommand } from "./init.ts";
import { registerReloadCommand } from "./reload-command.ts";
import type { ArgumentReader } from "./serve.ts";
import { registerTopCommand } from "./top.ts";

const TARGET_HELP =
  'file.ts, file.ts:attribute, module:attribute, module:factory("literal", 2) or file.ini#name; without an attribute: application, app, default export';

const EXAMPLES = `
Examples:
  tsgi app.ts                              serve the application of app.ts at http://127.0.0.1:8000
  tsgi shop.wsgi:application -b :8080      serve an export of shop/wsgi.ts on all interfaces
  tsgi 'shop.wsgi:makeApp("test")' --reload
  tsgi app.ini#site debug=true             serve what a section of an INI file composes
  tsgi manage.py -- runserver 8080         serve what a Python program would serve, where it would
  tsgi fetch app.ts '/items?page=2' -i     call the application without a server and print its answer
`;

/**
 * Runs the command and ends the process with its exit code; what fails is said on standard error.
 *
 * @param argv - the arguments after the name of the command
 */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await buildProgram(argv).parseAsync(argv, { from: "user" });
  } catch (error) {
    // Whatever an application has begun while it was loaded (a timer, a connection) must not keep a failed command alive.
    process.exit(error instanceof CommanderError ? exitCodeOfCommander(error) : report(error));
  }
}

function buildProgram(argv: readonly string[]): Command {
  const program = new Command("tsgi")
    .description("Serves a WSGI application written in TypeScript or JavaScript.")
    .version(packageVersion(), "-V, --version")
    .argument("[target]", TARGET_HELP)
    .argument("[variables...]", VARIABLES_HELP)
    .option("--server-name <name>", SERVER_NAME_HELP)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError('Run "tsgi --help" for the options')
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .configureOutput({ outputError: (text, write) => write(`tsgi: ${capitalize(text.replace(/^error: /, ""))}`) })
    .addHelpText("after", `\n${SETTINGS_HELP}\n${EXAMPLES}\n${exitCodesHelp()}`)
    .action(async (named: string | undefined, operands: readonly string[], options: { serverName?: string }) => {
      const { serve } = await import("./serve.ts");
      const directory = process.cwd();
      const isIni = named !== undefined && isIniTarget(named);
      const [variables, rest] = isIni ? [operands, []] : splitOperands(operands, argv);
      const given = withArguments(settingsFromCommand(program), rest);
      const read: ArgumentReader = () => iniArguments(named, variables, given, options.serverName, directory);
      // Nothing may keep a stopped server alive: an application's timer or connection would.
      process.exit(await serve(read, packageVersion()));
    });
  addSettings(program);
  program.addCommand(buildFetch());
  registerConfigCommand(program, { guests: pythonFactories });
  registerImportCommand(program);
  registerInitCommand(program);
  registerReloadCommand(program);
  registerTopCommand(program);
  registerCtlCommand(program);
  return program;
}

/** For `config check`, which imports modules but starts no application. */
async function pythonFactories(): Promise<GuestResolver[]> {
  const [{ PythonResolver }, { resolveSettings }] = await Promise.all([
    import("../server/python-resolver.ts"),
    import("../server/settings/resolve.ts"),
  ]);
  const { python } = (await resolveSettings()).settings;
  return [new PythonResolver({ isImporting: true, ...(python === null ? {} : { python }) })];
}

function buildFetch(): Command {
  return new Command("fetch")
    .description("Calls an application in this process, without a server, and prints the body of its answer.")
    .argument("<target>", TARGET_HELP)
    .argument("<path>", "path with query, or an absolute URL")
    .option("-X, --request <method>", "method (default: GET, or POST with data)")
    .option("-H, --header <line>", "request header 'Name: value'; repeatable", collect, [])
    .option("-d, --data <data>", "request body; @FILE reads a file, @- or - standard input, both unchanged")
    .option("-i, --include", "print status and headers before the body")
    .option("-o, --output <file>", "write to a file instead of standard output")
    .option(
      "-f, --fail",
      `exit with ${EXIT_CODES.httpError} when the status is 400 or above, without printing the body`,
    )
    .option("--validate", "hold the application to the contract, as the test client does")
    .exitOverride()
    .action(async (target: string, path: string, options: FetchOptions) => {
      const { fetchTarget } = await import("./fetch.ts");
      process.exit(await fetchTarget(target, path, options));
    });
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function exitCodeOfCommander(error: CommanderError): number {
  // Commander has printed its message, or the help or the version that was asked for, which end with 0.
  return error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.usage;
}

function report(error: unknown): number {
  const exitCode = exitCodeOf(error);
  const isKnown = exitCode !== undefined && error instanceof Error;
  const message = isKnown ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  const detail = isKnown ? detailOf(error) : "";
  process.stderr.write(`tsgi: ${message}\n${detail === "" ? "" : `${detail}\n`}`);
  return exitCode ?? EXIT_CODES.unexpected;
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
