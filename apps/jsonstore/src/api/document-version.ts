// The number of the last write, which every answer about a node tells.
import { oneRow, type Work } from "../storage/work.ts";

/** Reads it. */
export function* documentVersion(): Work<number> {
  const { seq } = yield* oneRow<{ readonly seq: number }>("lastSeq");
  return seq;
}
