// The command line: reads the arguments and hands over to the file of the command, which is imported only then.
import { CommanderError } from "../commander.ts";
import { detailOf } from "../server/errors.ts";
import { exitCodeOf, NoTargetError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { SHORT_USAGE } from "./main-help.ts";
import { buildProgram } from "./program.ts";

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

function exitCodeOfCommander(error: CommanderError): number {
  // Commander has printed its message, or the help or the version that was asked for, which end with 0.
  return error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.usage;
}

function report(error: unknown): number {
  if (error instanceof NoTargetError) {
    process.stderr.write(`tsgi: ${error.message}\n\n${SHORT_USAGE}`);
    return error.exitCode;
  }
  const exitCode = exitCodeOf(error);
  const isKnown = exitCode !== undefined && error instanceof Error;
  const message = isKnown ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  const detail = isKnown ? detailOf(error) : "";
  process.stderr.write(`tsgi: ${message}\n${detail === "" ? "" : `${detail}\n`}`);
  return exitCode ?? EXIT_CODES.unexpected;
}
