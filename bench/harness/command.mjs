// @ts-check
// What the measuring commands have in common: how they end, and where their record goes.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describeMachine } from "./machine.mjs";

const bench = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs a command; what it throws is said on stderr and makes the exit code 2.
 *
 * @param {() => Promise<number>} main gives the exit code
 * @returns {Promise<void>} when it is over
 */
export async function runCommand(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}

/**
 * Writes the record of a run: into results/ when it is a full one, into .cache/ when it was narrowed.
 *
 * @param {string} name of the file, without its ending
 * @param {boolean} isFull whether the figures may stand for the project
 * @param {object} facts what to say beside the date and the machine
 */
export function writeRecord(name, isFull, facts) {
  const folder = isFull ? `${bench}results` : `${bench}.cache`;
  mkdirSync(folder, { recursive: true });
  const record = { date: new Date().toISOString(), machine: describeMachine(), ...facts };
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(record, null, 2)}\n`);
}
