// Changes rows. What is changed inside of an inline text is one new text of its row; everything else is a row or a line of a page.
import { typeAt } from "../text/spans.ts";
import { insertElement, removeElement, removeMember, replaceSpan, setMember } from "../text/edit.ts";
import { escapeKey } from "../text/json-key.ts";
import { insertAt, removeAt, replaceElement, type ChangedArray } from "./array-pages.ts";
import { build, type Layout } from "./build.ts";
import type { Found, Slot } from "./locate.ts";
import { referredId, type ChangeOp, type ContainerRow } from "./rows.ts";
import { ROOT_CONTAINER, ROOT_KEY } from "./statements.ts";
import { oneRow, run, runEach, type Work } from "./work.ts";

/** One change, for those who watch. */
export interface Change {
  readonly op: ChangeOp;
  readonly path: readonly string[];
  /** A text, or what refers to a container; null for what is gone. */
  readonly value: string | null;
}

/** A write that is under way. */
export interface Write {
  /** Its number in the order of all writes. */
  readonly seq: number;
  readonly layout: Layout;
  readonly changes: Change[];
}

/** Makes a value the document of a store that has none. */
export function* addRoot(write: Write, value: string): Work<void> {
  yield* run("addMember", ROOT_CONTAINER, ROOT_KEY, 1, yield* built(write, value));
}

/** Gives a node another value. */
export function* replaceNode(write: Write, node: Found, value: string): Work<void> {
  if (node.start === 0 && node.end === node.slot.value.length) {
    yield* discard(node.slot.value);
    yield* setSlot(write, node.slot, value);
  } else {
    yield* setSlot(write, node.slot, replaceSpan(node.slot.value, node, value));
  }
  yield* touch(write, node, node.split?.id);
}

/** Adds a member that is not there yet, behind the others. */
export function* addMember(write: Write, object: Found, token: string, value: string): Work<void> {
  const key = escapeKey(token);
  const { slot, split } = object;
  if (split === null) {
    yield* setSlot(write, slot, setMember(slot.value, object, key, value));
  } else {
    const { ord } = yield* oneRow<{ readonly ord: number | null }>("lastOrder", split.id);
    yield* run("addMember", split.id, key, (ord ?? 0) + 1, yield* built(write, value));
    yield* run("countContainer", 1, write.seq, split.id);
  }
  yield* touch(write, object, split?.id);
}

/** Puts an element in front of the one at an index, which is at most the length of the array. */
export function* addElement(write: Write, array: Found, index: number, value: string): Work<void> {
  const { slot, split } = array;
  if (split === null) yield* setSlot(write, slot, insertElement(slot.value, array, index, value));
  else yield* insertAt(changed(write, split), index, yield* built(write, value));
  yield* touch(write, array, split?.id);
}

/**
 * Takes a node out of its parent.
 *
 * @param token - last one of its path
 * @param isKept - whether its rows are needed elsewhere
 */
export function* removeNode(write: Write, node: Found, token: string, isKept = false): Work<void> {
  const { slot, parent } = node;
  if (parent !== null) {
    const { value } = slot;
    const isElement = typeAt(value, parent.start) === "array";
    const rest = isElement
      ? removeElement(value, parent, Number(token))
      : removeMember(value, parent, escapeKey(token));
    yield* setSlot(write, slot, rest);
    return yield* touch(write, node);
  }
  if (!isKept) yield* discard(slot.value);
  const versioned = node.split === null ? node.versioned : node.versioned.slice(0, -1);
  if (slot.kind === "element") {
    yield* removeAt(changed(write, slot.array), slot.place);
    return yield* touch(write, { versioned }, slot.array.id);
  }
  yield* run("dropMember", slot.container, slot.key);
  if (slot.container === ROOT_CONTAINER) return undefined;
  yield* run("countContainer", -1, write.seq, slot.container);
  return yield* touch(write, { versioned }, slot.container);
}

function* setSlot(write: Write, slot: Slot, value: string): Work<void> {
  const stored = yield* built(write, value);
  if (slot.kind === "member") yield* run("setMember", stored, slot.container, slot.key);
  else yield* replaceElement(changed(write, slot.array), slot.place, stored);
}

function built({ seq, layout }: Write, value: string): Work<string> {
  return build(value, layout, { version: seq, staging: null });
}

/** A sweeper removes the rows later: to unlink them is quick, however many there are. */
function* discard(value: string): Work<void> {
  const id = referredId(value);
  if (id !== null) yield* run("addOrphan", id);
}

function changed({ seq, layout }: Write, array: ContainerRow): ChangedArray {
  return { array, version: seq, size: layout.size };
}

/** Marks the containers around a node with the number of the write, but for the innermost if that is `but`: it is marked already, or gone. */
function* touch({ seq }: Write, { versioned }: Pick<Found, "versioned">, but?: number): Work<void> {
  const ids = versioned.at(-1) === but ? versioned.slice(0, -1) : versioned;
  yield* runEach(
    "touchContainer",
    ids.map((id) => [seq, id]),
  );
}
