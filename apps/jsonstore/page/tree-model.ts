// The tree as rows: which node is at which row, what has to be read for it, and what a change makes of it. It knows nothing of the screen.
import type { Path } from "../src/text/pointer.ts";
import type { JsonType } from "../src/text/spans.ts";
import { Level, PAGE_ROWS } from "./level.ts";
import { isContainer, type Listing, type Row } from "./listing.ts";
import type { ListingQuery, Versioned } from "./store-client.ts";

/** A row of the tree. Level null is the row of the node that the tree begins with. */
export interface Place {
  readonly level: Level | null;
  readonly position: number;
  readonly depth: number;
}

/** A change in the document, told by its path below the node that the tree begins with. */
export interface Change {
  /** Number of the write. */
  readonly version: number;
  readonly op: "put" | "delete" | "insert";
  readonly path: Path;
}

/** Reads a part of a level. */
export type Load = (path: Path, query: ListingQuery) => Promise<Versioned<Listing>>;

/** Milliseconds between two readings of what others keep changing. */
const CALM = 250;

/** The part of a document that is looked at. */
export class TreeModel {
  path: Path;
  root: Row | null = null;
  /** Number of the last write when the root was read. */
  version = 0;
  level: Level | null = null;
  #selected: Place = { level: null, position: 0, depth: 0 };
  /** Which node that is, wherever it goes. */
  #selectedToken: string | null = null;
  readonly #load: Load;
  readonly #onChange: () => void;
  readonly #onError: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #shown: readonly [first: number, last: number] = [0, 0];

  constructor(path: Path, load: Load, onChange: () => void, onError: (error: unknown) => void) {
    this.path = path;
    this.#load = load;
    this.#onChange = onChange;
    this.#onError = onError;
  }

  get selected(): Place {
    return this.#selected;
  }

  set selected(place: Place) {
    this.#selected = place;
    this.#selectedToken = place.level?.tokenAt(place.position) ?? null;
  }

  /** Reads the node that the tree begins with. */
  async start(): Promise<void> {
    await this.#readRoot(PAGE_ROWS);
    this.#onChange();
  }

  /** Rows in all. */
  get total(): number {
    return this.root === null ? 0 : 1 + (this.level?.height ?? 0);
  }

  /** Returns what is at a row. */
  at(index: number): Place {
    if (index <= 0 || this.level === null) return { level: null, position: 0, depth: 0 };
    return placeIn(this.level, Math.min(index, this.total - 1) - 1, 1);
  }

  /** Returns the row of a place. */
  indexOf({ level, position }: Place): number {
    if (level === null) return 0;
    const above = level.open.reduce((sum, child) => (child.position < position ? sum + child.level.height : sum), 0);
    const parent = this.placeOf(level);
    return this.indexOf(parent) + 1 + position + above;
  }

  /** Returns the row of a level's own node. */
  placeOf(level: Level): Place {
    const { parent } = level;
    if (parent === null) return { level: null, position: 0, depth: 0 };
    const position = parent.open.find((child) => child.level === level)?.position ?? 0;
    return { level: parent, position, depth: depthOf(level) - 1 };
  }

  rowAt({ level, position }: Place): Row | null {
    return level === null ? this.root : (level.row(position) ?? null);
  }

  childOf({ level, position }: Place): Level | null {
    return level === null ? this.level : (level.childAt(position) ?? null);
  }

  /** Path of a row; null if it was not read yet. */
  pathOf({ level, position }: Place): Path | null {
    if (level === null) return this.path;
    const token = level.tokenAt(position);
    return token === null ? null : [...level.path, token];
  }

  /** Reads what is missing between two rows. */
  need(first: number, last: number): void {
    this.#shown = [first, last];
    const levels = new Map<Level, number[]>();
    for (let index = first; index <= last && index < this.total; index += 1) {
      const { level, position } = this.at(index);
      if (level !== null) levels.set(level, [...(levels.get(level) ?? []), position]);
    }
    for (const [level, positions] of levels) {
      for (const position of positions) {
        const wanted = level.wanted(position);
        if (wanted !== null) void this.#fill(level, wanted.number, wanted.query);
      }
    }
  }

