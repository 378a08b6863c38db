// Runs a command line as commander reads it.
import { type Command, CommanderError } from "../commander.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { packageVersion, servingFlags, servingProgram } from "./serving-program.ts";

/**
 * Runs a command; ends the process where commander has said all that there is to say.
 *
 * @param argv - the arguments after the name of the command
 * @throws whatever the command fails with
 */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    const flags = servingFlags(argv);
    const program = flags === null ? await wholeProgram(argv) : servingProgram(argv, packageVersion(), flags);
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has printed its message, or the help or the version that was asked for, which end with 0.
    process.exit(error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.usage);
  }
}

async function wholeProgram(argv: readonly string[]): Promise<Command> {
  const { buildProgram } = await import("./program.ts");
  return buildProgram(argv, await runtimesFor(argv));
}

/** The search for Python is only for those who read what it finds. */
async function runtimesFor(argv: readonly string[]): Promise<readonly string[]> {
  if (!argv.includes("--version") && !argv.includes("-V")) return [];
  const { runtimes } = await import("./runtimes.ts");
  return runtimes();
}
