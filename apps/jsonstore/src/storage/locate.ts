// Finds the node of a path: rows as far as there are any, offsets of a text from there on.
import { OPEN_ARRAY, OPEN_OBJECT } from "../text/characters.ts";
import { escapeKey } from "../text/json-key.ts";
import { arrayIndex, type Path } from "../text/pointer.ts";
import { findElement, findMember, type Span } from "../text/spans.ts";
import { findPlace, valueAt, type ElementPlace } from "./array-pages.ts";
import { referredId, type ContainerRow } from "./rows.ts";
import { ROOT_CONTAINER, ROOT_KEY, WALKED } from "./statements.ts";
import { row, type Call, type Work } from "./work.ts";

/** The row, or the line of a page, that holds a value. */
export type Slot =
  | { readonly kind: "member"; readonly container: number; readonly key: string; readonly value: string }
  | { readonly kind: "element"; readonly array: ContainerRow; readonly place: ElementPlace; readonly value: string };

/** A node that is there. */
export interface Found extends Span {
  readonly slot: Slot;
  /** Its container, if it has rows of its own. */
  readonly split: ContainerRow | null;
  /** What it lies in, when that is in the same text. */
  readonly parent: Span | null;
  /** The containers with rows above it, and itself if it is one: whose version a change inside it moves. */
  readonly versioned: readonly number[];
}

/** Why there is no node at a path. */
export type MissingReason = "no-document" | "no-member" | "no-element" | "not-an-index" | "not-a-container";

/** What is at a path. */
export type Lookup =
  | { readonly isFound: true; readonly node: Found; readonly seq: number }
  | {
      readonly isFound: false;
      readonly reason: MissingReason;
      /** Number of tokens that lead to something. */
      readonly deepest: number;
      /** What they lead to; null without a document. */
      readonly parent: Found | null;
      /** Number of the last write. */
      readonly seq: number;
    };

/** What the statement `walk` gives. */
interface Walk {
  readonly seq: number;
  readonly v0: string | null;
  readonly v1: string | null;
  readonly v2: string | null;
  readonly v3: string | null;
}

/** Returns the text of a node that lies inline. */
export function inlineText({ slot, start, end }: Found): string {
  return start === 0 && end === slot.value.length ? slot.value : slot.value.slice(start, end);
}

/** The statement that most paths need, and many need alone. */
export function walkCall(path: Path): Call {
  return { name: "walk", wants: "row", values: [keyAt(path, 0), keyAt(path, 1), keyAt(path, 2)] };
}

/** Finds the node of a path. */
export function* locate(path: Path): Work<Lookup> {
  const walk = (yield walkCall(path)) as Walk; // the columns of the statement
  const { seq } = walk;
  const versioned: number[] = [];
  const slot = lastSlot(walk, path, versioned);
  if (slot === null) return { isFound: false, reason: "no-document", deepest: 0, parent: null, seq };
  const walked = versioned.length;
  let node = yield* nodeIn(slot, versioned);
  for (let depth = walked; depth < path.length; depth += 1) {
    // The walk has looked for this member already.
    const isSought = depth === walked && depth < WALKED && node.split?.kind === "object";
    const next = isSought ? "no-member" : yield* childOf(node, path[depth] ?? "");
    if (typeof next === "string") return { isFound: false, reason: next, deepest: depth, parent: node, seq };
    node = next;
  }
  return { isFound: true, node, seq };
}

/**
 * Finds the text of a node by the row of {@link walkCall} alone.
 *
 * @returns null when it takes more than that, or when there is none
 */
export function walkedText(walked: unknown, path: Path): { readonly text: string; readonly seq: number } | null {
  const walk = walked as Walk; // the columns of the statement
  const versioned: number[] = [];
  const slot = lastSlot(walk, path, versioned);
  if (slot === null || referredId(slot.value) !== null) return null;
  const { value } = slot;
  let span: Span = { start: 0, end: value.length };
  for (let depth = versioned.length; depth < path.length; depth += 1) {
    const next = inlineChild(value, span.start, path[depth] ?? "");
    if (typeof next === "string") return null;
    span = next;
  }
  return { text: value.slice(span.start, span.end), seq: walk.seq };
}

/**
 * Goes through the members that the walk has found.
 *
 * @param versioned - takes the containers on the way
 * @returns the last of them; null without a document
 */
function lastSlot({ v0, v1, v2, v3 }: Walk, path: Path, versioned: number[]): (Slot & { kind: "member" }) | null {
  if (v0 === null) return null;
  let container = ROOT_CONTAINER;
  let value = v0;
  for (const next of [v1, v2, v3]) {
    const id = referredId(value);
    if (next === null || id === null) break;
    versioned.push(id);
    container = id;
    value = next;
  }
  return { kind: "member", container, key: keyAt(path, versioned.length - 1) ?? ROOT_KEY, value };
}

/** Finds a child of a node; nothing may have been changed since that was found. */
export function* childOf({ slot, start, end, split, versioned }: Found, token: string): Work<Found | MissingReason> {
  if (split !== null) {
    const next = yield* childSlot(split, token);
    return typeof next === "string" ? next : yield* nodeIn(next, versioned);
  }
  const span = inlineChild(slot.value, start, token);
  if (typeof span === "string") return span;
  return { slot, start: span.start, end: span.end, split: null, parent: { start, end }, versioned };
}

/** @param versioned - the containers with rows above it */
function* nodeIn(slot: Slot, versioned: readonly number[]): Work<Found> {
  const id = referredId(slot.value);
  const split = id === null ? null : yield* getContainer(id);
  const end = slot.value.length;
  return { slot, start: 0, end, split, parent: null, versioned: id === null ? versioned : [...versioned, id] };
}

/** Key of a member as it lies in a row; null, which is no key, behind the end of the path. */
function keyAt(path: Path, depth: number): string | null {
  const token = path[depth];
  return token === undefined ? null : escapeKey(token);
}

function* childSlot(split: ContainerRow, token: string): Work<Slot | MissingReason> {
  if (split.kind === "object") {
    const key = escapeKey(token);
    const found = yield* row<{ readonly value: string }>("getMember", split.id, key);
    return found === undefined ? "no-member" : { kind: "member", container: split.id, key, value: found.value };
  }
  const index = arrayIndex(token);
  if (index === null) return token === "-" ? "no-element" : "not-an-index";
  if (index >= split.count) return "no-element";
  const place = yield* findPlace(split, index);
  return place === null ? "no-element" : { kind: "element", array: split, place, value: valueAt(place) };
}

function inlineChild(text: string, start: number, token: string): Span | MissingReason {
  const code = text.charCodeAt(start);
  if (code === OPEN_OBJECT) return findMember(text, start, escapeKey(token)) ?? "no-member";
  if (code !== OPEN_ARRAY) return "not-a-container";
  const index = arrayIndex(token);
  if (index === null) return token === "-" ? "no-element" : "not-an-index";
  return findElement(text, start, index) ?? "no-element";
}

/** @throws Error when it is missing: the file is damaged */
export function* getContainer(id: number): Work<ContainerRow> {
  const container = yield* row<ContainerRow>("getContainer", id);
  if (container === undefined) throw new Error(`The database is damaged: container ${id} is missing`);
  return container;
}
