// What other stores and libraries of JSON Patch were reported for, tried here: keys that reach a prototype, copies of copies, indices that are
// none, numbers that would be written out, two changes with the same tag, texts that are only nesting.
import { afterEach, expect, test } from "vitest";
import { openTestStore, type TestStore } from "./test-store.ts";

const JSON_PATCH = { "Content-Type": "application/json-patch+json" };
const MERGE_PATCH = { "Content-Type": "application/merge-patch+json" };

let opened: TestStore | null = null;
afterEach(async () => {
  await opened?.close();
  opened = null;
});

async function storeOf(text: string, changes: Parameters<typeof openTestStore>[0] = {}): Promise<TestStore["client"]> {
  opened = await openTestStore(changes);
  await opened.client.put("/", { body: text });
  return opened.client;
}

test("no key reaches a prototype", async () => {
  const client = await storeOf("{}");
  const patch = (path: string, value: string) =>
    client.patch("/", { headers: JSON_PATCH, body: `[{"op":"add","path":"${path}","value":${value}}]` });
  for (const path of ["/__proto__/polluted", "/constructor/prototype/polluted", "/toString/polluted"])
    expect((await patch(path, "1")).status).toBe(409);
  expect((await patch("/__proto__", '{"polluted":1}')).status).toBe(204);
  const merged = await client.patch("/", {
    headers: MERGE_PATCH,
    body: '{"constructor":{"prototype":{"polluted":1}}}',
  });
  expect(merged.status).toBe(204);
  expect((await client.put("/__proto__/more?parents", { body: "2" })).status).toBe(201);
  expect((await client.get("/")).text()).toBe(
    '{"__proto__":{"polluted":1,"more":2},"constructor":{"prototype":{"polluted":1}}}',
  );
  expect("polluted" in {}).toBe(false);
  expect((await client.get("/toString")).status).toBe(404);
});

test("what all operations of a patch copy has one limit, and nothing was changed", async () => {
  const text = JSON.stringify({ text: "x".repeat(1000) });
  const client = await storeOf(text, { maxBody: 10_000 });
  const copies = (count: number) =>
    client.patch("/", {
      headers: JSON_PATCH,
      body: JSON.stringify(Array.from({ length: count }, (_, at) => ({ op: "copy", from: "/text", path: `/c${at}` }))),
    });
  const refused = await copies(20);
  expect(refused.status).toBe(422);
  expect(refused.json()).toMatchObject({ type: "/?problem=copy-too-large", operation: 9 });
  expect((await client.get("/")).text()).toBe(text);
  expect((await copies(9)).status).toBe(204);
});

test.each(["remove", "replace", "test"])("- is no element that %s could mean", async (op) => {
  const client = await storeOf('{"list":[1,2]}');
  const body = JSON.stringify([{ op, path: "/list/-", value: 2 }]);
  expect((await client.patch("/", { headers: JSON_PATCH, body })).status).toBe(409);
  expect((await client.delete("/list/-")).status).toBe(404);
  expect((await client.get("/")).text()).toBe('{"list":[1,2]}');
});

test("numbers are compared without being written out", async () => {
  const client = await storeOf('{"a":1e999999999,"b":1e-999999999999999999999,"c":0e99}');
  const equal = (path: string, value: string) =>
    client.patch("/", { headers: JSON_PATCH, body: `[{"op":"test","path":"${path}","value":${value}}]` });
  expect((await equal("/a", "10e999999998")).status).toBe(204);
  expect((await equal("/a", "1e999999998")).status).toBe(409);
  expect((await equal("/b", "0.1e-999999999999999999998")).status).toBe(204);
  expect((await equal("/c", "-0.0")).status).toBe(204);
});

test("of many changes with the same tag one is made", async () => {
  const client = await storeOf('{"counter":0}');
  const { headers } = await client.get("/counter");
  const tag = headers.get("ETag") ?? "";
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      client.put("/counter", { body: String(at + 1), headers: { "If-Match": tag } }),
    ),
  );
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
});

test("a text that is only nesting is refused, wherever it is", async () => {
  const client = await storeOf('{"a":1}');
  const deep = "[".repeat(200_000);
  const wrapped = '{"a":'.repeat(50_000);
  for (const body of [deep, `${deep}${"]".repeat(200_000)}`, wrapped]) {
    expect([400, 422]).toContain((await client.put("/", { body })).status);
    expect([400, 422]).toContain((await client.patch("/", { body, headers: MERGE_PATCH })).status);
    const patch = `[{"op":"add","path":"/a","value":${body}}]`;
    expect([400, 422]).toContain((await client.patch("/", { body: patch, headers: JSON_PATCH })).status);
  }
  const path = "/a".repeat(20_000);
  const body = JSON.stringify([{ op: "add", path, value: 1 }]);
  expect([409, 422]).toContain((await client.patch("/", { body, headers: JSON_PATCH })).status);
  expect((await client.get("/")).text()).toBe('{"a":1}');
});

test("a long value below many levels is read, written, patched, compared and moved as any other", async () => {
  const nested = (inner: string): string => `${'{"a":'.repeat(150)}${inner}${"}".repeat(150)}`;
  const long = JSON.stringify(Array.from({ length: 100_000 }, (_, index) => index));
  const text = nested(long);
  const client = await storeOf("{}");
  const merge = { headers: MERGE_PATCH, body: text };
  expect([(await client.patch("/", merge)).status, (await client.patch("/", merge)).status]).toEqual([204, 204]);
  expect((await client.get("/")).text() === text).toBe(true);
  const patch = (...operations: object[]) =>
    client.patch("/", { headers: JSON_PATCH, body: JSON.stringify(operations) });
  const value = JSON.parse(nested(long.replace("99999", "99998"))) as object;
  expect((await patch({ op: "test", path: "", value })).status).toBe(409);
  expect((await patch({ op: "test", path: "", value: JSON.parse(text) as object })).status).toBe(204);
  expect((await patch({ op: "move", from: "/a/a", path: "/b" })).status).toBe(204);
  expect((await patch({ op: "copy", from: "/b", path: "/c" })).status).toBe(204);
  const leaf = `/c${"/a".repeat(148)}/7`;
  expect([(await client.get(leaf)).text(), (await client.put(leaf, { body: "8" })).status]).toEqual(["7", 204]);
  expect([(await client.get(leaf)).text(), (await client.delete("/c")).status]).toEqual(["8", 204]);
});
