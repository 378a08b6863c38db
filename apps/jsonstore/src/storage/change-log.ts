// The log of changes, for those who watch. It keeps short values, so that a watcher sees what was written and not what is there by then.
import { escapeKey, unescapeKey } from "../text/json-key.ts";
import { formatPointer } from "../text/pointer.ts";
import type { Change } from "./change-tree.ts";
import { referredId, type ChangeRow } from "./rows.ts";
import { rows, run, type Work } from "./work.ts";

/** Characters of a value that is kept. */
const LONGEST_VALUE = 2048;

/** Writes the changes of one write into the log. */
export function* logChanges(seq: number, changes: readonly Change[]): Work<void> {
  const at = Date.now();
  for (const [number, { op, path, value }] of changes.entries()) {
    const isKept = value !== null && value.length <= LONGEST_VALUE && isText(value);
    // As keys are kept: a pointer may have characters in it that a database does not take.
    const pointer = escapeKey(formatPointer(path));
    yield* run("addChange", seq, number, op, pointer, isKept ? value : null, at);
  }
}

/** Reads the changes behind a number, at most so many. */
export function* changesAfter(seq: number, most: number): Work<ChangeRow[]> {
  const found = yield* rows<ChangeRow>("changesAfter", seq, most);
  return found.map((change) => ({ ...change, path: unescapeKey(change.path) }));
}

/** A text may have references in it where a large value was wrapped into new parents. */
function isText(value: string): boolean {
  return referredId(value) === null && !/[:[,]@/.test(value);
}
