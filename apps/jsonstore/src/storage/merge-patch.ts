// A merge patch, applied to the tree: only what it names is touched. Source: RFC 7396.
import { Problem } from "../problem.ts";
import { unescapeKey } from "../text/json-key.ts";
import { withoutNulls } from "../text/merge.ts";
import type { Path } from "../text/pointer.ts";
import { behind, isClosed, keyAt, typeAt, valueEnd } from "../text/spans.ts";
import type { Write } from "./change-tree.ts";
import { find, noteUnchanged, put, remove, typeOf } from "./document.ts";
import { childOf, type Found } from "./locate.ts";
import type { Work } from "./work.ts";

/** Applies a merge patch to a node, which must be there. */
export function* mergePatch(write: Write, path: Path, patch: string, mostOperations: number): Work<void> {
  yield* merge(write, path, yield* find(path), patch, 0, mostOperations);
  if (write.changes.length === 0) yield* noteUnchanged(write, path);
}

/**
 * Goes down both trees at once: who looked for each member from the root would look for those of a deep object once for each of its levels.
 *
 * @param node - what is at the path, if that is an object which may be merged with
 * @returns the index after the patch at `start`
 */
function* merge(
  write: Write,
  path: Path,
  node: Found | null,
  patch: string,
  start: number,
  most: number,
): Work<number> {
  if (write.changes.length >= most)
    throw new Problem("too-many-operations", { detail: `A patch may change ${most} nodes` });
  if (node === null || typeOf(node) !== "object" || typeAt(patch, start) !== "object") {
    const { text, end } = withoutNulls(patch, start);
    yield* put(write, path, text);
    return end;
  }
  let object = node;
  let known = write.changes.length;
  let at = start + 1;
  while (!isClosed(patch, at)) {
    const { key, start: value } = keyAt(patch, at);
    const token = unescapeKey(key);
    const type = typeAt(patch, value);
    let member: Found | null = null;
    // Whatever else is there is replaced.
    if (type === "object" || type === "null") {
      if (write.changes.length > known) object = yield* find(path);
      known = write.changes.length;
      const child = yield* childOf(object, token);
      if (typeof child !== "string") member = child;
    }
    if (type !== "null") at = yield* merge(write, [...path, token], member, patch, value, most);
    else {
      if (member !== null) yield* remove(write, [...path, token]);
      at = valueEnd(patch, value);
    }
    at = behind(patch, at);
  }
  return at + 1;
}
