// GET with `?children`: one level of a node, with types and counts, in pages. So a client looks at a document of any size. `offset` passes
// children over; `prefix` lists the members whose keys begin with it, in the order of their keys.
import type { WSGIBody } from "tsgi/wsgi";
import { find, sizeOf, typeOf } from "../storage/document.ts";
import { entityTag } from "../storage/entity-tag.ts";
import { findPlace, linesOf } from "../storage/array-pages.ts";
import { getContainer, inlineText, type Found } from "../storage/locate.ts";
import { referredId, type ContainerRow, type MemberRow } from "../storage/rows.ts";
import { row, rows, type Work } from "../storage/work.ts";
import { escapeKey } from "../text/json-key.ts";
import { countOf, elementsOf, membersOf, typeAt, type JsonType, type MemberSpan } from "../text/spans.ts";
import { Problem } from "../problem.ts";
import { factHeaders, sendNothing, sendText } from "./answer.ts";
import { isKnown, REPRESENTATION_MARK } from "./conditions.ts";
import { documentVersion } from "./document-version.ts";
import type { Exchange } from "./exchange.ts";
import type { ApiSettings } from "./settings.ts";

const DEFAULT_LIMIT = 100;
const MOST_CHILDREN = 1000;
/** Characters of a scalar that is told. */
const LONGEST_VALUE = 1024;

/** A child, and the cursor behind it. */
interface Child {
  readonly text: string;
  /** As JSON. */
  readonly cursor: string;
}

/** Answers GET with `?children`. */
export function readChildren(exchange: Exchange, { store }: ApiSettings): WSGIBody | Promise<WSGIBody> {
  const read = store.read(() => listing(exchange, store.epoch));
  return read instanceof Promise ? read.then((value) => answer(value)) : answer(read);

  function answer({ version, tag, text }: { version: number; tag: string; text: string | null }): WSGIBody {
    const headers = factHeaders({ version, tag });
    return text === null ? sendNothing(exchange, 304, headers) : sendText(exchange, 200, text, headers);
  }
}

function* listing(
  { path, query, conditions }: Exchange,
  epoch: string,
): Work<{ version: number; tag: string; text: string | null }> {
  const limit = Math.max(1, Math.min(query.limit ?? DEFAULT_LIMIT, MOST_CHILDREN));
  const version = yield* documentVersion();
  const node = yield* find(path);
  const tag = `${entityTag(node, epoch)}${REPRESENTATION_MARK}children`;
  if (isKnown(conditions, tag)) return { version, tag, text: null };
  const type = typeOf(node);
  if (type !== "object" && type !== "array")
    return { version, tag, text: `{"type":"${type}",${valueText(inlineText(node))}}` };
  // One more than wanted tells whether there are more.
  const children =
    query.prefix === undefined
      ? yield* childrenOf(node, type, { after: cursorOf(query.after), offset: query.offset, limit: limit + 1 })
      : yield* membersBeginning(node, type, query.prefix, query.after, limit + 1);
  const shown = children.slice(0, limit);
  const next = children.length > limit ? `,"next":${shown.at(-1)?.cursor}` : "";
  const list = shown.map(({ text }) => text).join(",");
  return { version, tag, text: `{"type":"${type}","count":${sizeOf(node)},"children":[${list}]${next}}` };
}

function cursorOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new Problem("bad-parameter", { detail: `Expected what "next" gave in "after", got "${text}"` });
}

/** Which part of a level. */
interface Part {
  /** Cursor of the child before. */
  readonly after: number;
  /** Children to pass over from there. */
  readonly offset: number;
  readonly limit: number;
}

function childrenOf(node: Found, type: "object" | "array", part: Part): Work<Child[]> {
  if (node.split === null) return inlineChildren(inlineText(node), type, part);
  return type === "object" ? splitMembers(node.split, part) : splitElements(node.split, part);
}

