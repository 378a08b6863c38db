// Watching: what a client sees who watches a node while others write, from this process and from another.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../src/open-store.ts";
import type { Store } from "../src/storage/store.ts";
import { put } from "../src/storage/document.ts";
import { applyEvent, openStream, type OpenedStream, type ReceivedEvent } from "./event-reader.ts";
import { Random } from "./random.ts";
import { openTestStore, type TestStore } from "./test-store.ts";
import { parseModel, TextModel } from "./text-model.ts";

let store: TestStore;
const opened: OpenedStream[] = [];
const others: Store[] = [];

beforeEach(async () => {
  store = await openTestStore();
});
afterEach(async () => {
  for (const stream of opened.splice(0)) await stream.close();
  for (const other of others.splice(0)) await other.close();
  await store.close();
});

async function watch(path: string, lastEventId?: number): Promise<AsyncGenerator<ReceivedEvent>> {
  const stream = await openStream(store.application, path, lastEventId);
  opened.push(stream);
  return stream.events();
}

async function take(events: AsyncGenerator<ReceivedEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const next = await events.next();
    if (next.done === true) break;
    taken.push(`${next.value.name} ${next.value.data}`);
  }
  return taken;
}

const JSON_TYPE = { "Content-Type": "application/json" };
const PATCH_TYPE = { "Content-Type": "application/json-patch+json" };

describe("watching a node", () => {
  test("tells its value first, then each change by a path from the node", async () => {
    const { client } = store;
    await client.put("/", { body: '{"a":{"list":[1,2]},"b":0}' });
    const events = await watch("/a");
    expect(await take(events, 1)).toEqual(['put {"path":"","value":{"list":[1,2]}}']);
    await client.put("/b", { body: "1" });
    await client.put("/a/name", { body: '"x"' });
    await client.post("/a/list?at=0", { body: "0", headers: JSON_TYPE });
    await client.post("/a/list", { body: "3", headers: JSON_TYPE });
    await client.delete("/a/list/1");
    await client.delete("/a/name");
    expect(await take(events, 5)).toEqual([
      'put {"path":"/name","value":"x"}',
      'insert {"path":"/list/0","value":0}',
      'insert {"path":"/list/3","value":3}',
      'delete {"path":"/list/1"}',
      'delete {"path":"/name"}',
    ]);
  });

  test("tells a patch as one event, and what changes above as the node", async () => {
    const { client } = store;
    await client.put("/", { body: '{"a":{"x":1}}' });
    const events = await watch("/a");
    await take(events, 1);
    const body = '[{"op":"add","path":"/a/y","value":2},{"op":"remove","path":"/a/x"}]';
    await client.patch("/", { body, headers: PATCH_TYPE });
    expect(await take(events, 1)).toEqual([
      'patch {"operations":[{"op":"put","path":"/y","value":2},{"op":"delete","path":"/x"}]}',
    ]);
    await client.put("/", { body: '{"a":[]}' });
    expect(await take(events, 1)).toEqual(['put {"path":"","value":[]}']);
    await client.put("/", { body: "1" });
    expect(await take(events, 1)).toEqual(['delete {"path":""}']);
  });

  test("begins at once for a client that comes back and has missed nothing", async () => {
    await store.client.put("/", { body: "{}" });
    const first = await watch("/");
    const { value } = await first.next();
    const stream = await openStream(store.application, "/", (value as ReceivedEvent).id);
    opened.push(stream);
    const chunks: string[] = [];
    for await (const chunk of stream.body) {
      chunks.push(Buffer.from(chunk).toString());
      if (chunks.length === 2) break;
      await store.client.put("/x", { body: "1" });
    }
    expect(chunks[0]).toBe(": \n\n");
    expect(chunks[1]).toContain("event: put");
  });

  test("tells an element that another one has come to its place", async () => {
    const { client } = store;
    await client.put("/", { body: '["a","b"]' });
    const events = await watch("/1");
    await take(events, 1);
    await client.post("/?at=0", { body: '"new"', headers: JSON_TYPE });
    expect(await take(events, 1)).toEqual(['put {"path":"","value":"a"}']);
  });

  test("names a member by its key, whatever is in that", async () => {
    await store.client.put("/", { body: "{}" });
    const events = await watch("/");
    await take(events, 1);
    await store.client.put("/a%00%0Ab%22%5C", { body: "1" });
    expect(await take(events, 1)).toEqual(['put {"path":"/a\\u0000\\nb\\"\\\\","value":1}']);
  });

  test("sees what another process writes", async () => {
    await store.client.put("/", { body: "{}" });
    const events = await watch("/");
    await take(events, 1);
    const other = await openStore(store.url);
    others.push(other);
    await other.write((write) => put(write, ["x"], "1"));
    expect(await take(events, 1)).toEqual(['put {"path":"/x","value":1}']);
  });

  test("of a missing node is 404, and of a large one tells its path alone", async () => {
    expect((await openStream(store.application, "/")).status).toBe("404 Not Found");
    await store.client.put("/", { body: JSON.stringify({ a: "x".repeat(70_000) }) });
    const events = await watch("/");
    expect(await take(events, 1)).toEqual(['open {"path":""}']);
    await store.client.put("/a", { body: JSON.stringify("y".repeat(70_000)) });
    expect(await take(events, 1)).toEqual(['put {"path":"/a"}']);
  });
});

