// What the disk can do to a store: no room, no permission, damage. One clear error each, and nothing that was acknowledged is lost.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { ChangeEvent } from "../src/api/change-events.ts";
import { Feed } from "../src/api/feed.ts";
import { openStore } from "../src/open-store.ts";
import { put } from "../src/storage/document.ts";
import { documentText } from "../src/storage/document-text.ts";
import { sqliteClass } from "../src/storage/sqlite/database-class.ts";
import { bootId } from "../src/storage/sqlite/boot-id.ts";
import { entityTag } from "../src/storage/entity-tag.ts";
import { locate } from "../src/storage/locate.ts";
import { linkStaged } from "../src/storage/stage.ts";
import type { Staged, Store } from "../src/storage/store.ts";
import { verifyStore } from "../src/storage/verify.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

/** Bytes of a page of the file. */
const PAGE = 4096;
const NOBODY = 65_534;

let opened: TestStore | null = null;
const directory = mkdtempSync(join(tmpdir(), "jsonstore-faults-"));
afterEach(async () => {
  await opened?.close();
  opened = null;
});

async function textOf(store: Store): Promise<string> {
  let text = "";
  for await (const piece of documentText(store)) text += piece;
  return text;
}

test("a store that is full says 507, keeps what it has, and takes writes again when there is room", async () => {
  const store = await openStore(`sqlite:${join(directory, "full.db")}`, { maxSize: 400_000 });
  await store.write((write) => put(write, [], "{}"));
  const acknowledged: string[] = [];
  let refusal: unknown = null;
  for (let number = 0; refusal === null && number < 1000; number += 1) {
    const key = `k${number}`;
    try {
      await store.write((write) => put(write, [key], JSON.stringify("x".repeat(5000))));
      acknowledged.push(key);
    } catch (error) {
      refusal = error;
    }
  }
  expect(refusal).toMatchObject({ kind: "storage-full", status: 507 });
  expect(Object.keys(JSON.parse(await textOf(store)) as object)).toEqual(acknowledged);
  await expect(store.stage(JSON.stringify(Array.from({ length: 100_000 }, (_, index) => index)))).rejects.toMatchObject(
    {
      kind: "storage-full",
    },
  );
  await store.write((write) => put(write, [], "1"));
  expect(await verifyStore(store, { isSwept: true })).toEqual([]);
  expect(await textOf(store)).toBe("1");
  await store.close();
});

test("a write that fails does not undo its neighbours", async () => {
  opened = await openTestStore();
  const { client } = opened;
  await client.put("/", { body: "{}" });
  const paths = ["/a", "/missing/b", "/c", "/d/e", "/f"];
  const answers = await Promise.all(paths.map((path) => client.put(path, { body: "1" })));
  expect(answers.map(({ status }) => status)).toEqual([201, 409, 201, 409, 201]);
  expect((await client.get("/")).text()).toBe('{"a":1,"c":1,"f":1}');
});

