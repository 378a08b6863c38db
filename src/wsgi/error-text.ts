// What was thrown, as text for a log. A message may repeat what a client sent, so that it is made harmless here, in the one place from
// which errors go to `wsgi.errors`. Source: CWE-117 (log injection); ECMA-48 for the commands that terminals obey.

/** Control characters but line feeds and tabs, line ends of Unicode, and what turns the direction of a text around. */
const UNSAFE = /[\0-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Begins a line that a reader could take for an entry of the log. */
const LINE_START = /\n(?=\S)/g;

/**
 * Gives the text of an error: its stack if there is one. Lines after the first are indented, and control characters escaped as
 * `\u001B`, so that nobody can forge an entry of the log, or command the terminal of who reads it.
 *
 * @param thrown - an error, or whatever else was thrown
 */
export function errorText(thrown: unknown): string {
  return rawText(thrown).replaceAll(LINE_START, "\n    ").replaceAll(UNSAFE, escapeCharacter);
}

function rawText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `Thrown value ${describeValue(thrown)}`;
  return typeof thrown.stack === "string" ? thrown.stack : `${thrown.name}: ${thrown.message}`;
}

/** Not every value can become a string: one without prototype cannot. */
function describeValue(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `of type ${typeof value}`;
  }
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
