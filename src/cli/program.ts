// The program as commander knows it: its commands, its options, and the one form of help and errors. Each command imports what does
// its work only when it runs.
import { readFileSync } from "node:fs";
import { Command } from "../commander.ts";
import type { GuestResolver } from "../deploy/guest-resolver.ts";
import { isIniTarget } from "../server/loading/ini-target.ts";
import { nearestName } from "../nearest-name.ts";
import { addSettings, settingsFromCommand } from "../server/settings/command-line.ts";
import { giveForm } from "./command-form.ts";
import { registerCGICommand } from "./cgi-command.ts";
import { registerCompletionCommand } from "./completion-command.ts";
import { registerConfigCommand } from "./config.ts";
import { registerCtlCommand } from "./ctl.ts";
import { exitCodeOf, ExcessArgumentError, UsageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { registerDoctorCommand } from "./doctor.ts";
import { registerExplainCommand } from "./explain-command.ts";
import { registerDropInCommands } from "./drop-in-command.ts";
import { registerFetchCommand } from "./fetch-command.ts";
import { registerHelpCommand } from "./help-command.ts";
import { registerImportCommand } from "./import.ts";
import { iniArguments, SERVER_NAME_HELP, splitOperands, withArguments } from "./ini-arguments.ts";
import { registerInitCommand } from "./init.ts";
import { formatMainHelp, helpExtent } from "./main-help.ts";
import { registerReloadCommand } from "./reload-command.ts";
import { registerLaneCheckCommand } from "./lane-check-command.ts";
import { registerRoutesCommands } from "./routes-command.ts";
import type { ArgumentReader } from "./serve.ts";
import { registerTopCommand } from "./top.ts";

/**
 * Builds the program.
 *
 * @param argv - the arguments that it will be given
 * @param runtimes - lines that `--version` prints below the version
 */
export function buildProgram(argv: readonly string[], runtimes: readonly string[] = []): Command {
  const version = packageVersion();
  const program = new Command("tsgi")
    .description("Serves a WSGI application written in TypeScript, JavaScript or Python.")
    .version([version, ...runtimes].join("\n"), "-V, --version", "Print the version, and those of the runtimes")
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
      process.exit(await serve(read, version).catch((error: unknown) => failed(error, program, named)));
    });
  addSettings(program);
  registerFetchCommand(program);
  registerCGICommand(program);
  registerConfigCommand(program, { guests: pythonFactories });
  registerImportCommand(program);
  registerDropInCommands(program, version);
  registerInitCommand(program);
  registerReloadCommand(program);
  registerRoutesCommands(program);
  registerLaneCheckCommand(program);
  registerTopCommand(program);
  registerCtlCommand(program);
  registerDoctorCommand(program, version);
  registerExplainCommand(program);
  registerCompletionCommand(program);
  let extent = helpExtent(argv);
  registerHelpCommand(program, () => {
    extent = "all";
    program.outputHelp();
  });
  giveForm(program);
  return program.helpOption("-h, --help", "Print this help; --help all prints every option").configureHelp({
    ...program.configureHelp(),
    formatHelp: (_, helper) => formatMainHelp(program, helper, extent),
  });
}

/** @throws the error, or that a command was meant, where a target that is nothing else resembles one */
function failed(error: unknown, program: Command, target = ""): never {
  const isUnknown = exitCodeOf(error) === EXIT_CODES.notFound || error instanceof ExcessArgumentError;
  const names = program.commands.map((each) => each.name());
  const meant = isUnknown && /^[a-z]+$/.test(target) ? nearestName(target, names) : undefined;
  if (meant === undefined) throw error;
  throw new UsageError(`Cannot find "${target}"; did you mean the command "${meant}"`, { cause: error });
}

/** For `config check`, which imports modules but starts no application. */
async function pythonFactories(): Promise<GuestResolver[]> {
  const [{ PythonResolver }, { resolveSettings }] = await Promise.all([
    import("../guests/python/deploy/python-resolver.ts"),
    import("../server/settings/resolve.ts"),
  ]);
  const { python } = (await resolveSettings()).settings;
  return [new PythonResolver({ isImporting: true, ...(python === null ? {} : { python }) })];
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
