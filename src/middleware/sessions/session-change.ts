// What an application in another language did with its session, as it comes over a lane. Source: docs/lane-protocol.md, "Shared values".
import { TSGIError } from "../../errors.ts";

/** A change, in the order in which it is made. */
export interface SessionChange {
  readonly isCleared: boolean;
  readonly isRenewed: boolean;
  readonly set: readonly (readonly [name: string, value: unknown])[];
  readonly deleted: readonly string[];
}

/**
 * Reads a change: an object with `cleared`, `renewed`, `set` and `deleted`, of which those that are missing mean nothing.
 *
 * @throws TSGIError when it is something else
 */
export function readChange(change: unknown): SessionChange {
  if (!isRecord(change)) throw wrong("an object");
  const { set = {}, deleted = [] } = change;
  if (!isRecord(set)) throw wrong('an object as "set"');
  if (!Array.isArray(deleted) || !deleted.every((name) => typeof name === "string")) throw wrong('names as "deleted"');
  return {
    isCleared: change["cleared"] === true,
    isRenewed: change["renewed"] === true,
    set: Object.entries(set),
    deleted,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(expected: string): TSGIError {
  return new TSGIError(
    "violation",
    "ERR_TSGI_SESSION_CHANGE",
    `The change of a session is malformed; expected ${expected}`,
  );
}
