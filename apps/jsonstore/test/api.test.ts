// The API as a client sees it: addresses, conditions, bodies, patches, lists of children.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestClient, type TestRequestOptions } from "tsgi/testing";
import { PROBLEMS } from "../src/problems.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

type Sent = readonly [
  method: string,
  path: string,
  body?: string | undefined,
  headers?: Readonly<Record<string, string>>,
];

async function send(method: string, path: string, body?: string, headers: Readonly<Record<string, string>> = {}) {
  const options: TestRequestOptions = { headers, ...(body !== undefined && { body }) };
  return await store.client.request(method, path, options);
}

async function fill(document: string): Promise<void> {
  await send("PUT", "/", document);
}

const JSON_TYPE = { "Content-Type": "application/json" };
const MERGE = { "Content-Type": "application/merge-patch+json" };
const PATCH = { "Content-Type": "application/json-patch+json" };

describe("addresses", () => {
  const ODD =
    '{"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8,"foo":["bar","baz"],"é":9,"01":10}';

  // RFC 6901 section 5 as URLs, and what a URL adds.
  test.each([
    ["/foo", '["bar","baz"]'],
    ["/foo/", '["bar","baz"]'],
    ["/foo/0", '"bar"'],
    ["//", "0"],
    ["/a~1b", "1"],
    ["/a%2Fb", "1"],
    ["/c%25d", "2"],
    ["/e%5Ef", "3"],
    ["/g%7Ch", "4"],
    ["/i%5Cj", "5"],
    ["/k%22l", "6"],
    ["/%20", "7"],
    ["/m~0n", "8"],
    ["/%C3%A9", "9"],
    ["/01", "10"],
    ["/?pointer=/a~1b", "1"],
    ["/ignored?pointer=/foo/1", '"baz"'],
    ["/foo?unknown=1", '["bar","baz"]'],
  ])("GET %s is %s", async (path, expected) => {
    await fill(ODD);
    expect((await send("GET", path)).text()).toBe(expected);
  });

  test.each([
    ["/foo/2", 404, "no-such-path"],
    ["/foo/-", 404, "no-such-path"],
    ["/foo/01", 404, "no-such-path"],
    ["/foo/bar/x", 404, "no-such-path"],
    ["/%FF", 400, "bad-pointer"],
    ["/a~2", 400, "bad-pointer"],
    ["/?pointer=foo", 400, "bad-pointer"],
    ["/?children&limit=x", 400, "bad-parameter"],
  ])("GET %s is %d %s", async (path, status, code) => {
    await fill(ODD);
    const response = await send("GET", path);
    expect(response.status).toBe(status);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(response.json()).toMatchObject({ type: `/?problem=${code}`, status });
  });

  test("of a new node is where it can be read, also when its key is empty", async () => {
    await fill("{}");
    for (const pointer of ["/a", "/", "/a~1b", "/é ", "/%41"]) {
      const { headers } = await send("PUT", `/?pointer=${encodeURIComponent(pointer)}`, "1");
      expect((await send("GET", headers.get("Location") ?? "")).text(), pointer).toBe("1");
    }
  });

  test.each(["/.", "/..", "/", "//evil.test", "//a/b"])(
    "of the new node %s leads a client that resolves it to that node, and to no other host",
    async (pointer) => {
      await fill('{"":{"":{},"a":{}}}');
      const { headers, status } = await send("PUT", `/?pointer=${encodeURIComponent(pointer)}&parents`, "7");
      expect([201, 204]).toContain(status);
      const url = new URL(
        headers.get("Location") ?? `/?pointer=${encodeURIComponent(pointer)}`,
        "http://store.test/a/b",
      );
      expect(url.host).toBe("store.test");
      expect((await send("GET", url.pathname + url.search)).text()).toBe("7");
    },
  );

  test("below a mount", async () => {
    await fill('{"a":{"b":1}}');
    const mounted = new TestClient((environ, startResponse) =>
      store.application({ ...environ, SCRIPT_NAME: "/api", PATH_INFO: environ.PATH_INFO.slice(4) }, startResponse),
    );
    expect((await mounted.get("/api/a/b")).text()).toBe("1");
    expect((await mounted.put("/api/a/c%2Fd", { body: "2" })).headers.get("Location")).toBe("/api/a/c~1d");
    expect((await send("GET", "/a")).text()).toBe('{"b":1,"c/d":2}');
  });
});

