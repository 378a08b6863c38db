// Changes that take long: others go on meanwhile, and what nobody waits for any more is not made.
import { setImmediate as nextTurn } from "node:timers/promises";
import { timeout } from "tsgi/middleware";
import { TestClient } from "tsgi/testing";
import { afterEach, expect, test } from "vitest";
import { documentVersion } from "../src/api/document-version.ts";
import { openStore } from "../src/open-store.ts";
import { put } from "../src/storage/document.ts";
import { locate } from "../src/storage/locate.ts";
import { sqliteClass } from "../src/storage/sqlite/database-class.ts";
import type { WriteOptions } from "../src/storage/store.ts";
import { verifyStore } from "../src/storage/verify.ts";
import type { Work } from "../src/storage/work.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

let opened: TestStore | null = null;
afterEach(async () => {
  await opened?.close();
  opened = null;
});

/** Keeps all writers of a store waiting. @returns a function that ends this */
async function lockedOut(url: string): Promise<() => void> {
  const database = new (await sqliteClass())(url.replace("sqlite:", ""));
  database.exec("BEGIN IMMEDIATE");
  return () => {
    database.exec("ROLLBACK");
    database.close();
  };
}

test("a process does other things while it lays a large value out", async () => {
  opened = await openTestStore();
  const { store, client } = opened;
  const run = { isOver: false };
  const text = JSON.stringify(Array.from({ length: 60_000 }, (_, index) => index));
  const staging = store.stage(text).finally(() => (run.isOver = true));
  let turns = 0;
  for (; !run.isOver; turns += 1) await nextTurn();
  await staging;
  expect(turns).toBeGreaterThan(3);
  expect((await client.get("/")).status).toBe(404);
});

test("whoever was answered 504 knows that nothing was changed", async () => {
  opened = await openTestStore();
  const { application, client, url, store } = opened;
  await client.put("/", { body: '{"list":[]}' });
  const impatient = new TestClient(timeout({ seconds: 0.5 })(application));
  const unlock = await lockedOut(url);
  const large = JSON.stringify(Array.from({ length: 20_000 }, (_, index) => index));
  const answers = await Promise.all([
    impatient.put("/small", { body: "1" }),
    impatient.put("/large", { body: large }),
    impatient.post("/list", { body: "1", headers: JSON_TYPE }),
    impatient.patch("/", { body: '{"a":1}', headers: { "Content-Type": "application/merge-patch+json" } }),
    impatient.delete("/list"),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([504, 504, 504, 504, 504]);
  unlock();
  // Comes behind all that waited.
  expect((await client.put("/after", { body: large })).status).toBe(201);
  expect((await client.get("/")).text()).toBe(`{"list":[],"after":${large}}`);
  expect(await verifyStore(store, { isSwept: true })).toEqual([]);
});

test("who opens the store and reads does not wait for those who write", async () => {
  opened = await openTestStore();
  await opened.client.put("/", { body: '{"a":1}' });
  const unlock = await lockedOut(opened.url);
  const other = await openStore(opened.url);
  expect(await other.read(() => documentVersion())).toBe(1);
  unlock();
  await other.write((write) => put(write, ["a"], "2"));
  await other.close();
  expect((await opened.client.get("/a")).text()).toBe("2");
});

test("a short write does not wait for the end of a long one that came with it; what cannot begin anew does not", async () => {
  opened = await openTestStore();
  const { store } = opened;
  const pair = async (milliseconds: number, options?: WriteOptions) => {
    const run = { isStored: false, begun: 0 };
    const short = store.write((write) => put(write, [], "1")).then(() => (run.isStored = true));
    const long = store.write(function* reading(): Work<boolean> {
      run.begun += 1;
      const endsAt = performance.now() + milliseconds;
      while (!run.isStored && performance.now() < endsAt) yield* locate([]);
      return run.isStored;
    }, options);
    await short;
    return `${(await long) ? "after" : "before"} the short one, begun ${run.begun}`;
  };
  // Where the process gets no CPU for some milliseconds, they come into two transactions, and neither waits for the other.
  const pairTogether = async (milliseconds: number, options?: WriteOptions) => {
    for (;;) {
      const order = await pair(milliseconds, options);
      if (order !== "after the short one, begun 1") return order;
    }
  };
  expect(await pairTogether(10_000)).toBe("after the short one, begun 2");
  expect(await pairTogether(400, { isRepeatable: false })).toBe("before the short one, begun 1");
});

test("a patch of many changes far down lets a process do other things, and ends when nobody waits for it any more", async () => {
  opened = await openTestStore();
  const { application, client } = opened;
  const text = `${'{"a":'.repeat(300)}"${"x".repeat(3000)}"${"}".repeat(300)}`;
  await client.put("/", { body: text });
  const path = "/a".repeat(300);
  const operations = Array.from({ length: 3000 }, (_, index) => ({ op: "replace", path, value: index }));
  const request = {
    body: JSON.stringify(operations),
    headers: { "Content-Type": "application/json-patch+json" },
  };
  const run = { isOver: false };
  const impatient = new TestClient(timeout({ seconds: 0.5 })(application));
  const patching = impatient.patch("/", request).finally(() => (run.isOver = true));
  let turns = 0;
  for (; !run.isOver; turns += 1) await nextTurn();
  expect((await patching).status).toBe(504);
  expect(turns).toBeGreaterThan(3);
  // The next write comes behind it.
  expect((await client.put("/b", { body: "1" })).status).toBe(201);
  expect((await client.get(path)).text()).toContain("xxx");
});
