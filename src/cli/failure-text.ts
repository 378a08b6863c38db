// What the command says on standard error about what it has failed with.
import { detailOf, messageOf } from "../server/errors.ts";
import { exitCodeOf } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";

/** What a command line got wrong is said whole by the message, and so is the status that `fetch --fail` looks at. */
const SAYS_ALL: ReadonlySet<number> = new Set([EXIT_CODES.usage, EXIT_CODES.httpError]);

/**
 * The message of an error that is meant for users, with its further lines, and how to read more of it; of any other, its stack.
 *
 * @param error - whatever was thrown
 * @returns lines, each with its end
 */
export function failureText(error: unknown): string {
  const exitCode = exitCodeOf(error);
  if (exitCode === undefined && error instanceof Error) return `tsgi: ${error.stack ?? error.message}\n`;
  const detail = exitCode === undefined ? "" : detailOf(error);
  const lines = [`tsgi: ${messageOf(error)}`, ...(detail === "" ? [] : [detail]), ...moreOf(error, exitCode)];
  return `${lines.join("\n")}\n`;
}

/** As the compiler of Rust does it: a last line, which names the code. */
function moreOf(error: unknown, exitCode: number | undefined): string[] {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (typeof code !== "string" || !code.startsWith("ERR_TSGI_")) return [];
  return exitCode === undefined || SAYS_ALL.has(exitCode) ? [] : [`For more: tsgi explain ${code}`];
}
