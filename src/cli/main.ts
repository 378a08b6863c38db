// The command line: reads the arguments and hands over to the file of the command, which is imported only then.
import { exitCodeOf, NoTargetError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { failureText } from "./failure-text.ts";
import { withoutQueryWords } from "./without-query-words.ts";

/**
 * Runs the command and ends the process with its exit code; what fails is said on standard error.
 *
 * @param argv - the arguments after the name of the command
 */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const own = withoutQueryWords(argv, process.env);
    const target = cgiTarget(own);
    if (target === null) {
      const { runProgram } = await import("./run-program.ts");
      await runProgram(own);
    } else {
      const { answerTarget } = await import("./cgi.ts");
      await answerTarget(target, [], {});
    }
  } catch (error) {
    // Whatever an application has begun while it was loaded (a timer, a connection) must not keep a failed command alive.
    process.exit(await report(error));
  }
}

/** The target of `tsgi cgi TARGET`, which starts anew for each request: what reads other command lines is not even loaded for it. */
function cgiTarget([name, target, ...others]: readonly string[]): string | null {
  return name === "cgi" && target !== undefined && !target.startsWith("-") && others.length === 0 ? target : null;
}

async function report(error: unknown): Promise<number> {
  if (error instanceof NoTargetError) {
    const { SHORT_USAGE } = await import("./main-help.ts");
    process.stderr.write(`tsgi: ${error.message}\n\n${SHORT_USAGE}`);
    return error.exitCode;
  }
  process.stderr.write(failureText(error));
  return exitCodeOf(error) ?? EXIT_CODES.unexpected;
}