describe("resuming", () => {
  async function versions(...bodies: [path: string, body: string][]): Promise<number[]> {
    const numbers: number[] = [];
    for (const [path, body] of bodies) {
      const { headers } = await store.client.put(path, { body });
      numbers.push(Number(headers.get("Document-Version")));
    }
    return numbers;
  }

  test("brings today's values of what was missed", async () => {
    const [first] = await versions(["/", '{"a":0,"b":0}'], ["/a", "1"], ["/a", "2"]);
    await store.client.delete("/b");
    const events = await watch("/", first);
    expect(await take(events, 3)).toEqual([
      'put {"path":"/a","value":2}',
      'put {"path":"/a","value":2}',
      'delete {"path":"/b"}',
    ]);
  });

  test("asks to read again when elements have moved, or the number is not known", async () => {
    const [first] = await versions(["/", '{"a":[1]}']);
    await store.client.post("/a?at=0", { body: "0", headers: JSON_TYPE });
    expect(await take(await watch("/a", first), 1)).toEqual(["reset {}"]);
    expect(await take(await watch("/", 999), 1)).toEqual(["reset {}"]);
  });

  test("goes on after an element was added at the end", async () => {
    const [first] = await versions(["/", '{"a":[1]}']);
    await store.client.post("/a", { body: "2", headers: JSON_TYPE });
    expect(await take(await watch("/", first), 1)).toEqual(['insert {"path":"/a/1","value":2}']);
  });
});

test("a client that only applies events ends with the document, whatever is written", async () => {
  const random = new Random(7);
  const { client } = store;
  await client.put("/", { body: '{"list":[1,2,3],"o":{}}' });
  const copy = new TextModel();
  const read = async (): Promise<number> => {
    const response = await client.get("/");
    copy.root = parseModel(response.text());
    return Number(response.headers.get("Document-Version"));
  };
  const events = await watch("/");
  const other = await openStore(store.url, { pageSize: 32 });
  others.push(other);
  let last = 0;
  for (let step = 0; step < 150; step += 1) {
    const big = JSON.stringify("z".repeat(random.below(2) * 3000));
    const writes = [
      () => client.put(`/o/k${random.below(5)}`, { body: big }),
      () => client.delete(`/o/k${random.below(5)}`),
      () => client.post(`/list?at=${random.below(3)}`, { body: big, headers: JSON_TYPE }),
      () => client.delete(`/list/${random.below(4)}`),
      () => client.post("/list", { body: String(step), headers: JSON_TYPE }),
      () => client.put("/o", { body: `{"k0":${big},"list":[${big}]}` }),
      () => other.write((write) => put(write, ["o", `k${random.below(5)}`], "1")),
    ];
    await Promise.all(Array.from({ length: 1 + random.below(4) }, () => random.pick(writes)()));
    last = Number((await client.get("/")).headers.get("Document-Version"));
  }
  let seen = 0;
  while (seen < last) {
    const { value: event } = (await events.next()) as { value: ReceivedEvent }; // it does not end here
    if (event.id <= seen) continue;
    seen = applyEvent(copy, event) ? await read() : event.id;
  }
  expect(copy.text([])).toBe((await client.get("/")).text());
});