/** Without rights, where the tests run as root, who may write anywhere. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return await work();
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

test("a directory that is not there, or may not be written, is told with its path", async () => {
  const missing = join(directory, "nowhere", "store.db");
  await expect(openStore(`sqlite:${missing}`)).rejects.toThrow("nowhere");
  const locked = join(directory, "locked");
  mkdirSync(locked);
  chmodSync(directory, 0o755);
  chmodSync(locked, 0o555);
  await expect(asNobody(() => openStore(`sqlite:${join(locked, "store.db")}`))).rejects.toThrow(/EACCES.*locked/);
});

test("a file that may be read but not written is told with its path, and stays as it is", async () => {
  const path = join(directory, "readonly.db");
  const store = await openStore(`sqlite:${path}`);
  await store.write((write) => put(write, [], "1"));
  await store.close();
  const before = readFileSync(path);
  chmodSync(directory, 0o755);
  chmodSync(path, 0o444);
  await expect(asNobody(() => openStore(`sqlite:${path}`))).rejects.toThrow(/readonly\.db/);
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a disk that is full is 507; when there is room again, the store goes on", async (context) => {
  const disk = join(directory, "disk");
  mkdirSync(disk);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", disk]).status !== 0) {
    return context.skip("No file system may be mounted here");
  }
  try {
    writeFileSync(join(disk, "filler"), Buffer.alloc(1024 * 1024));
    const store = await openStore(`sqlite:${join(disk, "store.db")}`);
    await store.write((write) => put(write, [], "{}"));
    const acknowledged: string[] = [];
    let refusal: unknown = null;
    for (let number = 0; number < 2000; number += 1) {
      if (refusal !== null) break;
      const key = `k${acknowledged.length}`;
      const value = JSON.stringify("x".repeat(5000));
      await store
        .write((write) => put(write, [key], value))
        .then(
          () => acknowledged.push(key),
          (error: unknown) => (refusal = error),
        );
    }
    expect(refusal).toMatchObject({ kind: "storage-full", status: 507 });
    expect(Object.keys(JSON.parse(await textOf(store)) as object)).toEqual(acknowledged);

    rmSync(join(disk, "filler"));
    await store.write((write) => put(write, ["after"], "1"));
    expect(await verifyStore(store, { isSwept: true })).toEqual([]);
    expect(Object.keys(JSON.parse(await textOf(store)) as object)).toEqual([...acknowledged, "after"]);
    await store.close();
  } finally {
    spawnSync("umount", ["-l", disk]);
  }
});

test("what was lost with the machine, though clients have seen it, is not taken for what was written after it", async (context) => {
  if (bootId() === null) return context.skip("The system does not tell when it was started");
  const path = join(directory, "machine.db");
  const url = `sqlite:${path}`;
  const write = async (value: string): Promise<readonly [tag: string, version: number]> => {
    const store = await openStore(url);
    await store.write((change) => put(change, ["0"], value));
    const lookup = await store.read(() => locate([]));
    await store.close();
    return [lookup.isFound ? entityTag(lookup.node, store.epoch) : "", lookup.seq];
  };
  const store = await openStore(url);
  const list = JSON.stringify(Array.from({ length: 1000 }, (_, index) => index));
  await store.write((change) => put(change, [], list));
  await store.close();
  const durable = readFileSync(path);
  const [tag, version] = await write('"lost"');
  writeFileSync(path, durable);
  expect(await write('"other"')).toEqual([tag, version]); // Nobody can tell that this is not the same machine.
  writeFileSync(path, durable);
  const database = new (await sqliteClass())(path);
  database.exec("UPDATE meta SET value = 'the start before' WHERE key = 'boot'");
  database.close();
  const [newTag, newVersion] = await write('"new"');
  expect([newTag === tag, newVersion > version]).toEqual([false, true]);
  expect((await write('"newer"'))[1]).toBe(newVersion + 1);
  const after = await openStore(url);
  const events: string[] = [];
  const take = (told: readonly ChangeEvent[]): unknown => events.push(...told.map(({ name }) => name));
  (await new Feed(after, 1).subscribe({ watched: "", take }, version))();
  expect(events).toEqual(["reset"]);
  await after.close();
});

test("who reads slowly while others write does not keep the log growing, and does not get the rest of another state", async () => {
  const path = join(directory, "log.db");
  const store = await openStore(`sqlite:${path}`, { maxLog: 1024 * 1024 });
  const staged = await store.stage(JSON.stringify(Array.from({ length: 30_000 }, (_, index) => `item ${index}`)));
  await linkStaged(store, staged, (write) => put(write, [], staged.value));
  const [slow, quick] = [documentText(store), documentText(store)];
  expect([(await slow.next()).done, (await quick.next()).done]).toEqual([false, false]);
  await store.write((write) => put(write, ["0"], "0"));
  expect((await quick.next()).done).toBe(false);
  for (const letter of "abcdefghijklmnopqrst")
    await store.write((write) => put(write, ["0"], JSON.stringify(letter.repeat(100_000))));
  await expect(slow.next()).rejects.toMatchObject({ kind: "busy" });
  await expect(quick.next()).rejects.toMatchObject({ kind: "busy" });
  expect((await textOf(store)).slice(0, 10)).toBe('["tttttttt');
  await store.close();
});

test("a large value that was stored stays when whoever stored it takes it for lost, and one that was swept is not stored", async () => {
  opened = await openTestStore();
  const { store, client } = opened;
  const text = JSON.stringify(Array.from({ length: 1000 }, (_, index) => ({ index })));
  const link = (staged: Staged, where: Pick<Store, "write"> = store): Promise<unknown> =>
    linkStaged(where, staged, (write) => put(write, [], staged.value));
  let writes = 0;
  const lossy: Pick<Store, "write"> = {
    async write(work) {
      await store.write(work);
      throw new Error(`The connection was lost during commit ${(writes += 1)}`);
    },
  };
  await expect(link(await store.stage(text), lossy)).rejects.toThrow("during commit 1");
  expect(writes).toBe(2);
  expect(await verifyStore(store, { isSwept: true })).toEqual([]);
  expect((await client.get("/")).text()).toBe(text);
  const late = await store.stage(text.replace("1", "2"));
  expect(await verifyStore(store, { isSwept: true })).toEqual([]);
  await expect(link(late)).rejects.toMatchObject({ kind: "busy" });
  expect((await client.get("/")).text()).toBe(text);
});

test("a text or a page that was damaged where SQLite does not see it is one error, and not a search without end", async () => {
  opened = await openTestStore();
  const { client, store, url } = opened;
  const list = Array.from({ length: 3000 }, (_, index) => index);
  const loop = { a: "x".repeat(100), b: 1 };
  const text = JSON.stringify({ loop, list, text: { a: "x".repeat(20), b: 1 }, whole: 1 });
  expect((await client.put("/", { body: text })).status).toBe(201);
  const database = new (await sqliteClass())(url.replace("sqlite:", ""));
  database.exec("UPDATE member SET value = substr(value, 1, length(value) - 1) WHERE key = 'text'");
  database.exec("UPDATE member SET value = '@' || container WHERE key = 'b' AND container > 1");
  database.exec("UPDATE page SET data = id || ' 3000' WHERE level = (SELECT max(level) FROM page)");
  database.close();
  for (const path of ["/loop", "/text/c", "/list/7", "/list?children"])
    expect([path, (await client.get(path)).status]).toEqual([path, 500]);
  for (const path of ["/text/c", "/list/7"])
    expect([path, (await client.put(path, { body: "2" })).status]).toEqual([path, 500]);
  await expect(textOf(store)).rejects.toThrow("The database is damaged");
  expect((await client.put("/whole", { body: "2" })).status).toBe(204);
  expect((await client.get("/whole")).text()).toBe("2");
  expect((await verifyStore(store)).join("\n")).toMatch(/not JSON[^]*there twice/);
});

test("a damaged page is one error for what is on it; the rest can be read, and a check finds it", async () => {
  const path = join(directory, "damaged.db");
  const store = await openStore(`sqlite:${path}`);
  const list = Array.from({ length: 30_000 }, (_, index) => `item ${index} of the list`);
  const staged = await store.stage(JSON.stringify({ list, small: 1 }));
  await store.write((write) => put(write, [], staged.value));
  await store.close();
  const file = openSync(path, "r+");
  const pages = Math.floor(statSync(path).size / PAGE);
  // Some in the middle: among them are pages of the list, and not only of an index.
  for (let page = pages >> 1; page < (pages >> 1) + 20; page += 1)
    writeSync(file, Buffer.alloc(PAGE, 0xff), 0, PAGE, page * PAGE);
  closeSync(file);

  const damaged = await openStore(`sqlite:${path}`);
  const outcome = await textOf(damaged).catch((error: unknown) => error);
  expect(outcome).toMatchObject({ kind: "storage-failed", status: 500 });
  const faults = await verifyStore(damaged).catch((error: unknown) => [String(error)]);
  expect(faults.length).toBeGreaterThan(0);
  await damaged.close();
  rmSync(directory, { recursive: true, force: true });
});
