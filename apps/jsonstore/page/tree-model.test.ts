import { beforeEach, describe, expect, test } from "vitest";
import type { Path } from "../src/text/pointer.ts";
import { rowOfText, type Listing } from "./listing.ts";
import type { ListingQuery, Versioned } from "./store-client.ts";
import { labelOf, TreeModel, type Change } from "./tree-model.ts";

type Json = string | number | readonly Json[] | { readonly [key: string]: Json };

/** A document in memory, listed as the store lists it. */
class Source {
  document: Json;
  version = 1;
  readonly asked: string[] = [];

  constructor(document: Json) {
    this.document = document;
  }

  readonly load = async (path: Path, query: ListingQuery): Promise<Versioned<Listing>> => {
    this.asked.push(`/${path.join("/")} ${query.after ?? ""}+${query.offset ?? 0}`);
    const node = path.reduce<Json | undefined>((value, token) => (value as Record<string, Json>)[token], this.document);
    if (node === undefined) throw new Error("Nothing is here");
    const isArray = Array.isArray(node);
    const all = typeof node === "object" ? Object.entries(node) : [];
    const entries = all.filter(([key]) => key.startsWith(query.prefix ?? ""));
    const start = Number(query.after ?? 0) + (query.offset ?? 0);
    const end = start + query.limit;
    const rows = entries
      .slice(start, end)
      .map(([key, value]) => rowOfText(isArray ? null : key, JSON.stringify(value)));
    const { type, count, value } = rowOfText(null, JSON.stringify(node));
    const next = end < entries.length ? String(end) : null;
    return { value: { type, count, value, rows, next }, tag: "", version: this.version };
  };
}

let source: Source;
let model: TreeModel;

async function open(document: Json): Promise<void> {
  source = new Source(document);
  model = new TreeModel(
    [],
    source.load,
    () => {},
    () => {},
  );
  await model.start();
}

async function settled(): Promise<void> {
  model.need(0, 60);
  for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
}

function shown(): string[] {
  return Array.from({ length: Math.min(model.total, 60) }, (_, index) => {
    const place = model.at(index);
    const row = model.rowAt(place);
    return `${" ".repeat(place.depth)}${labelOf(place, row, [])}${row?.value === null || row === null ? "" : `=${row.value}`}`;
  });
}

async function change(document: Json, ...changes: Omit<Change, "version">[]): Promise<void> {
  source.document = document;
  source.version += 1;
  model.apply(changes.map((each) => ({ ...each, version: source.version })));
  await settled();
}

describe("a tree of some levels", () => {
  beforeEach(async () => {
    await open({ a: [10, { x: 1 }, 12], b: { y: 2 }, c: 3 });
    await model.expand(model.at(1));
    await model.expand(model.at(3));
  });

  test("shows what is open, one row after the other, and finds each again", () => {
    expect(shown()).toEqual(["document", " a", "  0=10", "  1", "   x=1", "  2=12", " b", " c=3"]);
    for (let index = 0; index < model.total; index += 1) expect(model.indexOf(model.at(index))).toBe(index);
    expect(model.pathOf(model.at(4))).toEqual(["a", "1", "x"]);
  });

  test("an element that moves stays open, and selected", async () => {
    model.selected = model.at(4);
    await change(
      { a: [9, 10, { x: 5 }, 12], b: { y: 2 }, c: 3 },
      { op: "insert", path: ["a", "0"] },
      { op: "put", path: ["a", "2", "x"] },
    );
    expect(shown()).toEqual(["document", " a", "  0=9", "  1=10", "  2", "   x=5", "  3=12", " b", " c=3"]);
    expect(model.pathOf(model.selected)).toEqual(["a", "2", "x"]);
    await change(
      { a: [{ x: 5 }, 12], b: { y: 2 }, c: 3 },
      { op: "delete", path: ["a", "0"] },
      { op: "delete", path: ["a", "0"] },
    );
    expect(shown()).toEqual(["document", " a", "  0", "   x=5", "  1=12", " b", " c=3"]);
  });

  test("a selected member stays selected when others go, and nothing takes its place when it goes", async () => {
    model.selected = model.at(7);
    await change({ b: { y: 2 }, c: 3 }, { op: "delete", path: ["a"] });
    expect(model.pathOf(model.selected)).toEqual(["c"]);
    model.selected = model.at(1);
    await change({ c: 3 }, { op: "delete", path: ["b"] });
    expect(model.pathOf(model.selected)).toEqual([]);
  });

  test("an element that is gone is closed", async () => {
    await change({ a: [10, 12], b: { y: 2 }, c: 3 }, { op: "delete", path: ["a", "1"] });
    expect(shown()).toEqual(["document", " a", "  0=10", "  1=12", " b", " c=3"]);
  });

  test("a member that is open goes with its key when another is gone", async () => {
    await model.expand(model.at(6));
    await change({ b: { y: 2 }, c: 3 }, { op: "delete", path: ["a"] });
    expect(shown()).toEqual(["document", " b", "  y=2", " c=3"]);
  });

  test("a container that has become a value is closed", async () => {
    await change({ a: 1, b: { y: 2 }, c: 3 }, { op: "put", path: ["a"] });
    expect(shown()).toEqual(["document", " a=1", " b", " c=3"]);
  });

  test("a change that was in what was read already moves nothing twice", async () => {
    source.document = { a: [9, 10, { x: 1 }, 12], b: { y: 2 }, c: 3 };
    source.version = 2;
    await model.refresh();
    await settled();
    model.apply([{ version: 2, op: "insert", path: ["a", "0"] }]);
    await settled();
    expect(shown()).toEqual(["document", " a", "  0=9", "  1=10", "  2", "  3=12", " b", " c=3"]);
  });

  test("collapsing forgets what is below, and selects the row itself", () => {
    model.selected = model.at(4);
    model.collapse(model.at(1));
    expect(shown()).toEqual(["document", " a", " b", " c=3"]);
    expect(model.indexOf(model.selected)).toBe(1);
  });
});

describe("a tree of many rows", () => {
  beforeEach(async () => {
    await open({
      big: Array.from({ length: 20_000 }, (_, index) => index),
      names: Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`n${index}`, index])),
    });
  });

  test("reads what is looked at and nothing else, and keeps a part of it", async () => {
    await model.expand(model.at(1));
    source.asked.length = 0;
    model.need(10_010, 10_030);
    model.need(10_010, 10_030);
    await settled();
    expect(source.asked).toEqual(["/big 10000+0"]);
    for (let index = 0; index < 20_000; index += 200) model.need(index, index);
    for (let turns = 0; turns < 500; turns += 1) await Promise.resolve();
    const kept = Array.from({ length: 100 }, (_, page) => model.rowAt(model.at(page * 200 + 2))).filter(
      (row) => row !== null,
    );
    expect(kept.length).toBe(50);
  });

  test("reads members from the cursor that is nearest", async () => {
    await model.expand(model.at(2));
    source.asked.length = 0;
    model.need(803, 803);
    await settled();
    expect(source.asked).toEqual(["/names 200+600"]);
  });

  test("reveals an element anywhere, and a member of a large object among those of its beginning", async () => {
    expect(await model.reveal(["big", "17777"])).toBe(true);
    expect(model.pathOf(model.selected)).toEqual(["big", "17777"]);
    expect(await model.reveal(["names", "n99"])).toBe(true);
    expect(model.pathOf(model.selected)).toEqual(["names", "n99"]);
    expect(await model.reveal(["names", "nobody"])).toBe(false);
    expect(await model.reveal(["big", "20000"])).toBe(false);
  });
});