describe("a change that cannot be made", () => {
  test.each<[Sent, number, string]>([
    [["PUT", "/x/y", "1"], 409, "parent-missing"],
    [["PUT", "/list/3", "1"], 409, "index-out-of-range"],
    [["PUT", "/list/01", "1"], 409, "not-an-index"],
    [["PUT", "/list/x/y?parents", "1"], 409, "not-an-index"],
    [["PUT", "/n/x", "1"], 409, "not-a-container"],
    [["POST", "/x", "1", JSON_TYPE], 404, "no-such-path"],
    [["POST", "/n", "1", JSON_TYPE], 409, "not-a-container"],
    [["POST", "/?at=0", "1", JSON_TYPE], 409, "not-an-array"],
    [["POST", "/list?at=3", "1", JSON_TYPE], 409, "index-out-of-range"],
    [["POST", "/list?at=-1", "1", JSON_TYPE], 400, "bad-parameter"],
    [["POST", "/list", "1"], 415, "unsupported-type"],
    [["POST", "/list", "[]", PATCH], 415, "unsupported-type"],
    [["PATCH", "/list", "1", JSON_TYPE], 415, "unsupported-type"],
    [["PATCH", "/x", "{}", MERGE], 404, "no-such-path"],
    [["DELETE", "/x"], 404, "no-such-path"],
    [["PUT", "/", '{"a":1,"a":2}'], 400, "duplicate-key"],
    [["PUT", "/", "{'a':1}"], 400, "syntax"],
    [["PUT", "/", '{"\\ud800":1}'], 400, "lone-surrogate"],
    [["PUT", `/${"k".repeat(4097)}`, "1"], 422, "key-too-long"],
    [["PUT", "/deep", `${"[".repeat(512)}${"]".repeat(512)}`], 422, "too-deep"],
    [["PUT", "/n", "1", { "If-Match": '"other"' }], 412, "precondition-failed"],
    [["PUT", "/n", "1", { "If-None-Match": "*" }], 412, "precondition-failed"],
    [["PUT", "/new", "1", { "If-Match": "*" }], 412, "precondition-failed"],
    [["PUT", "/n", "1", { "If-Match": "other" }], 400, "bad-condition"],
    [["DELETE", "/x", undefined, { "If-Match": '"other"' }], 404, "no-such-path"],
    [["TRACE", "/"], 405, "method-not-allowed"],
    [["BREW", "/"], 501, "unknown-method"],
  ])("%j is %d %s", async ([method, path, body, headers], status, code) => {
    const document = '{"list":[1,2],"n":1}';
    await fill(document);
    const response = await send(method, path, body, headers);
    expect([response.status, response.json<{ type: string }>().type]).toEqual([status, `/?problem=${code}`]);
    expect((await send("GET", "/")).text()).toBe(document);
  });

  test("says where a syntax error is: bytes, line, and column in code points", async () => {
    const response = await send("PUT", "/x", '{"é":\n  "💥" 1}');
    expect(response.json()).toMatchObject({ offset: 16, line: 2, column: 7, detail: expect.stringContaining('"1"') });
  });

  test("says which byte is no UTF-8", async () => {
    const response = await store.client.put("/x", { body: Buffer.from([0x22, 0xc3, 0xa9, 0xff, 0x22]) });
    expect(response.json()).toMatchObject({ type: "/?problem=bad-encoding", offset: 3 });
  });

  test.each(Object.keys(PROBLEMS))("%s is explained", async (code) => {
    expect((await send("GET", `/?problem=${code}`)).text()).toContain(code);
  });
});

describe("conditions", () => {
  test("one of two who read the same is told that it is too late", async () => {
    await fill('{"a":1}');
    const etag = (await send("GET", "/a")).headers.get("ETag") ?? "";
    const answers = await Promise.all([2, 3].map((value) => send("PUT", "/a", String(value), { "If-Match": etag })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 412]);
  });

  test("304 for what the client has, in each representation", async () => {
    await fill(JSON.stringify({ list: Array.from({ length: 50 }, (_, index) => index) }));
    const tags = new Set<string>();
    for (const path of ["/list", "/list?pretty", "/list?children"]) {
      const etag = (await send("GET", path)).headers.get("ETag") ?? "";
      tags.add(etag);
      expect((await send("GET", path, undefined, { "If-None-Match": etag })).status).toBe(304);
      expect((await send("PUT", "/list/0", "0", { "If-Match": '"x", "y"' })).status).toBe(412);
    }
    expect(tags.size).toBe(3);
    const pretty = (await send("GET", "/list?pretty")).headers.get("ETag") ?? "";
    expect((await send("PUT", "/list", "[]", { "If-Match": pretty })).status).toBe(204);
  });

  test("the tag of a container changes with whatever is in it", async () => {
    await fill(JSON.stringify({ a: { b: Array.from({ length: 40 }, (_, index) => ({ index })) } }));
    let last = "";
    for (const [method, path, body] of [
      ["GET", "/"],
      ["PUT", "/a/b/7/index", "0"],
      ["POST", "/a/b?at=0", "1"],
      ["DELETE", "/a/b/3"],
      ["PUT", "/a/c", "2"],
    ] as const) {
      await send(method, path, body, JSON_TYPE);
      const tag = (await send("GET", "/a")).headers.get("ETag") ?? "";
      expect(tag).not.toBe(last);
      last = tag;
    }
  });

  test("an answer has a tag only when the client knows what was stored", async () => {
    await fill("{}");
    const stored = await send("PUT", "/a", '{"x":1}');
    expect(stored.headers.get("ETag")).toBe((await send("GET", "/a")).headers.get("ETag"));
    expect((await send("PUT", "/a", '{"x": 1}')).headers.get("ETag")).toBeNull();
    const shown = await send("PUT", "/a", '{"x": 2}', { Prefer: "return=representation" });
    expect([shown.status, shown.text(), shown.headers.get("Preference-Applied")]).toEqual([
      200,
      '{"x":2}',
      "return=representation",
    ]);
    expect(shown.headers.get("ETag")).toBe((await send("GET", "/a")).headers.get("ETag"));
  });
});

