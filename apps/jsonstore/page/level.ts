// One level of the tree: the children of a node that is open, as far as they were looked at. It keeps pages of rows, the children that are
// open themselves, and how many rows all this makes.
import type { Path } from "../src/text/pointer.ts";
import { unescapeKey } from "../src/text/json-key.ts";
import type { Listing, Row } from "./listing.ts";
import type { ListingQuery } from "./store-client.ts";

/** Rows of a page. */
export const PAGE_ROWS = 200;
/** Pages that a level keeps; what was not looked at for longest goes first. */
const MOST_PAGES = 50;

/** A child that is open. */
export interface OpenChild {
  position: number;
  readonly level: Level;
}

interface RowPage {
  readonly rows: readonly Row[];
  /** Shown until it was read again. */
  isStale: boolean;
}

/** The children of a node. */
export class Level {
  readonly parent: Level | null;
  /** Name of the node in its parent; of an element it changes when elements come and go before it. */
  token: string;
  type: "object" | "array";
  /** Children in all, as the store has said last. */
  count: number;
  /** Number of the last write that what is shown of it contains. */
  version = 0;
  /** In the order of their positions. */
  open: OpenChild[] = [];
  /** Beginning of the keys that are shown; null shows all. */
  prefix: string | null = null;
  readonly #rootPath: Path;
  readonly #pages = new Map<number, RowPage>();
  /** Where a page begins, in the words of the store. */
  readonly #cursors = new Map<number, string>();
  /** Pages that are on their way, and what the level was when they were asked for. */
  readonly #loading = new Map<number, number>();
  #generation = 0;
  readonly #failed = new Set<number>();
  /** Rows of a filtered level, one more while there may be others. */
  #matches = 1;

  constructor(parent: Level | null, token: string, type: "object" | "array", count: number, rootPath: Path = []) {
    this.parent = parent;
    this.token = token;
    this.type = type;
    this.count = count;
    this.#rootPath = rootPath;
  }

  get path(): Path {
    return this.parent === null ? this.#rootPath : [...this.parent.path, this.token];
  }

  /** Rows of its own. */
  get rowCount(): number {
    return this.prefix === null ? this.count : this.#matches;
  }

  /** Rows with those of what is open in it. */
  get height(): number {
    return this.open.reduce((sum, { level }) => sum + level.height, this.rowCount);
  }

  /** Whether all of its rows are there. */
  get isWhole(): boolean {
    return this.prefix === null && this.#pages.size * PAGE_ROWS >= this.count;
  }

  /** Returns a row, if its page is there. */
  row(position: number): Row | undefined {
    const number = Math.floor(position / PAGE_ROWS);
    const page = this.#pages.get(number);
    if (page === undefined) return undefined;
    this.#pages.delete(number);
    this.#pages.set(number, page);
    return page.rows[position - number * PAGE_ROWS];
  }

  /** Token of a child; null if it is not known yet. */
  tokenAt(position: number): string | null {
    if (this.type === "array") return String(position);
    const key = this.row(position)?.key;
    return key === undefined || key === null ? null : unescapeKey(key);
  }

  /** Finds a child among the rows that are there. */
  positionOf(token: string): number | null {
    if (this.type === "array")
      return /^(?:0|[1-9][0-9]*)$/.test(token) && Number(token) < this.count ? Number(token) : null;
    for (const [number, { rows }] of this.#pages) {
      const index = rows.findIndex(({ key }) => key !== null && unescapeKey(key) === token);
      if (index >= 0) return number * PAGE_ROWS + index;
    }
    return null;
  }

  childAt(position: number): Level | undefined {
    return this.open.find((child) => child.position === position)?.level;
  }

  /** Which page has to be read for a position, and how; null if there is nothing to do. */
  wanted(position: number): { readonly number: number; readonly query: ListingQuery } | null {
    const number = Math.floor(position / PAGE_ROWS);
    const page = this.#pages.get(number);
    if (this.#loading.has(number) || this.#failed.has(number) || (page !== undefined && !page.isStale)) return null;
    this.#loading.set(number, this.#generation);
    return { number, query: this.#query(number) };
  }

  /** Takes a page that was read. */
  take(number: number, { count, rows, next }: Listing, version: number): void {
    const isStale = (this.#loading.get(number) ?? this.#generation) !== this.#generation;
    this.#loading.delete(number);
    this.version = Math.max(this.version, version);
    this.count = count ?? 0;
    if (this.prefix !== null) this.#matches = number * PAGE_ROWS + rows.length + (next === null ? 0 : 1);
    if (next !== null) this.#cursors.set(number + 1, next);
    this.#pages.delete(number);
    this.#pages.set(number, { rows, isStale });
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= MOST_PAGES) break;
      this.#pages.delete(oldest);
    }
    this.#settle(number, rows);
  }

  /** A page could not be read; it is not asked for again before something changes. */
  fail(number: number): void {
    this.#loading.delete(number);
    this.#failed.add(number);
  }

  hasFailed(position: number): boolean {
    return this.#failed.has(Math.floor(position / PAGE_ROWS));
  }

  /** Something in the level has changed: it is read again where it is looked at. */
  spoil(): void {
    this.#generation += 1;
    for (const page of this.#pages.values()) page.isStale = true;
    // An element's position is where it is; that of a member may be another one now.
    this.#cursors.clear();
    this.#failed.clear();
  }

  /** Shows only the children whose keys begin with a text. */
  filter(prefix: string | null): void {
    this.prefix = prefix;
    this.#matches = 1;
    this.open = [];
    this.#pages.clear();
    this.#loading.clear();
    this.spoil();
  }

  #query(number: number): ListingQuery {
    const start = number * PAGE_ROWS;
    const query = { limit: PAGE_ROWS, ...(this.prefix !== null && { prefix: this.prefix }) };
    if (this.type === "array") return start === 0 ? query : { ...query, after: String(start) };
    for (let known = number; known > 0; known -= 1) {
      const after = this.#cursors.get(known);
      if (after !== undefined) return { ...query, after, offset: start - known * PAGE_ROWS };
    }
    return { ...query, offset: start };
  }

  /** Members may have moved: what is open goes where its key is, or is closed. */
  #settle(number: number, rows: readonly Row[]): void {
    const from = number * PAGE_ROWS;
    this.open = this.open.filter((child) => {
      if (child.position >= this.rowCount) return false;
      if (child.position < from || child.position >= from + PAGE_ROWS) return true;
      if (this.type === "object" && this.tokenAt(child.position) !== child.level.token) {
        const position = this.positionOf(child.level.token);
        if (position === null) return false;
        child.position = position;
      }
      const row = rows[child.position - from];
      return row === undefined || row.type === child.level.type;
    });
    this.open.sort((a, b) => a.position - b.position);
  }
}
