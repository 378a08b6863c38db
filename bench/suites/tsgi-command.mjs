// @ts-check
// The command that serves with TSGI, as a user types it.
import { fileURLToPath } from "node:url";

import { answerOf } from "../harness/machine.mjs";

const program = fileURLToPath(new URL("../../bin/tsgi.js", import.meta.url));

/** The TypeScript application of the benchmarks. */
export const application = fileURLToPath(new URL("../apps/app.js", import.meta.url));

/**
 * Tells the command for a target.
 *
 * @param {string} target what to serve
 * @param {number} port on the loopback
 * @param {string[]} [args] more options
 * @returns {string[]} program and arguments
 */
export function tsgi(target, port, args = []) {
  return tsgiBound(target, `127.0.0.1:${port}`, args);
}

/**
 * Tells the command for a target at an address of any protocol.
 *
 * @param {string} target what to serve
 * @param {string} bind as `--bind` takes it
 * @param {string[]} [args] more options
 * @returns {string[]} program and arguments
 */
export function tsgiBound(target, bind, args = []) {
  return [process.execPath, program, target, "--bind", bind, ...args];
}

/** @returns {string | null} the version of TSGI; null when it does not start */
export function tsgiVersion() {
  return answerOf(process.execPath, [program, "--version"])?.replace(/^\D+|\n[^]*$/g, "") ?? null;
}
