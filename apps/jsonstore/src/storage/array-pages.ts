// Elements of a large array: pages of lines, one line for each element, below pages of `page count` lines. An element is found by its
// position by subtracting counts, one row for each level. To insert or remove one changes one page, and the counts above it; no other
// element moves.
import type { ContainerRow, PageRow } from "./rows.ts";
import { oneRow, row, run, type Work } from "./work.ts";

/** Lines of an upper page before it is split. */
const MOST_ENTRIES = 128;

/** An array that a write changes. */
export interface ChangedArray {
  readonly array: ContainerRow;
  /** Number of the write. */
  readonly version: number;
  /** Characters of a page. */
  readonly size: number;
}

/** A page on the way to an element. */
interface Step {
  readonly page: PageRow;
  /** Number of the line that leads on; in the lowest page, of the element. */
  readonly line: number;
  /** Where that line counts, or the element's value. */
  readonly start: number;
  readonly end: number;
}

/** Where an element is, or would be. */
export interface ElementPlace {
  /** From the top. */
  readonly above: readonly Step[];
  /** The page of the element. */
  readonly lowest: Step;
}

/** One line of an upper page. */
interface Entry {
  readonly page: number;
  readonly count: number;
}

/** Finds the element at an index; where the index is that after the last, the place behind it. */
export function* findPlace(array: ContainerRow, index: number): Work<ElementPlace | null> {
  if (array.root === null) return null;
  const above: Step[] = [];
  let rest = index;
  let id = array.root;
  let level = Number.POSITIVE_INFINITY;
  for (;;) {
    const page = yield* getPage(id);
    // A page that leads upwards would lead there for ever.
    if (page.level >= level) throw new Error(`The database is damaged: page ${id} is too high`);
    ({ level } = page);
    if (page.level === 0) {
      const start = lineStart(page.data, rest);
      return { above, lowest: { page, line: rest, start, end: lineEnd(page.data, start) } };
    }
    const { line, below, start, end, passed } = descend(page.data, rest);
    above.push({ page, line, start, end });
    rest -= passed;
    id = below;
  }
}

/** Returns the value at a place. */
export function valueAt({ lowest: { page, start, end } }: ElementPlace): string {
  return page.data.slice(start, end);
}

/** Replaces the element at a place. */
export function* replaceElement(changed: ChangedArray, place: ElementPlace, value: string): Work<void> {
  const { page, start, end } = place.lowest;
  const data = page.data.slice(0, start) + value + page.data.slice(end);
  yield* storeLines(changed, place, splitLines(data, changed.size), 0);
}

/** Puts an element at an index, in front of the one that is there. The array has the number of the write then. */
export function* insertAt(changed: ChangedArray, index: number, value: string): Work<void> {
  const { array, size } = changed;
  const place = yield* findPlace(array, index);
  if (place === null) {
    const page = yield* addPage(array.id, 0, value);
    return yield* setContainer(changed, 1, page);
  }
  const { start, page } = place.lowest;
  const { data } = page;
  const isEnd = start > data.length;
  // Who appends gets full pages; to halve them would leave all half empty.
  if (isEnd && data.length + value.length > 2 * size) return yield* storeLines(changed, place, [data, value], 1);
  const lines = isEnd ? `${data}\n${value}` : `${data.slice(0, start)}${value}\n${data.slice(start)}`;
  return yield* storeLines(changed, place, splitLines(lines, size), 1);
}

/** Removes the element at a place. The array has the number of the write then. */
export function* removeAt(changed: ChangedArray, place: ElementPlace): Work<void> {
  const { start, end, page } = place.lowest;
  const { data } = page;
  const from = end === data.length ? Math.max(0, start - 1) : start;
  const rest = data.slice(0, from) + data.slice(from === start ? end + 1 : end);
  // A page without lines is none: an empty text would be one line.
  yield* storeLines(changed, place, start === 0 && end === data.length ? [] : [rest], -1);
}

/** Iterates over the lines of a page. */
export function linesOf(data: string): string[] {
  return data === "" ? [] : data.split("\n");
}

