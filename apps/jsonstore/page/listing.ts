// Reads what `?children` answers, by offsets: a value stays the text that the store has sent.
import { unescapeKey } from "../src/text/json-key.ts";
import { countOf, elementsOf, membersOf, typeAt, type JsonType } from "../src/text/spans.ts";

/** One child of a node. */
export interface Row {
  /** Canonical escape of its key; null in an array. */
  readonly key: string | null;
  readonly type: JsonType;
  /** Number of its children; null when it has none by its type. */
  readonly count: number | null;
  /** Its text, if it is a short scalar. */
  readonly value: string | null;
}

/** One page of a level. */
export interface Listing {
  readonly type: JsonType;
  /** Number of children in all; null of a scalar. */
  readonly count: number | null;
  readonly rows: readonly Row[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
  /** The text of a scalar. */
  readonly value: string | null;
}

/** Tells whether a type has children. */
export function isContainer(type: JsonType): type is "object" | "array" {
  return type === "object" || type === "array";
}

/** Reads an answer. */
export function parseListing(text: string): Listing {
  const members = fieldsOf(text, 0);
  const children = members.get("children");
  const next = members.get("next");
  return {
    type: typeOf(members),
    count: numberOf(members.get("count")),
    rows: children === undefined ? [] : [...elementsOf(children, 0)].map(({ start }) => rowAt(children, start)),
    next: next === undefined ? null : plain(next),
    value: members.get("value") ?? null,
  };
}

/** Makes the row of a value. */
export function rowOfText(key: string | null, text: string): Row {
  const type = typeAt(text, 0);
  return isContainer(type)
    ? { key, type, count: countOf(text, 0), value: null }
    : { key, type, count: null, value: text };
}

function rowAt(text: string, start: number): Row {
  const members = fieldsOf(text, start);
  const key = members.get("key");
  return {
    key: key === undefined ? null : key.slice(1, -1),
    type: typeOf(members),
    count: numberOf(members.get("count")),
    value: members.get("value") ?? null,
  };
}

function fieldsOf(text: string, from: number): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  for (const { key, start, end } of membersOf(text, from)) members.set(key, text.slice(start, end));
  return members;
}

function typeOf(members: ReadonlyMap<string, string>): JsonType {
  return plain(members.get("type") ?? '"null"') as JsonType; // the API knows these six
}

function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

/** A string without its quotes; anything else as it is. */
function plain(text: string): string {
  return text.startsWith('"') ? unescapeKey(text.slice(1, -1)) : text;
}
