// The tree on the screen: its rows, what a pointer and the arrow keys do with them. Keys and values are written by strangers: they go into
// the page as text only.
import { formatPointer } from "../src/text/pointer.ts";
import { element } from "./element.ts";
import { canOpen, labelOf, type Place, type TreeModel } from "./tree-model.ts";
import type { Row } from "./listing.ts";
import { VirtualList } from "./virtual-list.ts";

/** Characters of a value that a row shows. */
const SHOWN = 300;
const ROW = 28;
const TOUCHED_ROW = 40;

/** A tree on the screen. */
export class TreeView {
  readonly #tree = element("tree", HTMLElement);
  readonly #list: VirtualList;
  readonly #coarse = matchMedia("(pointer: coarse)");
  readonly #rows: HTMLElement[] = [];
  readonly #onDraw: () => void;
  /** Pointers of what others have changed. */
  marks: ReadonlySet<string> = new Set();
  #model: TreeModel | null = null;

  constructor(onEdit: () => void, onDraw: () => void) {
    this.#onDraw = onDraw;
    const scroller = element("scroller", HTMLElement);
    this.#list = new VirtualList(
      { scroller, bar: element("bar", HTMLElement), rows: this.#tree },
      () => this.rowHeight,
      (first, last, top) => this.#draw(first, last, top),
    );
    this.#tree.addEventListener("click", (event) => this.#clicked(event));
    this.#tree.addEventListener("dblclick", onEdit);
  }

  get rowHeight(): number {
    return this.#coarse.matches ? TOUCHED_ROW : ROW;
  }

  /** Shows a tree. */
  show(model: TreeModel): void {
    this.#model = model;
    this.update();
  }

  /** Draws again, soon. */
  update(): void {
    const total = this.#model?.total ?? 0;
    this.#list.update(total);
  }

  focus(): void {
    this.#tree.focus();
  }

  /** Brings the selected row into sight. */
  reveal(isCentred = false): void {
    const model = this.#model;
    if (model === null) return;
    this.#list.update(model.total);
    this.#list.show(model.indexOf(model.selected), isCentred);
  }

  /** Pixels between the upper edges of the tree and of the selected row's successor. */
  get besideSelected(): number {
    const row = this.#tree.querySelector('[aria-selected="true"]');
    return row === null ? 0 : row.getBoundingClientRect().bottom - this.#tree.getBoundingClientRect().top;
  }

  /** Does what a key means in a tree. @returns whether it means something */
  press(key: string): boolean {
    const model = this.#model;
    if (model === null) return false;
    const index = model.indexOf(model.selected);
    const page = this.#list.fitting - 1;
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + page,
      PageUp: index - page,
      Home: 0,
      End: model.total - 1,
    };
    const to = steps[key];
    if (to !== undefined) this.select(model.at(Math.max(0, to)));
    else if (key === "ArrowRight") this.#inward(model);
    else if (key === "ArrowLeft") this.#outward(model);
    else return false;
    return true;
  }

  /** Selects a row and brings it into sight. */
  select(place: Place): void {
    if (this.#model === null) return;
    this.#model.selected = place;
    this.reveal();
  }

  #inward(model: TreeModel): void {
    const { selected } = model;
    const level = model.childOf(selected);
    if (level === null) void model.expand(selected);
    else if (level.rowCount > 0) this.select({ level, position: 0, depth: selected.depth + 1 });
  }

  #outward(model: TreeModel): void {
    const { selected } = model;
    if (model.childOf(selected) !== null) model.collapse(selected);
    else if (selected.level !== null) this.select(model.placeOf(selected.level));
  }

  #clicked(event: MouseEvent): void {
    const model = this.#model;
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest<HTMLElement>(".row");
    if (model === null || row === undefined || row === null) return;
    const place = model.at(Number(row.dataset["index"]));
    this.select(place);
    if (target?.classList.contains("twist") !== true) return;
    if (model.childOf(place) === null) void model.expand(place);
    else model.collapse(place);
  }

  #draw(first: number, last: number, top: (index: number) => number): void {
    const model = this.#model;
    if (model === null) return;
    const shown = Math.max(0, last - first + 1);
    while (this.#rows.length < shown) this.#rows.push(this.#makeRow());
    const selected = model.total === 0 ? -1 : model.indexOf(model.selected);
    for (const [slot, row] of this.#rows.entries()) {
      row.hidden = slot >= shown;
      if (row.hidden) continue;
      const index = first + slot;
      row.id = `row-${index}`;
      row.dataset["index"] = String(index);
      row.style.transform = `translateY(${top(index)}px)`;
      row.setAttribute("aria-selected", String(index === selected));
      this.#fillRow(row, model, model.at(index));
    }
    const isSeen = selected >= first && selected <= last;
    if (isSeen) this.#tree.setAttribute("aria-activedescendant", `row-${selected}`);
    else this.#tree.removeAttribute("aria-activedescendant");
    model.need(first, last);
    this.#onDraw();
  }

  #makeRow(): HTMLElement {
    const row = document.createElement("div");
    row.className = "row";
    row.setAttribute("role", "treeitem");
    for (const name of ["twist", "key", "value"]) {
      const part = document.createElement("span");
      part.className = name;
      if (name === "twist") part.setAttribute("aria-hidden", "true");
      row.append(part);
    }
    this.#tree.append(row);
    return row;
  }

  #fillRow(shown: HTMLElement, model: TreeModel, place: Place): void {
    const { level, position, depth } = place;
    const row = model.rowAt(place);
    const path = model.pathOf(place);
    shown.style.setProperty("--depth", String(depth));
    shown.dataset["parent"] = level?.type ?? "none";
    shown.setAttribute("aria-level", String(depth + 1));
    shown.setAttribute("aria-setsize", String(level?.rowCount ?? 1));
    shown.setAttribute("aria-posinset", String(position + 1));
    const isOpen = model.childOf(place) !== null;
    if (row !== null && canOpen(row.type, row.count)) shown.setAttribute("aria-expanded", String(isOpen));
    else shown.removeAttribute("aria-expanded");
    shown.classList.toggle("changed", path !== null && this.marks.has(formatPointer(path)));
    const [, key, value] = shown.children as unknown as [HTMLElement, HTMLElement, HTMLElement]; // of makeRow
    key.textContent = labelOf(place, row, model.path);
    value.dataset["type"] = row?.type ?? "wait";
    value.textContent = row === null ? waitText(place) : valueText(row);
  }
}

function waitText({ level, position }: Place): string {
  return level?.hasFailed(position) === true ? "could not be read" : "…";
}

/** What a row says of its value. */
function valueText({ type, count, value }: Row): string {
  if (type === "object") return count === 0 ? "{}" : `{ ${numbered(count, "member")} }`;
  if (type === "array") return count === 0 ? "[]" : `[ ${numbered(count, "element")} ]`;
  if (value === null) return `a long ${type}`;
  return value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
}

function numbered(count: number | null, what: string): string {
  return `${(count ?? 0).toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}
