// What can be done to the document, in terms of paths and texts. Each of these is a part of one write or read; the first that cannot be
// done ends it, and nothing of it stays.
import { typeAt, countOf, type JsonType } from "../text/spans.ts";
import { arrayIndex, formatPointer, type Path } from "../text/pointer.ts";
import { Problem } from "../problem.ts";
import { addElement, addMember, addRoot, removeNode, replaceNode, type Write } from "./change-tree.ts";
import { copyText } from "./copy-text.ts";
import { inlineText, locate, type Found, type Lookup, type MissingReason } from "./locate.ts";
import { newKey } from "./new-key.ts";
import { reference } from "./rows.ts";
import type { Work } from "./work.ts";

/** Where a value is after it was set, and whether nothing was there before. */
export interface Placed {
  readonly path: Path;
  readonly isNew: boolean;
}

/** @throws Problem when nothing is there */
export function* find(path: Path): Work<Found> {
  return found(yield* locate(path), path);
}

/** Returns the node, or throws the problem of one that is missing. */
export function found(lookup: Lookup, path: Path): Found {
  if (lookup.isFound) return lookup.node;
  const pointer = formatPointer(path);
  if (lookup.reason === "no-document") throw new Problem("no-document", { pointer });
  throw new Problem("no-such-path", { pointer, deepest: formatPointer(path.slice(0, lookup.deepest)) });
}

/** Type of a node. */
export function typeOf({ split, slot, start }: Found): JsonType {
  return split?.kind ?? typeAt(slot.value, start);
}

/** Number of members or elements of a node that is an object or an array. */
export function sizeOf({ split, slot, start }: Found): number {
  return split?.count ?? countOf(slot.value, start);
}

/** Writes the text of a node, in pieces. */
export function* writeText(node: Found, emit: (piece: string) => void): Work<void> {
  if (node.split === null) emit(inlineText(node));
  else yield* copyText(reference(node.split.id), emit);
}

/**
 * Sets the node of a path. Its parent must be there, unless `hasParents` is set: then objects are made on the way.
 *
 * @param value - a text, or what refers to a container
 */
export function* put(write: Write, path: Path, value: string, hasParents = false): Work<Placed> {
  const lookup = yield* locate(path);
  if (lookup.isFound) {
    yield* replaceNode(write, lookup.node, value);
    write.changes.push({ op: "put", path, value });
    return { path, isNew: false };
  }
  const { reason, deepest, parent } = lookup;
  if (parent === null) {
    if (path.length > 0 && !hasParents) throw missingParent(path, reason, 0);
    const whole = path.reduceRight(wrap, value);
    yield* addRoot(write, whole);
    write.changes.push({ op: "put", path: [], value: whole });
    return { path, isNew: true };
  }
  const rest = path.slice(deepest + 1);
  if (rest.length > 0 && !(hasParents && isFree(reason))) throw missingParent(path, reason, deepest);
  const whole = rest.reduceRight(wrap, value);
  const token = yield* attach(write, path, deepest, parent, reason, whole);
  return { path: [...path.slice(0, deepest), token, ...rest], isNew: true };
}

function wrap(value: string, token: string): string {
  return `{${JSON.stringify(token)}:${value}}`;
}

function isFree(reason: MissingReason): boolean {
  return reason === "no-member" || reason === "no-element";
}

function* attach(
  write: Write,
  path: Path,
  depth: number,
  parent: Found,
  reason: MissingReason,
  value: string,
): Work<string> {
  const token = path[depth] ?? "";
  const pointer = formatPointer(path);
  if (reason === "not-a-container" || reason === "not-an-index") throw new Problem(reason, { pointer });
  if (reason === "no-member") {
    yield* addMember(write, parent, token, value);
    write.changes.push({ op: "put", path: path.slice(0, depth + 1), value });
    return token;
  }
  const count = sizeOf(parent);
  const index = token === "-" ? count : arrayIndex(token);
  if (index !== count) throw new Problem("index-out-of-range", { pointer, detail: `The array has ${count} elements` });
  yield* addElement(write, parent, count, value);
  write.changes.push({ op: "append", path: [...path.slice(0, depth), String(count)], value });
  return String(count);
}

function missingParent(path: Path, reason: MissingReason, deepest: number): Problem {
  const kind = reason === "not-a-container" || reason === "not-an-index" ? reason : "parent-missing";
  return new Problem(kind, { pointer: formatPointer(path), deepest: formatPointer(path.slice(0, deepest)) });
}

/**
 * Adds a value to the node of a path: to an array at the end, or in front of the element `at`; to an object under a new key.
 *
 * @returns the path of the value
 */
export function* append(write: Write, path: Path, value: string, at: number | null): Work<Path> {
  const parent = yield* find(path);
  const type = typeOf(parent);
  const pointer = formatPointer(path);
  if (type === "array") return yield* insert(write, path, parent, at, value);
  if (type !== "object") throw new Problem("not-a-container", { pointer, detail: `The node is of type ${type}` });
  if (at !== null) throw new Problem("not-an-array", { pointer });
  const added = [...path, newKey()];
  yield* addMember(write, parent, added.at(-1) ?? "", value);
  write.changes.push({ op: "put", path: added, value });
  return added;
}

/** Puts an element into an array, in front of the one at an index; null for the end. */
export function* insert(write: Write, path: Path, array: Found, at: number | null, value: string): Work<Path> {
  const count = sizeOf(array);
  const index = at ?? count;
  if (index > count) {
    throw new Problem("index-out-of-range", {
      pointer: formatPointer(path),
      detail: `The array has ${count} elements`,
    });
  }
  yield* addElement(write, array, index, value);
  const added = [...path, String(index)];
  write.changes.push({ op: index === count ? "append" : "insert", path: added, value });
  return added;
}

/**
 * Removes the node of a path; later elements of its array move down.
 *
 * @param isKept - whether its rows are needed elsewhere
 * @returns what a row holds for it
 */
export function* remove(write: Write, path: Path, isKept = false): Work<string> {
  const node = yield* find(path);
  const { slot, parent } = node;
  const isElement = parent === null ? slot.kind === "element" : typeAt(slot.value, parent.start) === "array";
  yield* removeNode(write, node, path.at(-1) ?? "", isKept);
  write.changes.push({ op: isElement ? "remove" : "delete", path, value: null });
  return node.split === null ? inlineText(node) : reference(node.split.id);
}

/** A write without effect has its number and its event all the same. */
export function* noteUnchanged(write: Write, path: Path): Work<void> {
  const lookup = yield* locate(path);
  if (!lookup.isFound) {
    write.changes.push({ op: "delete", path, value: null });
    return;
  }
  const { node } = lookup;
  write.changes.push({ op: "put", path, value: node.split === null ? inlineText(node) : reference(node.split.id) });
}
