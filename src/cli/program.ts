// The whole program as commander knows it: what serves, all commands, and the one form of help and errors. Each command imports what does
// its work only when it runs.
import type { Command } from "../commander.ts";
import type { GuestResolver } from "../deploy/guest-resolver.ts";
import { giveForm } from "./command-form.ts";
import { registerCGICommand } from "./cgi-command.ts";
import { registerCompletionCommand } from "./completion-command.ts";
import { registerConfigCommand } from "./config.ts";
import { registerCtlCommand } from "./ctl.ts";
import { registerDoctorCommand } from "./doctor.ts";
import { registerExplainCommand } from "./explain-command.ts";
import { registerDropInCommands } from "./drop-in-command.ts";
import { registerFetchCommand } from "./fetch-command.ts";
import { registerHelpCommand } from "./help-command.ts";
import { registerImportCommand } from "./import.ts";
import { registerInitCommand } from "./init.ts";
import { formatMainHelp, helpExtent } from "./main-help.ts";
import { registerReloadCommand } from "./reload-command.ts";
import { registerLaneCheckCommand } from "./lane-check-command.ts";
import { registerRoutesCommands } from "./routes-command.ts";
import { packageVersion, servingProgram } from "./serving-program.ts";
import { registerTopCommand } from "./top.ts";

/**
 * Builds the program.
 *
 * @param argv - the arguments that it will be given
 * @param runtimes - lines that `--version` prints below the version
 */
export function buildProgram(argv: readonly string[], runtimes: readonly string[] = []): Command {
  const version = packageVersion();
  const program = servingProgram(argv, version).version(
    [version, ...runtimes].join("\n"),
    "-V, --version",
    "Print the version, and those of the runtimes",
  );
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

/** For `config check`, which imports modules but starts no application. */
async function pythonFactories(): Promise<GuestResolver[]> {
  const [{ PythonResolver }, { resolveSettings }] = await Promise.all([
    import("../guests/python/deploy/python-resolver.ts"),
    import("../server/settings/resolve.ts"),
  ]);
  const { python } = (await resolveSettings()).settings;
  return [new PythonResolver({ isImporting: true, ...(python === null ? {} : { python }) })];
}
