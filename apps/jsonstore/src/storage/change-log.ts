// The log of changes, for those who watch. It keeps short values, so that a watcher sees what was written and not what is there by then.
import { formatPointer } from "../text/pointer.ts";
import type { Change } from "./change-tree.ts";
import { referredId } from "./rows.ts";
import { run, type Work } from "./work.ts";

/** Characters of a value that is kept. */
const LONGEST_VALUE = 2048;

/** Writes the changes of one write into the log. */
export function* logChanges(seq: number, changes: readonly Change[]): Work<void> {
  const at = Date.now();
  for (const [number, { op, path, value }] of changes.entries()) {
    const isKept = value !== null && value.length <= LONGEST_VALUE && isText(value);
    yield* run("addChange", seq, number, op, formatPointer(path), isKept ? value : null, at);
  }
}

/** A text may have references in it where a large value was wrapped into new parents. */
function isText(value: string): boolean {
  return referredId(value) === null && !/[:[,]@/.test(value);
}
