// What `?children` lists: parts of a level by cursor, by offset, and by the beginning of keys; inline and in rows alike.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestStore, type TestStore } from "./test-store.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  const members = Array.from({ length: 50 }, (_, index) => `"k${String(index).padStart(2, "0")}":${index}`);
  const body = `{"large":{${members.join(",")}},"small":{"b":1,"a\\"b":2,"ab":3,"":4},"array":[${[...Array(50).keys()].join(",")}]}`;
  await store.client.put("/", { body });
});
afterAll(() => store.close());

interface Listing {
  readonly count: number;
  readonly children: readonly { readonly key?: string; readonly index?: number; readonly value: number }[];
  readonly next?: string | number;
}

async function list(path: string, query: string): Promise<Listing> {
  const response = await store.client.get(`${path}?children&${query}`);
  expect(response.status).toBe(200);
  return JSON.parse(response.text()) as Listing;
}

describe.each(["/large", "/array"])("the children of %s", (path) => {
  test.each([
    ["offset=0&limit=2", [0, 1]],
    ["offset=48", [48, 49]],
    ["offset=50", []],
    ["offset=7000", []],
  ])("%s", async (query, values) => {
    expect((await list(path, query)).children.map(({ value }) => value)).toEqual(values);
  });

  test("an offset counts from the cursor", async () => {
    const { next } = await list(path, "limit=10");
    expect((await list(path, `after=${next}&offset=5&limit=1`)).children[0]?.value).toBe(15);
  });
});

test("an offset counts members that are there, not those that were", async () => {
  await store.client.put("/holes", { body: await store.client.get("/large").then((response) => response.text()) });
  for (const key of ["k00", "k07", "k30"]) await store.client.delete(`/holes/${key}`);
  const { count, children } = await list("/holes", "offset=28&limit=2");
  expect([count, children.map(({ key }) => key)]).toEqual([47, ["k31", "k32"]]);
});

test("a prefix lists members by their keys, in parts", async () => {
  const first = await list("/large", "prefix=k1&limit=6");
  expect(first.children.map(({ key }) => key)).toEqual(["k10", "k11", "k12", "k13", "k14", "k15"]);
  const rest = await list("/large", `prefix=k1&limit=6&after=${first.next}`);
  expect(rest.children.map(({ key }) => key)).toEqual(["k16", "k17", "k18", "k19"]);
  expect(rest).not.toHaveProperty("next");
});

test.each([
  ["prefix=a", ['a"b', "ab"]],
  ["prefix=a%22", ['a"b']],
  ["prefix=", ["", 'a"b', "ab", "b"]],
  ["prefix=&after=ab", ["b"]],
  ["prefix=zz", []],
])("a prefix in an inline object: %s", async (query, keys) => {
  expect((await list("/small", query)).children.map(({ key }) => key)).toEqual(keys);
});

test.each(["/array?children&prefix=1", "/large?children&offset=-1", "/large?children&offset=x"])(
  "%s is refused",
  async (url) => {
    expect((await store.client.get(url)).status).toBe(400);
  },
);
