// Plays TSGI's side of the lane protocol to a guest that somebody writes, and says of each rule whether it keeps it.
import { resolve } from "node:path";
import { CommandLanguage } from "../../guests/command/command-language.ts";
import { commandSettings } from "../../guests/command/options.ts";
import { guestApplication } from "../../guests/lane/guest-application.ts";
import { guestSettings, type GuestLogEntry, type GuestOptions } from "../../guests/lane/guest-options.ts";
import { GuestPool } from "../../guests/lane/guest-pool.ts";
import type { GuestLanguage } from "../../guests/lane/language.ts";
import { findInPath, isExecutable } from "../../is-file.ts";
import { makeServer } from "../../server/make-server.ts";
import { TestClient } from "../../testing/test-client.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { FileUnusableError, UsageError } from "../errors.ts";
import { type CheckedGuest, LANE_CASES, type LaneCase } from "./lane-cases.ts";

/** What the command line says, as it was written. */
export interface LaneCheckOptions {
  readonly name: string;
  readonly language: string;
  readonly threads: string;
  readonly only?: string;
}

/** Short, so that the cases of a deadline end soon. */
const DEADLINE_SECONDS = 2;
const START_SECONDS = 20;

/**
 * Runs the cases one after another, each with processes of its own, and prints a line for each.
 *
 * @param words - the command
 * @returns the exit code of the process: 0 when every case holds, 1 otherwise
 * @throws UsageError for an option that cannot be; FileUnusableError when there is no such program
 */
export async function checkGuest(words: readonly string[], options: LaneCheckOptions): Promise<number> {
  const language = languageOf(words, options);
  const threads = Number(options.threads);
  if (!Number.isInteger(threads) || threads < 1)
    throw new UsageError(`Option --threads is "${options.threads}"; expected a number from 1`);
  const cases = LANE_CASES.filter(({ title }) => title.includes(options.only ?? ""));
  let failed = 0;
  for (const each of cases) {
    const fault = await faultOf(language, { threads }, each);
    if (fault !== null) failed += 1;
    process.stdout.write(
      fault === null
        ? `ok      ${each.title}\n`
        : `FAILED  ${each.title}\n        ${fault.replaceAll("\n", "\n        ")}\n`,
    );
  }
  process.stdout.write(`${cases.length - failed} of ${cases.length} cases hold\n`);
  return failed === 0 && cases.length > 0 ? EXIT_CODES.success : EXIT_CODES.unexpected;
}

/** @returns what went wrong, with what was logged meanwhile; null when the case holds */
async function faultOf(language: GuestLanguage, options: GuestOptions, lane: LaneCase): Promise<string | null> {
  const log: string[] = [];
  const note = (text: string): void => void log.push(text.trimEnd());
  try {
    const guest = await start(language, options, note);
    try {
      await lane.check(guest);
    } finally {
      await guest.close();
    }
    return null;
  } catch (error) {
    return [(error as Error).message, ...log.slice(-5).map((line) => `log: ${line}`)].join("\n");
  }
}

async function start(
  language: GuestLanguage,
  options: GuestOptions,
  note: (text: string) => void,
): Promise<CheckedGuest & { close(): Promise<void> }> {
  let errors = "";
  const write = (text: string): void => {
    errors += text;
    note(text);
  };
  const settings = guestSettings(
    {
      deadlineSeconds: DEADLINE_SECONDS,
      startupSeconds: START_SECONDS,
      bodyMemoryBytes: 10_000,
      bodyFileBytes: 100_000,
      log: ({ message }: GuestLogEntry) => note(message),
      output: ({ text }) => note(text),
      ...options,
    },
    language.name,
  );
  const pool = new GuestPool(settings, language, false);
  await pool.start();
  const server = makeServer("127.0.0.1", 0, guestApplication(pool, null), {
    errors: { write, writelines: (lines: Iterable<string>) => [...lines].forEach(write), flush() {} },
  });
  await server.listen();
  const client = new TestClient(server.url);
  return {
    client,
    errors: () => errors,
    restarts: () => pool.stats().restarts,
    replacements: () => pool.stats().replacements,
    async close() {
      client.close();
      await server.close(1);
      await pool.close(1);
    },
  };
}

/** The language of the command line. */
function languageOf([program = "", ...words]: readonly string[], options: LaneCheckOptions): CommandLanguage {
  if (!/^[A-Za-z][A-Za-z\d]*$/.test(options.name))
    throw new UsageError(`Option --name is "${options.name}"; expected one word`);
  const path = program.includes("/") ? runnable(resolve(program)) : findInPath(program, process.env["PATH"]);
  if (path === null) {
    throw new FileUnusableError(`Cannot find the program "${program}"; expected a path, or a name that PATH leads to`);
  }
  const language = readObject(options.language);
  return new CommandLanguage(commandSettings({ command: [path, ...words], name: options.name, language }));
}

function runnable(path: string): string | null {
  return isExecutable(path) ? path : null;
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`Option --language is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`Option --language is ${text}; expected an object of JSON`);
}