function* splitMembers({ id }: ContainerRow, { after, offset, limit }: Part): Work<Child[]> {
  if (offset === 0) return yield* childrenIn(yield* rows<MemberRow>("membersAfter", id, after, limit));
  const first = yield* row<{ readonly ord: number }>("orderBehind", id, after, offset);
  if (first === undefined) return [];
  return yield* childrenIn(yield* rows<MemberRow>("membersAfter", id, first.ord - 1, limit));
}

function* childrenIn(members: readonly MemberRow[]): Work<Child[]> {
  const children: Child[] = [];
  for (const { key, ord, value } of members) {
    children.push({ text: yield* childText(`"key":"${key}"`, value), cursor: String(ord) });
  }
  return children;
}

function* splitElements(array: ContainerRow, { after, offset, limit }: Part): Work<Child[]> {
  const children: Child[] = [];
  let index = after + offset;
  while (index < array.count && children.length < limit) {
    const place = yield* findPlace(array, index);
    if (place === null) break;
    const { page, line: first } = place.lowest;
    const lines = linesOf(page.data).slice(first, first + limit - children.length);
    if (lines.length === 0) throw new Error(`The database is damaged: page ${page.id} has too few lines`);
    for (const line of lines) {
      const text = yield* childText(`"index":${index}`, line);
      index += 1;
      children.push({ text, cursor: String(index) });
    }
  }
  return children;
}

function* inlineChildren(text: string, type: "object" | "array", { after, offset, limit }: Part): Work<Child[]> {
  const children: Child[] = [];
  let position = 0;
  for (const span of type === "object" ? membersOf(text, 0) : elementsOf(text, 0)) {
    position += 1;
    if (position <= after + offset) continue;
    if (children.length >= limit) break;
    const name = type === "object" ? `"key":"${(span as MemberSpan).key}"` : `"index":${position - 1}`; // of membersOf
    children.push({ text: yield* childText(name, text.slice(span.start, span.end)), cursor: String(position) });
  }
  return children;
}

/**
 * Lists the members whose keys begin with a text, by their keys.
 *
 * @param after - key of the member before
 */
function* membersBeginning(
  node: Found,
  type: "object" | "array",
  prefix: string,
  after: string | undefined,
  limit: number,
): Work<Child[]> {
  if (type === "array") throw new Problem("bad-parameter", { detail: 'Expected an object for "prefix"' });
  const start = escapeKey(prefix);
  // No escape has a control character in it, and no character comes after the last one.
  const from = after === undefined ? start : `${escapeKey(after)}\u0001`;
  const to = `${start}\u{10ffff}`;
  const members =
    node.split === null
      ? inlineBetween(inlineText(node), from, to).slice(0, limit)
      : yield* rows<Pick<MemberRow, "key" | "value">>("membersBetween", node.split.id, from, to, limit);
  const children: Child[] = [];
  for (const { key, value } of members) {
    children.push({ text: yield* childText(`"key":"${key}"`, value), cursor: `"${key}"` });
  }
  return children;
}

function inlineBetween(text: string, from: string, to: string): { readonly key: string; readonly value: string }[] {
  return [...membersOf(text, 0)]
    .filter(({ key }) => byBytes(key, from) >= 0 && byBytes(key, to) < 0)
    .map(({ key, start, end }) => ({ key, value: text.slice(start, end) }))
    .toSorted((a, b) => byBytes(a.key, b.key));
}

/** As databases compare: the order of code points. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function* childText(name: string, value: string): Work<string> {
  const id = referredId(value);
  if (id !== null) {
    const { kind, count } = yield* getContainer(id);
    return `{${name},"type":"${kind}","count":${count}}`;
  }
  const type: JsonType = typeAt(value, 0);
  if (type === "object" || type === "array") return `{${name},"type":"${type}","count":${countOf(value, 0)}}`;
  return value.length > LONGEST_VALUE ? `{${name},"type":"${type}"}` : `{${name},"type":"${type}",${valueText(value)}}`;
}

function valueText(value: string): string {
  return `"value":${value}`;
}
