// Standard input and output of this process, taken for the request of a CGI program, and given back when it is answered.
import { closeSync, openSync } from "node:fs";
import type { Writable } from "node:stream";

/** How long what the application still has open may keep an answered process alive. */
const GRACE_MS = 2000;
const STDOUT = 1;

/**
 * Takes standard output for the answer. What the application prints goes to standard error from now on: `console.log` would end up in the
 * middle of the answer.
 */
export function takeOutput(): Writable {
  const { stdout, stderr } = process;
  Object.defineProperty(process, "stdout", { value: stderr, configurable: true, enumerable: true });
  return stdout;
}

/**
 * Lets an answered process end: the web server sees the end of the answer at once, and the application has a moment for what is left to do.
 *
 * @param exitCode - of the process
 * @param hasInput - standard input was opened
 */
export function endProcess(exitCode: number, hasInput: boolean): void {
  process.exitCode = exitCode;
  // Whoever waits for the end of the answer should not wait for a pool of connections to close. The descriptor stays taken: the next file
  // that is opened would get it, and all that is printed.
  closeSync(STDOUT);
  openSync("/dev/null", "w");
  if (hasInput) process.stdin.destroy();
  setTimeout(() => process.exit(exitCode), GRACE_MS).unref();
}