  /** Opens a row that has children. */
  async expand(place: Place): Promise<void> {
    const row = this.rowAt(place);
    const token = place.level?.tokenAt(place.position);
    if (row === null || !isContainer(row.type) || this.childOf(place) !== null) return;
    if (place.level === null) {
      await this.#readRoot();
    } else if (typeof token === "string") {
      const level = new Level(place.level, token, row.type, row.count ?? 0);
      place.level.open.push({ position: place.position, level });
      place.level.open.sort((a, b) => a.position - b.position);
      await this.#readFirst(level);
    }
    this.#onChange();
  }

  /** Closes a row, and forgets what was read below it. */
  collapse(place: Place): void {
    if (this.#isWithin(this.selected, place)) this.selected = place;
    if (place.level === null) {
      this.level = null;
    } else {
      place.level.open = place.level.open.filter(({ position }) => position !== place.position);
    }
    this.#onChange();
  }

  /** Shows only the keys of a level that begin with a text. */
  async filter(level: Level, prefix: string | null): Promise<void> {
    if (this.#isWithin(this.selected, this.placeOf(level))) this.selected = this.placeOf(level);
    level.filter(prefix);
    await this.#readFirst(level);
    this.#onChange();
  }

  /** Opens all on the way to a node and selects it. @returns false when it is not there */
  async reveal(path: Path): Promise<boolean> {
    let place = this.at(0);
    for (const token of path) {
      await this.expand(place);
      const level = this.childOf(place);
      if (level === null) return false;
      let position = level.positionOf(token);
      if (position === null && level.type === "object" && !level.isWhole) {
        // Somewhere in a large object: what begins with the key is a short list.
        await this.filter(level, token);
        position = level.positionOf(token);
        if (position === null) await this.filter(level, null);
      }
      if (position === null) return false;
      await this.#fillAt(level, position);
      place = { level, position, depth: place.depth + 1 };
    }
    this.selected = place;
    this.#onChange();
    return true;
  }

  /** Makes what is shown true again after a change. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) this.#applyOne(change);
    this.#soon();
  }

  /** Reads everything that is looked at again. */
  async refresh(): Promise<void> {
    this.#spoil(this.level);
    await this.#readRoot();
    this.#onChange();
  }

  #applyOne({ version, op, path }: Change): void {
    if (path.length === 0) return this.#spoil(this.level);
    let level = this.level;
    for (const [depth, token] of path.entries()) {
      if (level === null) return undefined;
      const isLast = depth === path.length - 1;
      const child: Level | null = level.open.find((each) => each.level.token === token)?.level ?? null;
      // The row itself, or the number of children in it.
      if (depth >= path.length - 2) level.spoil();
      if (!isLast) {
        level = child;
        continue;
      }
      if (level.type === "array" && op !== "put") this.#shift(level, Number(token), op, version);
      else if (op === "delete") level.open = level.open.filter((each) => each.level !== child);
      else this.#spoil(child);
    }
  }

  /** Elements behind a position have moved by one. */
  #shift(level: Level, index: number, op: "insert" | "delete", version: number): void {
    if (op === "delete") {
      level.open = level.open.filter((child) => child.position !== index || child.level.version >= version);
    }
    const step = op === "insert" ? 1 : -1;
    for (const child of level.open) {
      if (child.position < index) continue;
      // What was read after the change is the node that is there now.
      if (child.level.version >= version) {
        this.#spoil(child.level);
        continue;
      }
      child.position += step;
      child.level.token = String(child.position);
    }
    const { selected } = this;
    if (selected.level === level && selected.position >= index + (op === "delete" ? 1 : 0)) {
      this.selected = { ...selected, position: selected.position + step };
    }
  }