describe("?children", () => {
  const MEMBERS = Array.from({ length: 25 }, (_, index) => `"k${index}":{"n":${index}}`).join(",");

  test.each([
    ["an object with rows", `{${MEMBERS}}`, 25],
    ["an array with pages", `[${Array.from({ length: 90 }, (_, index) => index * 1000).join(",")}]`, 90],
    ["what lies inline", "[1,2,3,4,5,6,7]", 7],
  ])("lists %s in pages", async (_, document, count) => {
    await fill(document);
    const names: unknown[] = [];
    let after = "";
    for (;;) {
      const { children, next } = (await send("GET", `/?children&limit=4${after}`)).json<{
        children: Record<string, unknown>[];
        next?: number;
      }>();
      names.push(...children.map(({ key, index }) => key ?? index));
      if (next === undefined) break;
      after = `&after=${next}`;
    }
    expect(names).toEqual(
      Object.keys(JSON.parse(document) as object).map((name) => (document.startsWith("[") ? Number(name) : name)),
    );
    expect(names).toHaveLength(count);
  });

  test("tells types, counts and short values", async () => {
    await fill(`{"a":[1,2],"b":"x","c":${JSON.stringify("y".repeat(2000))},"d":null}`);
    expect((await send("GET", "/?children")).json()).toEqual({
      type: "object",
      count: 4,
      children: [
        { key: "a", type: "array", count: 2 },
        { key: "b", type: "string", value: "x" },
        { key: "c", type: "string" },
        { key: "d", type: "null", value: null },
      ],
    });
    expect((await send("GET", "/b?children")).json()).toEqual({ type: "string", value: "x" });
  });
});

describe("PUT", () => {
  test.each([
    ["/list/2", "[1,2,9]", "/list/2"],
    ["/list/-", "[1,2,9]", "/list/2"],
    ["/x/y/z?parents", '{"y":{"z":9}}', "/x/y/z"],
    ["/list/2/a?parents", '[1,2,{"a":9}]', "/list/2/a"],
  ])("%s makes what is missing", async (path, expected, location) => {
    await fill('{"list":[1,2]}');
    const { status, headers } = await send("PUT", path, "9");
    expect([status, headers.get("Location")]).toEqual([201, location]);
    expect((await send("GET", `/${location.split("/")[1]}`)).text()).toBe(expected);
  });

  test("DELETE / takes the document away, and PUT / brings one", async () => {
    expect((await send("DELETE", "/")).status).toBe(204);
    expect((await send("GET", "/")).json()).toMatchObject({ type: "/?problem=no-document" });
    expect((await send("PUT", "/a", "1")).status).toBe(409);
    expect((await send("PUT", "/a?parents", "1")).status).toBe(201);
    expect((await send("GET", "/")).text()).toBe('{"a":1}');
  });

  test("a large document comes back byte for byte, whole and in parts", async () => {
    const users = Array.from({ length: 1000 }, (_, index) => ({
      id: index,
      name: `user ${index}`,
      note: "é".repeat(index % 40),
    }));
    const text = JSON.stringify({
      users,
      long: "x".repeat(200_000),
      deep: JSON.parse(`${"[".repeat(400)}1${"]".repeat(400)}`) as unknown,
    });
    expect((await send("PUT", "/", text)).headers.get("ETag")).not.toBeNull();
    expect((await send("GET", "/")).text()).toBe(text);
    expect((await send("GET", "/users/999")).text()).toBe(JSON.stringify(users[999]));
    expect((await send("GET", "/?pretty")).text()).toBe(`${JSON.stringify(JSON.parse(text), null, 4)}\n`);
    expect((await send("HEAD", "/")).content()).toHaveLength(0);
  });

  test("POST to an object makes keys that follow each other", async () => {
    await fill("{}");
    for (let index = 0; index < 20; index += 1) await send("POST", "/", String(index), JSON_TYPE);
    const document = (await send("GET", "/")).json<Record<string, number>>();
    expect(Object.keys(document)).toEqual(Object.keys(document).toSorted());
    expect(Object.values(document)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });
});

test("OPTIONS tells what can be done", async () => {
  const { status, headers } = await send("OPTIONS", "/");
  expect([status, headers.get("Allow")]).toEqual([204, "GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE"]);
  expect(headers.get("Accept-Patch")).toContain("application/merge-patch+json");
});
