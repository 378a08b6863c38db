// A merge patch, applied to the tree: only what it names is touched. Source: RFC 7396.
import { Problem } from "../problem.ts";
import { unescapeKey } from "../text/json-key.ts";
import { withoutNulls } from "../text/merge.ts";
import type { Path } from "../text/pointer.ts";
import { behind, isClosed, keyAt, typeAt, valueEnd } from "../text/spans.ts";
import type { Write } from "./change-tree.ts";
import { noteUnchanged, put, remove, typeOf } from "./document.ts";
import { locate } from "./locate.ts";
import type { Work } from "./work.ts";

/** Applies a merge patch to a node, which must be there. */
export function* mergePatch(write: Write, path: Path, patch: string, mostOperations: number): Work<void> {
  yield* merge(write, path, patch, 0, mostOperations);
  if (write.changes.length === 0) yield* noteUnchanged(write, path);
}

/** @returns the index after the patch at `start` */
function* merge(write: Write, path: Path, patch: string, start: number, most: number): Work<number> {
  if (write.changes.length >= most)
    throw new Problem("too-many-operations", { detail: `A patch may change ${most} nodes` });
  const lookup = yield* locate(path);
  const isMerged = lookup.isFound && typeOf(lookup.node) === "object" && typeAt(patch, start) === "object";
  if (!isMerged) {
    const { text, end } = withoutNulls(patch, start);
    yield* put(write, path, text);
    return end;
  }
  let at = start + 1;
  while (!isClosed(patch, at)) {
    const { key, start: value } = keyAt(patch, at);
    const member = [...path, unescapeKey(key)];
    if (typeAt(patch, value) !== "null") at = yield* merge(write, member, patch, value, most);
    else {
      if ((yield* locate(member)).isFound) yield* remove(write, member);
      at = valueEnd(patch, value);
    }
    at = behind(patch, at);
  }
  return at + 1;
}