  #spoil(level: Level | null): void {
    if (level === null) return;
    level.spoil();
    for (const child of level.open) this.#spoil(child.level);
  }

  /** One reading for many changes. */
  #soon(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.need(...this.#shown);
      void this.#readRoot().then(this.#onChange);
    }, CALM);
  }

  async #readRoot(limit = 1): Promise<void> {
    try {
      const { value, version } = await this.#load(this.path, { limit });
      this.version = version;
      const { type, count } = value;
      const key = this.path.length === 0 ? null : JSON.stringify(this.path.at(-1)).slice(1, -1);
      this.root = { key, type, count, value: value.value };
      if (!isContainer(type)) {
        this.level = null;
      } else if (this.level?.type === type) {
        this.level.count = count ?? 0;
        this.level.version = Math.max(this.level.version, version);
      } else {
        this.level = new Level(null, "", type, count ?? 0, this.path);
        if (limit === PAGE_ROWS) this.level.take(0, value, version);
      }
    } catch (error) {
      this.root = null;
      this.level = null;
      this.#onError(error);
    }
    if (this.selected.level !== null && this.indexOf(this.selected) >= this.total)
      this.selected = this.at(this.total - 1);
  }

  async #readFirst(level: Level): Promise<void> {
    await this.#fillAt(level, 0);
  }

  async #fillAt(level: Level, position: number): Promise<void> {
    if (position >= level.rowCount) return;
    const wanted = level.wanted(position);
    if (wanted !== null) await this.#fill(level, wanted.number, wanted.query);
  }

  async #fill(level: Level, number: number, query: ListingQuery): Promise<void> {
    const { prefix } = level;
    try {
      const { value, version } = await this.#load(level.path, query);
      if (level.prefix !== prefix) return;
      if (value.type === level.type) level.take(number, value, version);
      else level.fail(number);
    } catch (error) {
      level.fail(number);
      this.#onError(error);
    }
    this.#followSelection(level);
    this.#clampSelection();
    this.#onChange();
  }

  /** Members before the selected one may have come or gone: no command may meet another node than the one that was selected. */
  #followSelection(level: Level): void {
    const { selected } = this;
    const token = this.#selectedToken;
    if (selected.level !== level || level.type !== "object") return;
    const now = level.tokenAt(selected.position);
    if (token === null || now === token) {
      this.#selectedToken = now;
      return;
    }
    const position = level.positionOf(token);
    this.selected = position === null ? this.placeOf(level) : { ...selected, position };
  }

  #clampSelection(): void {
    const { level, position } = this.selected;
    if (level === null) return;
    if (!this.#isShown(level)) this.selected = this.at(0);
    else if (position >= level.rowCount) {
      this.selected = level.rowCount === 0 ? this.placeOf(level) : { ...this.selected, position: level.rowCount - 1 };
    }
  }

  #isShown(level: Level): boolean {
    if (level === this.level) return true;
    return level.parent?.open.some((child) => child.level === level) === true && this.#isShown(level.parent);
  }

  #isWithin(place: Place, above: Place): boolean {
    const top = this.childOf(above);
    for (let { level } = place; level !== null; level = level.parent) if (level === top) return true;
    return above.level === null && place.level !== null;
  }
}

function placeIn(level: Level, index: number, depth: number): Place {
  let below = 0;
  for (const child of level.open) {
    const row = child.position + below;
    if (index <= row) break;
    const { height } = child.level;
    if (index <= row + height) return placeIn(child.level, index - row - 1, depth + 1);
    below += height;
  }
  return { level, position: index - below, depth };
}

function depthOf(level: Level): number {
  return level.parent === null ? 1 : depthOf(level.parent) + 1;
}

/** Label of a row: its key as JSON writes it, or its position. */
export function labelOf({ level, position }: Place, row: Row | null, path: Path): string {
  if (level === null) return path.length === 0 ? "document" : shownKey(row?.key ?? "");
  if (level.type === "array") return String(position);
  return row === null ? "…" : shownKey(row.key ?? "");
}

function shownKey(key: string): string {
  return key === "" ? '""' : key;
}

/** The types that a row can be opened for. */
export function canOpen(type: JsonType, count: number | null): boolean {
  return isContainer(type) && count !== 0;
}