/** Reads the lines of an upper page. */
export function entriesOf(data: string): Entry[] {
  return linesOf(data).map((line) => {
    const space = line.indexOf(" ");
    return { page: Number(line.slice(0, space)), count: Number(line.slice(space + 1)) };
  });
}

/** Adds pages bottom-up, for an array that is built from its start. */
export class PageBuilder {
  readonly #container: number;
  readonly #size: number;
  #lines: string[] = [];
  #length = 0;
  readonly #levels: Entry[][] = [];
  #count = 0;

  constructor(container: number, size: number) {
    this.#container = container;
    this.#size = size;
  }

  *add(value: string): Work<void> {
    this.#lines.push(value);
    this.#length += value.length + 1;
    this.#count += 1;
    if (this.#length >= this.#size) yield* this.#flush();
  }

  /** @returns how many elements there are, and the topmost page */
  *end(): Work<{ readonly count: number; readonly root: number | null }> {
    if (this.#lines.length > 0) yield* this.#flush();
    for (let level = 0; level < this.#levels.length; level += 1) {
      const entries = this.#levels[level] ?? [];
      const [only] = entries;
      if (level === this.#levels.length - 1 && entries.length === 1 && only !== undefined) {
        return { count: this.#count, root: only.page };
      }
      yield* this.#raise(level);
    }
    return { count: this.#count, root: null };
  }

  *#flush(): Work<void> {
    const page = yield* addPage(this.#container, 0, this.#lines.join("\n"));
    const count = this.#lines.length;
    this.#lines = [];
    this.#length = 0;
    yield* this.#enter(0, { page, count });
  }

  *#enter(level: number, entry: Entry): Work<void> {
    const entries = (this.#levels[level] ??= []);
    entries.push(entry);
    if (entries.length >= MOST_ENTRIES) yield* this.#raise(level);
  }

  /** Makes a page of the entries of a level. */
  *#raise(level: number): Work<void> {
    const entries = this.#levels[level] ?? [];
    if (entries.length === 0) return;
    this.#levels[level] = [];
    const page = yield* addPage(this.#container, level + 1, entryText(entries));
    yield* this.#enter(level + 1, { page, count: sum(entries) });
  }
}

/** Stores the lowest page of a place as one or several pages, or not at all, and what changes above it. */
function* storeLines(
  changed: ChangedArray,
  { above, lowest: { page } }: ElementPlace,
  parts: string[],
  change: -1 | 0 | 1,
): Work<void> {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) {
    yield* run("setPage", first, page.id);
    if (change !== 0) yield* addCounts(changed, above, change);
    return;
  }
  const entries = yield* storeParts(changed.array.id, page, parts);
  yield* storeEntries(changed, above, entries, change);
}

/** Only the counts above a page change. */
function* addCounts(changed: ChangedArray, above: readonly Step[], change: number): Work<void> {
  for (const { page, start, end } of above) {
    const { id, data } = page;
    yield* run("setPage", data.slice(0, start) + (Number(data.slice(start, end)) + change) + data.slice(end), id);
  }
  const { array } = changed;
  yield* setContainer(changed, array.count + change, array.root);
}

/** The entry that the lowest of these steps follows becomes others; the same happens above where a page becomes full or empty. */
function* storeEntries(
  changed: ChangedArray,
  steps: readonly Step[],
  replaced: readonly Entry[],
  change: number,
): Work<void> {
  const { array } = changed;
  let entries = [...replaced];
  for (const { page, line } of steps.toReversed()) {
    const all = entriesOf(page.data);
    all.splice(line, 1, ...entries);
    const halves = all.length > MOST_ENTRIES ? [all.slice(0, all.length >> 1), all.slice(all.length >> 1)] : [all];
    const parts = halves.filter((half) => half.length > 0);
    const stored = yield* storeParts(array.id, page, parts.map(entryText));
    entries = stored.map(({ page: id }, index) => ({ page: id, count: sum(parts[index] ?? []) }));
  }
  const count = array.count + change;
  const [only] = entries;
  if (only === undefined) return yield* setContainer(changed, count, null);
  if (entries.length === 1) return yield* setContainer(changed, count, yield* lowestRoot(only.page));
  const level = (steps[0]?.page.level ?? 0) + 1;
  return yield* setContainer(changed, count, yield* addPage(array.id, level, entryText(entries)));
}

/** The first part takes the place of a page, the others become new ones. */
function* storeParts(container: number, page: PageRow, parts: readonly string[]): Work<Entry[]> {
  if (parts.length === 0) {
    yield* run("dropPage", page.id);
    return [];
  }
  const entries: Entry[] = [];
  for (const [index, data] of parts.entries()) {
    let { id } = page;
    if (index === 0) yield* run("setPage", data, id);
    else id = yield* addPage(container, page.level, data);
    entries.push({ page: id, count: countLines(data) });
  }
  return entries;
}

/** A topmost page that leads to one page only is not needed. */
function* lowestRoot(root: number): Work<number> {
  const page = yield* getPage(root);
  if (page.level === 0) return root;
  const [only, second] = entriesOf(page.data);
  if (only === undefined || second !== undefined) return root;
  yield* run("dropPage", root);
  return yield* lowestRoot(only.page);
}

function* setContainer({ array, version }: ChangedArray, count: number, root: number | null): Work<void> {
  yield* run("setContainer", count, root, version, array.id);
}

function* addPage(container: number, level: number, data: string): Work<number> {
  return (yield* oneRow<{ readonly id: number }>("addPage", container, level, data)).id;
}

/** @throws Error when the page is missing: the file is damaged */
export function* getPage(id: number): Work<PageRow> {
  const page = yield* row<PageRow>("getPage", id);
  if (page === undefined) throw new Error(`The database is damaged: page ${id} is missing`);
  return page;
}

/** Splits lines until each part has at most twice the size, or is one line. */
function splitLines(data: string, size: number): string[] {
  if (data.length <= 2 * size) return [data];
  const middle = data.length >> 1;
  const before = data.lastIndexOf("\n", middle);
  const after = data.indexOf("\n", middle);
  if (before < 0 && after < 0) return [data];
  const cut = after < 0 || (before >= 0 && middle - before <= after - middle) ? before : after;
  return [...splitLines(data.slice(0, cut), size), ...splitLines(data.slice(cut + 1), size)];
}

/** The line of an upper page that leads to a position. */
interface Descent {
  readonly line: number;
  /** The page that it leads to. */
  readonly below: number;
  /** Where its count is. */
  readonly start: number;
  readonly end: number;
  /** Elements of the lines before it. */
  readonly passed: number;
}

/** Finds the line that leads to a position. Reads digits in place: this is the hot path of every element. */
function descend(data: string, position: number): Descent {
  let passed = 0;
  let at = 0;
  for (let line = 0; ; line += 1) {
    let below = 0;
    let code = data.charCodeAt(at);
    for (; code >= 0x30; code = data.charCodeAt((at += 1))) below = below * 10 + code - 0x30;
    let count = 0;
    const start = (at += 1);
    code = data.charCodeAt(at);
    for (; code >= 0x30; code = data.charCodeAt((at += 1))) count = count * 10 + code - 0x30;
    const end = at;
    at += 1;
    // The last one also has the place behind its last element.
    if (position < passed + count || at >= data.length) return { line, below, start, end, passed };
    passed += count;
  }
}

/** Index where a line starts; one behind the text for the line after the last. */
function lineStart(data: string, line: number): number {
  let start = 0;
  for (let passed = 0; passed < line; passed += 1) {
    const end = data.indexOf("\n", start);
    if (end < 0) return data.length + 1;
    start = end + 1;
  }
  return start;
}

function lineEnd(data: string, start: number): number {
  const end = data.indexOf("\n", start);
  return end < 0 ? data.length : end;
}

function countLines(data: string): number {
  let count = 1;
  for (let at = data.indexOf("\n"); at >= 0; at = data.indexOf("\n", at + 1)) count += 1;
  return count;
}

function entryText(entries: readonly Entry[]): string {
  return entries.map(({ page, count }) => `${page} ${count}`).join("\n");
}

function sum(entries: readonly Entry[]): number {
  return entries.reduce((total, { count }) => total + count, 0);
}
