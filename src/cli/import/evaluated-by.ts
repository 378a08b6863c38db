// Lets the language of a configuration file evaluate it.
import { spawnSync } from "node:child_process";
import { FileUnusableError } from "../errors.ts";

/** A file may ask others for its values; one that takes longer has stopped. */
const PATIENCE_SECONDS = 60;
/** Of each output. */
const MAX_BYTES = 2 ** 24;

/**
 * Runs an interpreter.
 *
 * @param interpreter - path
 * @param words - its arguments: a program that evaluates the file
 * @param file - for messages
 * @param place - where it runs, with which variables
 * @returns what it printed
 * @throws FileUnusableError with the last line of standard error when it fails; when it prints nothing, too much, or does not end
 */
export function evaluatedBy(
  interpreter: string,
  words: readonly string[],
  file: string,
  place: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): string {
  const limits = { timeout: PATIENCE_SECONDS * 1000, killSignal: "SIGKILL", maxBuffer: MAX_BYTES } as const;
  const { error, status, signal, stdout, stderr } = spawnSync(interpreter, words, {
    ...place,
    ...limits,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const refuse = (reason: string): FileUnusableError =>
    new FileUnusableError(`Cannot evaluate the configuration file "${file}": ${reason}`, { cause: error });
  const code = error === undefined ? undefined : (error as NodeJS.ErrnoException).code;
  if (code === "ETIMEDOUT") throw refuse(`it did not end within ${PATIENCE_SECONDS} s`);
  if (code === "ENOBUFS") throw refuse(`it printed more than ${MAX_BYTES} bytes`);
  if (error !== undefined) throw refuse(`"${interpreter}" does not run: ${error.message}`);
  const said = stderr.trim().split("\n").at(-1) ?? "";
  if (signal !== null) throw refuse(`"${interpreter}" was ended by ${signal}`);
  if (status !== 0) throw refuse(said === "" ? `"${interpreter}" exited with ${status}` : said);
  if (stdout === "") throw refuse("it ends the program that reads it");
  return stdout;
}
