// If-Match and If-None-Match. They are checked where nothing can come between them and the write.
// Source: RFC 9110 sections 8.8.3.2 and 13.
import { Problem } from "../problem.ts";

/** What a request expects of the node. */
export interface Conditions {
  readonly ifMatch: TagList | null;
  readonly ifNoneMatch: TagList | null;
}

/** `*`, or the tags of a list. */
export type TagList = "*" | readonly { readonly tag: string; readonly isWeak: boolean }[];

/** What follows the tag of a node in that of another representation of it. */
export const REPRESENTATION_MARK = "~";

const TAG = /\s*(W\/)?"([\u0021\u0023-\u007e\u0080-\u00ff]*)"\s*/y;

/** Reads the two header fields. @throws Problem `bad-condition` */
export function parseConditions(ifMatch: string | undefined, ifNoneMatch: string | undefined): Conditions {
  return { ifMatch: parseTags(ifMatch), ifNoneMatch: parseTags(ifNoneMatch) };
}

/** Whether a change may happen. @throws Problem `precondition-failed` */
export function checkChange({ ifMatch, ifNoneMatch }: Conditions, current: string | null): void {
  const isExpected =
    ifMatch === null || (current !== null && (ifMatch === "*" || ifMatch.some(isStrongMatch(current))));
  if (!isExpected) throw new Problem("precondition-failed", { detail: "If-Match does not match" });
  if (ifNoneMatch === null || current === null) return;
  if (ifNoneMatch === "*" || ifNoneMatch.some(({ tag }) => nodeTag(tag) === current)) {
    throw new Problem("precondition-failed", { detail: "If-None-Match matches" });
  }
}

/**
 * Whether the client has a representation already.
 *
 * @param current - tag of the representation
 * @throws Problem when If-Match does not match
 */
export function isKnown({ ifMatch, ifNoneMatch }: Conditions, current: string): boolean {
  if (ifMatch !== null) checkChange({ ifMatch, ifNoneMatch: null }, nodeTag(current));
  return ifNoneMatch !== null && (ifNoneMatch === "*" || ifNoneMatch.some(({ tag }) => tag === current));
}

function isStrongMatch(current: string): (entry: { readonly tag: string; readonly isWeak: boolean }) => boolean {
  return ({ tag, isWeak }) => !isWeak && nodeTag(tag) === current;
}

/** A tag of any representation stands for the node. */
function nodeTag(tag: string): string {
  const mark = tag.indexOf(REPRESENTATION_MARK);
  return mark < 0 ? tag : tag.slice(0, mark);
}

function parseTags(field: string | undefined): TagList | null {
  if (field === undefined) return null;
  if (field.trim() === "*") return "*";
  const tags: { tag: string; isWeak: boolean }[] = [];
  let at = 0;
  for (;;) {
    TAG.lastIndex = at;
    const match = TAG.exec(field);
    if (match === null) throw new Problem("bad-condition", { detail: `Expected a list of entity tags, got ${field}` });
    tags.push({ tag: match[2] ?? "", isWeak: match[1] !== undefined });
    at = TAG.lastIndex;
    if (at === field.length) return tags;
    if (field[at] !== ",") throw new Problem("bad-condition", { detail: `Expected a comma between tags in ${field}` });
    at += 1;
  }
}
