// Every exit code of the command, in one table: the help text is made from it, and scripts may rely on it.
import { TARGET_EXIT_CODES } from "../guests/target-exit-codes.ts";

/** Exit codes by name. Those of loading a target belong to the errors of the loader; 22 is curl's. */
export const EXIT_CODES = {
  success: 0,
  unexpected: 1,
  usage: TARGET_EXIT_CODES.targetForm,
  boot: 3,
  threwWhileLoading: TARGET_EXIT_CODES.threwWhileLoading,
  notFound: TARGET_EXIT_CODES.notFound,
  syntaxError: TARGET_EXIT_CODES.syntaxError,
  noSuchAttribute: TARGET_EXIT_CODES.noSuchAttribute,
  notAnApplication: TARGET_EXIT_CODES.notAnApplication,
  addressInUse: 9,
  addressUnusable: 10,
  fileUnusable: 11,
  applicationFailed: 12,
  unhealthy: 13,
  httpError: 22,
} as const satisfies Record<string, number>;

const MEANINGS: Record<keyof typeof EXIT_CODES, string> = {
  success: "stopped as asked, or the answer was printed",
  unexpected: "an error that no other code describes",
  usage: "wrong option, or a target of no known form",
  boot: "the server could not start for another reason",
  threwWhileLoading: "the application threw while it was loaded",
  notFound: "the target's file or module does not exist",
  syntaxError: "a file of the application cannot be parsed",
  noSuchAttribute: "the module has no such export or attribute",
  notAnApplication: "what the target names is not an application",
  addressInUse: "another process listens on the address",
  addressUnusable: "the address cannot be listened on (permission, unknown host)",
  fileUnusable: "a key, certificate, log or data file cannot be used",
  applicationFailed: "fetch: the application failed while it answered",
  unhealthy: "doctor: something keeps a server from working",
  httpError: "fetch --fail: the status was 400 or above",
};

/** Each code with its meaning. */
export function exitCodeMeanings(): readonly (readonly [code: number, meaning: string])[] {
  const names = Object.keys(MEANINGS) as (keyof typeof EXIT_CODES)[];
  return names.map((name) => [EXIT_CODES[name], MEANINGS[name]]);
}

/** The table for the help text. */
export function exitCodesHelp(): string {
  const rows = exitCodeMeanings().map(([code, meaning]) => `  ${String(code).padStart(2)}  ${meaning}`);
  return `Exit codes:\n${rows.join("\n")}`;
}
