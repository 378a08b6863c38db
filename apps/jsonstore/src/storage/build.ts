// Turns compact text into what a row holds: the text itself while it is short, otherwise a reference to a container that is built here.
// The text may have references in it already; then all around them gets rows of its own.
import { OPEN_OBJECT } from "../text/characters.ts";
import { behind, isClosed, stringEnd, valueEndWithin } from "../text/spans.ts";
import { PageBuilder } from "./array-pages.ts";
import { reference } from "./rows.ts";
import { oneRow, run, runEach, type Parameter, type Work } from "./work.ts";

/** How a value is laid out in rows. */
export interface Layout {
  /** Characters of a page. A text of more than twice this is split. */
  readonly size: number;
}

/** Of a store whose settings name none. */
export const DEFAULT_PAGE_SIZE = 1024;

/** What new containers are marked with. */
export interface Marks {
  /** Number of the write. */
  readonly version: number;
  /** While they are not yet part of the document: of what they are a part. */
  readonly staging: number | null;
}

/** A container that is being filled. */
interface Open {
  readonly id: number;
  readonly isObject: boolean;
  count: number;
  key: string;
  readonly pages: PageBuilder | null;
  /** Rows that are not stored yet. */
  members: Parameter[][];
}

/** Members that are stored at a time. */
const MEMBERS = 256;

/**
 * Returns what a row holds for a value.
 *
 * @param place - where in the text it is
 */
export function* build(text: string, { size }: Layout, marks: Marks, place = { at: 0 }): Work<string> {
  const most = 2 * size;
  if (text.length <= most && !text.includes("@")) return text;
  if (!isContainer(text) || valueEndWithin(text, 0, most) >= 0) return text;
  const stack: Open[] = [yield* open(text, 0, size, marks)];
  let at = 1;
  for (;;) {
    const top = stack.at(-1);
    if (top === undefined) throw new Error("The text has an end too many");
    if (isClosed(text, at)) {
      stack.pop();
      yield* close(top, marks);
      const parent = stack.at(-1);
      if (parent === undefined) return reference(top.id);
      yield* add(parent, reference(top.id));
      at += 1;
      continue;
    }
    at = behind(text, at);
    if (top.isObject) {
      const keyEnd = stringEnd(text, at);
      top.key = text.slice(at + 1, keyEnd - 1);
      at = keyEnd + 1;
    }
    place.at = at;
    const end = valueEndWithin(text, at, most);
    if (end >= 0) {
      yield* add(top, text.slice(at, end));
      at = end;
    } else {
      stack.push(yield* open(text, at, size, marks));
      at += 1;
    }
  }
}

function isContainer(text: string): boolean {
  return text.startsWith("{") || text.startsWith("[");
}

function* open(text: string, at: number, size: number, { version, staging }: Marks): Work<Open> {
  const isObject = text.charCodeAt(at) === OPEN_OBJECT;
  const kind = isObject ? "object" : "array";
  const { id } = yield* oneRow<{ readonly id: number }>("addContainer", kind, version, staging);
  return { id, isObject, count: 0, key: "", pages: isObject ? null : new PageBuilder(id, size), members: [] };
}

function* add(container: Open, value: string): Work<void> {
  if (container.pages !== null) return yield* container.pages.add(value);
  container.count += 1;
  container.members.push([container.id, container.key, container.count, value]);
  if (container.members.length >= MEMBERS) yield* flush(container);
}

function* flush(container: Open): Work<void> {
  yield* runEach("addMember", container.members);
  container.members = [];
}

function* close(container: Open, { version }: Marks): Work<void> {
  const { id, count, pages } = container;
  if (pages === null) {
    yield* flush(container);
    return yield* run("setContainer", count, null, version, id);
  }
  const end = yield* pages.end();
  return yield* run("setContainer", end.count, end.root, version, id);
}
