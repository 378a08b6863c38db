// The number of the last write, which every answer about a node tells.
import { oneRow, type Work } from "../storage/work.ts";

/** Reads it. */
export function* documentVersion(): Work<number> {
  const { value } = yield* oneRow<{ readonly value: string }>("getMeta", "seq");
  return Number(value);
}
