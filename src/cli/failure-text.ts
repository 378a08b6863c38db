// What the command says on standard error about what it has failed with.
import { detailOf, messageOf } from "../server/errors.ts";
import { exitCodeOf } from "./errors.ts";

/**
 * The message of an error that is meant for users, with its further lines; of any other, its stack.
 *
 * @param error - whatever was thrown
 * @returns lines, each with its end
 */
export function failureText(error: unknown): string {
  const isKnown = exitCodeOf(error) !== undefined;
  const message = !isKnown && error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  const detail = isKnown ? detailOf(error) : "";
  return `tsgi: ${message}\n${detail === "" ? "" : `${detail}\n`}`;
}
