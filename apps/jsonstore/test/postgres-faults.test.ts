// What can happen to a store in PostgreSQL: the server is stopped and started anew, connections are cut while clients write, several
// machines write at once. One clear 503, nothing that was acknowledged is lost, and no message has the password in it.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../src/open-store.ts";
import { put } from "../src/storage/document.ts";
import type { Snapshot, Store } from "../src/storage/store.ts";
import { locate } from "../src/storage/locate.ts";
import { row, type Work } from "../src/storage/work.ts";
import { verifyStore } from "../src/storage/verify.ts";
import { openStream } from "./event-reader.ts";
import { POSTGRES, PostgresServer } from "./postgres-server.ts";
import { openTestStore, type TestStore } from "./test-store.ts";
import { testEngine, useEngine } from "./test-engine.ts";

const COMMAND = fileURLToPath(new URL("../bin/jsonstore.js", import.meta.url));
const JSON_TYPE = { "Content-Type": "application/json" };
const PIDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'jsonstore'";
const CUT = `SELECT pg_terminate_backend(pid) FROM (${PIDS}) AS connections`;

/** Ends connections on the server's side, before this process can hear of it. */
function endUnseen(connections: readonly { readonly pid: number }[]): void {
  for (const { pid } of connections) process.kill(pid, "SIGTERM");
  for (const { pid } of connections) while (isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe.skipIf(POSTGRES === undefined)("a store in PostgreSQL", () => {
  const server = new PostgresServer();
  const opened: TestStore[] = [];
  const others: Store[] = [];

  beforeAll(async () => useEngine(await server.start()));
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    for (const store of others.splice(0)) await store.close();
  });
  afterAll(() => server.remove());

  async function newStore(): Promise<TestStore> {
    const store = await openTestStore();
    opened.push(store);
    return store;
  }

  test("is made once, however many open it at the same time", async () => {
    for (let round = 0; round < 5; round += 1) {
      const place = testEngine().newPlace();
      const stores = await Promise.all(Array.from({ length: 8 }, async () => openStore(place.url)));
      expect(new Set(stores.map(({ epoch }) => epoch)).size).toBe(1);
      for (const store of stores) await store.close();
      place.remove();
    }
  });

  test("is opened while somebody writes for long", async () => {
    const { store, url, client } = await newStore();
    await client.put("/", { body: "1" });
    const run = { isAwaited: true, isOver: false };
    const long = store.write(function* reading(): Work<void> {
      while (run.isAwaited) yield* locate([]);
      run.isOver = true;
    });
    try {
      others.push(await openStore(url));
      expect(run.isOver).toBe(false);
    } finally {
      run.isAwaited = false;
      await long;
    }
  });

  test("answers 503 while the server is away, and goes on when it is back", async () => {
    const { client, application } = await newStore();
    await client.put("/", { body: '{"a":1}' });
    const stream = await openStream(application, "/");
    const events = stream.events();
    expect(await events.next()).toMatchObject({ value: { name: "put", data: '{"path":"","value":{"a":1}}' } });

    await server.stop("SIGQUIT");
    for (const answer of [await client.get("/a"), await client.put("/a", { body: "2" })]) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get("Retry-After")).toBe("2");
      expect(answer.json()).toMatchObject({ type: "/?problem=storage-unreachable" });
      expect(answer.text()).not.toContain("not-needed");
    }

    await server.startAgain();
    expect((await client.get("/a")).text()).toBe("1");
    expect((await client.put("/a", { body: "3" })).status).toBe(204);
    expect(await events.next(), "also for those who watch").toMatchObject({
      value: { data: '{"path":"/a","value":3}' },
    });
    await stream.close();
  });

  test("loses no acknowledged write when connections are cut, and counts none twice", async () => {
    const { client, url } = await newStore();
    await client.put("/", { body: '{"list":[]}' });
    const acknowledged: string[] = [];
    const run = { isOver: false };
    const writers = Array.from({ length: 3 }, async (_, writer) => {
      for (let number = 0; !run.isOver; number += 1) {
        const item = `${writer}-${number}`;
        const { status } = await client.post("/list", { body: JSON.stringify(item), headers: JSON_TYPE });
        expect([201, 503]).toContain(status);
        if (status === 201) acknowledged.push(item);
      }
    });
    for (let cut = 1; cut <= 5; cut += 1) {
      await expect.poll(() => acknowledged.length).toBeGreaterThan(cut * 10);
      await server.query(CUT);
    }
    const before = acknowledged.length;
    await expect.poll(() => acknowledged.length).toBeGreaterThan(before);
    run.isOver = true;
    await Promise.all(writers);

    const list = (await client.get("/list")).json<string[]>();
    expect(new Set(list).size).toBe(list.length);
    expect(acknowledged.filter((item) => !list.includes(item))).toEqual([]);
    const store = await openStore(url);
    others.push(store);
    expect(await verifyStore(store, { isSwept: true })).toEqual([]);
  });

  test("is written by several machines at once, each write behind the one before", async () => {
    const { client, url } = await newStore();
    await client.put("/", { body: '{"counter":0}' });
    const rounds = 15;
    async function count(store: Store): Promise<number[]> {
      const versions: number[] = [];
      while (versions.length < rounds) {
        versions.push(
          await store.write(function* increment(write) {
            const { value } = (yield { name: "getMember", wants: "row", values: [0, ""] }) as {
              readonly value: string;
            };
            const { counter } = JSON.parse(value) as { readonly counter: number };
            yield* put(write, ["counter"], String(counter + 1));
            return write.seq;
          }),
        );
      }
      return versions;
    }
    for (let machine = 0; machine < 3; machine += 1) others.push(await openStore(url));
    const versions = (await Promise.all(others.map((store) => count(store)))).flat().toSorted((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 3 * rounds }, (_, index) => index + 2));
    expect((await client.get("/counter")).text()).toBe(String(3 * rounds));
  });

  test("refuses too many who read long, while others read on", async () => {
    const { client, store } = await newStore();
    await client.put("/", { body: "1" });
    const snapshots: Snapshot[] = [];
    const refusal = await (async () => {
      for (;;) snapshots.push(await store.snapshot());
    })().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ kind: "too-many-readers", status: 503 });
    expect(snapshots.length).toBe(16);
    expect((await client.get("/")).text()).toBe("1");
    for (const snapshot of snapshots) await snapshot.close();
    await (await store.snapshot()).close();
  });

  test("gives up no place for a long read whose connection was lost before it began", async () => {
    const { client, store } = await newStore();
    await client.put("/", { body: "1" });
    const openAll = () => Promise.allSettled(Array.from({ length: 16 }, () => store.snapshot()));
    const closeAll = async (outcomes: PromiseSettledResult<Snapshot>[]): Promise<string[]> => {
      for (const outcome of outcomes) if (outcome.status === "fulfilled") await outcome.value.close();
      return outcomes.map(({ status }) => status);
    };
    await closeAll(await openAll());
    endUnseen((await server.query(PIDS)) as { readonly pid: number }[]); // its column
    expect(await closeAll(await openAll())).toContain("rejected");
    expect(await closeAll(await openAll())).toEqual(Array.from({ length: 16 }, () => "fulfilled"));
  });

  test("finds its tables again, whatever options the address has", async () => {
    const url = `${server.url("optional")}&options=-c%20search_path%3Dpublic`;
    for (const before of [null, "1"]) {
      const store = await openStore(url);
      others.push(store);
      const outcome = await store.read(() => row<{ readonly value: string }>("getMember", 0, ""));
      expect(outcome?.value ?? null).toBe(before);
      await store.write((write) => put(write, [], "1"));
    }
  });

  test("finds keys that are longer than an entry of an index", async () => {
    const { client } = await newStore();
    await client.put("/", { body: JSON.stringify({ list: Array.from({ length: 20 }, (_, index) => index) }) });
    const start = "é".repeat(1500);
    for (const end of ["a", "b", "c"]) await client.put(`/${encodeURIComponent(start + end)}`, { body: `"${end}"` });
    await client.delete(`/${encodeURIComponent(`${start}b`)}`);
    expect((await client.get(`/${encodeURIComponent(`${start}c`)}`)).text()).toBe('"c"');
    const { children } = (await client.get("/?children&prefix=%C3%A9")).json<{ children: { key: string }[] }>();
    expect(children.map(({ key }) => key)).toEqual([`${start}a`, `${start}c`]);
  });

  test("is filled, read, checked and cleaned by the command", () => {
    const environment = { ...process.env, JSONSTORE_URL: server.url("command") };
    const jsonstore = (...words: string[]) =>
      spawnSync(process.execPath, [COMMAND, ...words], { encoding: "utf8", env: environment });
    const text = JSON.stringify({ list: Array.from({ length: 3000 }, (_, index) => ({ index, name: `é${index}` })) });
    const file = join(server.directory, "in.json");
    writeFileSync(file, text);
    expect(jsonstore("import", file)).toMatchObject({ status: 0, stderr: "" });
    expect(jsonstore("export").stdout).toBe(text);
    expect(jsonstore("compact")).toMatchObject({ status: 0, stderr: "" });
    expect(jsonstore("verify")).toMatchObject({ status: 0, stderr: "The store is sound\n" });
  });

  test.each([
    ["postgres://me:secret@127.0.0.1:1/db", /ECONNREFUSED/],
    ["postgres://me:secret@[::/db", /no URL/],
    ["postgres://me:secret@localhost/db?schema=a;drop", /schema/],
    ["postgres://me:secret@localhost/db?connections=0", /connections/],
    ["mysql://me:secret@localhost/db", /Expected sqlite:PATH or postgres:/],
  ])("says why %s cannot be opened, without the password", async (url, reason) => {
    const error: unknown = await openStore(url).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Error);
    const { message, stack } = error as Error; // see above
    expect(message).toMatch(reason);
    expect(`${message}${stack}${JSON.stringify(error)}`).not.toContain("secret");
  });
});
