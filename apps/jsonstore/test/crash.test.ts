// kill -9 of workers, of the arbiter and of PostgreSQL's processes while four clients write. What was acknowledged is there; what was not is
// there whole or not at all; every read fits into the one order of writes that Document-Version tells; the store is sound, and nothing is
// left over after a sweep. JSONSTORE_ROUNDS sets how often; with `--reporter=verbose` a run says what it has seen.
import { spawnSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { openStore } from "../src/open-store.ts";
import { documentText } from "../src/storage/document-text.ts";
import { verifyStore } from "../src/storage/verify.ts";
import { Random } from "./random.ts";
import { testEngine, type NewPlace } from "./test-engine.ts";
import { serveStore, type ServedStore } from "./served-store.ts";

const ROUNDS = Number(process.env["JSONSTORE_ROUNDS"] ?? 3);
const CLIENTS = 4;
/** Appends of one round that are acknowledged before something is killed, at most; and milliseconds from the last of them. */
const MOST_WRITES = 30;
const WRITING = 100;

let server: ServedStore | null = null;
let place: NewPlace | null = null;
afterEach(async () => {
  await server?.stop("SIGKILL");
  place?.remove();
});

/** What one client has seen. */
class History {
  /** Items that were acknowledged, with the number of the write. */
  readonly appended = new Map<string, number>();
  readonly sent = new Set<string>();
  /** Increments of the counter that were acknowledged, by If-Match. */
  readonly increments: { readonly version: number; readonly value: number }[] = [];
  readonly reads: { readonly version: number; readonly items: number; readonly counter: number }[] = [];
  bulk = 0;
}

async function write(url: string, client: number, history: History, isOver: () => boolean): Promise<void> {
  for (let number = 0; !isOver(); number += 1) {
    try {
      await append(url, `${client}-${history.sent.size}`, history);
      await increment(url, history);
      if (number % 3 === 0) await readAll(url, history);
      if (number % 5 === 0) await replaceBulk(url, client, history);
    } catch {
      // The connection has ended with its process; the next one meets another.
      await pause(20);
    }
  }
}

async function append(url: string, item: string, history: History): Promise<void> {
  history.sent.add(item);
  const response = await fetch(`${url}/items`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(item),
  });
  if (response.status === 201) history.appended.set(item, versionOf(response));
}

async function increment(url: string, history: History): Promise<void> {
  const read = await fetch(`${url}/counter`);
  const tag = read.headers.get("ETag") ?? "";
  const value = Number(await read.text()) + 1;
  const written = await fetch(`${url}/counter`, { method: "PUT", headers: { "If-Match": tag }, body: String(value) });
  if (written.status === 204) history.increments.push({ version: versionOf(written), value });
}

async function readAll(url: string, history: History): Promise<void> {
  const response = await fetch(`${url}/`);
  const document = (await response.json()) as { items: string[]; counter: number };
  history.reads.push({ version: versionOf(response), items: document.items.length, counter: document.counter });
}

/** A value that is laid out before it is linked: it is there whole or not at all. */
async function replaceBulk(url: string, client: number, history: History): Promise<void> {
  const mark = history.bulk + 1;
  const body = JSON.stringify(
    Array.from({ length: 4000 }, (_, index) => `${client}:${mark}:${index % 10}:${"x".repeat(20)}`),
  );
  const response = await fetch(`${url}/bulk/c${client}`, { method: "PUT", body });
  if (response.ok) history.bulk = mark;
}

function versionOf(response: Response): number {
  return Number(response.headers.get("Document-Version"));
}

/** Waits until there are any: those that were killed may not have been replaced yet. */
async function workersOf(running: ServedStore): Promise<number[]> {
  const { arbiter } = running;
  for (;;) {
    const { stdout } = spawnSync("pgrep", ["-P", String(arbiter.pid)], { encoding: "utf8" });
    if (stdout !== "") return stdout.trim().split("\n").map(Number);
    if (arbiter.exitCode !== null) throw new Error(`The arbiter has ended with ${arbiter.exitCode}: ${running.log()}`);
    await pause(20);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** Kills one worker, or the arbiter and then all that it has left, or a process of the database. */
async function crash(random: Random, url: string): Promise<ServedStore> {
  const running = server;
  if (running === null) throw new Error("Nothing runs");
  const engine = testEngine();
  if (engine.endProcess !== undefined && random.below(3) === 0) {
    await engine.endProcess(random);
    return running;
  }
  const workers = await workersOf(running);
  if (random.below(3) > 0) {
    kill(random.pick(workers));
    return running;
  }
  await running.stop("SIGKILL");
  for (const pid of workers) kill(pid);
  return await serveStore(url, { port: Number(new URL(running.url).port), workers: 2 });
}

test(
  `nothing that was acknowledged is lost in ${ROUNDS} crashes`,
  { timeout: 600_000 + ROUNDS * 20_000 },
  async ({ annotate }) => {
    place = testEngine().newPlace();
    const { url } = place;
    const seed = Number(process.env["JSONSTORE_SEED"] ?? Date.now() % 1_000_000);
    const random = new Random(seed);
    server = await serveStore(url);
    await fetch(`${server.url}/`, { method: "PUT", body: '{"items":[],"counter":0,"bulk":{}}' });
    const histories = Array.from({ length: CLIENTS }, () => new History());
    let isOver = false;
    const address = server.url;
    const clients = histories.map((history, client) => write(address, client, history, () => isOver));
    const acknowledged = (): number => histories.reduce((total, { appended }) => total + appended.size, 0);
    const more = async (count: number): Promise<void> => {
      const enough = acknowledged() + count;
      while (acknowledged() < enough) await pause(5);
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      await more(1 + random.below(MOST_WRITES));
      await pause(WRITING * random.next());
      server = await crash(random, url);
    }
    await more(1);
    isOver = true;
    await Promise.all(clients);
    await server.stop();

    const store = await openStore(url);
    const faults = await verifyStore(store, { isSwept: true });
    const final = await readDocument(store);
    await store.close();
    expect(faults).toEqual([]);
    checkHistories(histories, final);
    await annotate(`Seed ${seed}: ${summaryOf(histories, final)}`);
  },
);

function summaryOf(histories: readonly History[], { items, counter }: Final): string {
  const sum = (count: (history: History) => number): number => histories.reduce((total, one) => total + count(one), 0);
  return [
    `${sum(({ sent }) => sent.size)} appends sent`,
    `${sum(({ appended }) => appended.size)} acknowledged`,
    `${items.length} there`,
    `${sum(({ increments }) => increments.length)} increments acknowledged`,
    `counter ${counter}`,
    `${sum(({ reads }) => reads.length)} reads of the whole`,
    `${sum(({ bulk }) => bulk)} large values acknowledged`,
  ].join(", ");
}

interface Final {
  readonly items: string[];
  readonly counter: number;
  readonly bulk: Readonly<Record<string, readonly string[]>>;
}

async function readDocument(store: Awaited<ReturnType<typeof openStore>>): Promise<Final> {
  const pieces: string[] = [];
  for await (const piece of documentText(store)) pieces.push(piece);
  return JSON.parse(pieces.join("")) as Final; // what the clients have made
}

function checkHistories(histories: readonly History[], { items, counter, bulk }: Final): void {
  const appended = new Map(histories.flatMap((history) => [...history.appended]));
  const sent = new Set(histories.flatMap((history) => [...history.sent]));
  expect(new Set(items).size, "no item twice").toBe(items.length);
  expect(
    items.filter((item) => !sent.has(item)),
    "nothing that was never sent",
  ).toEqual([]);
  const places = new Map(items.map((item, index) => [item, index]));
  expect(
    [...appended.keys()].filter((item) => !places.has(item)),
    "no acknowledged append lost",
  ).toEqual([]);
  const inOrder = [...appended].toSorted(([, a], [, b]) => a - b).map(([item]) => places.get(item) ?? -1);
  expect(inOrder, "the order of the array is that of the versions").toEqual(inOrder.toSorted((a, b) => a - b));

  const increments = histories.flatMap((history) => history.increments).toSorted((a, b) => a.version - b.version);
  const values = increments.map(({ value }) => value);
  expect(values, "every increment saw the newest value").toEqual([...new Set(values)].toSorted((a, b) => a - b));
  expect(counter).toBeGreaterThanOrEqual(values.at(-1) ?? 0);

  const reads = histories.flatMap((history) => history.reads).toSorted((a, b) => a.version - b.version);
  for (const read of reads) {
    const before = [...appended.values()].filter((version) => version <= read.version).length;
    expect(read.items, `a read at ${read.version} has all appends before it`).toBeGreaterThanOrEqual(before);
    const newest = increments.findLast(({ version }) => version <= read.version)?.value ?? 0;
    expect(read.counter, `a read at ${read.version} has the newest counter`).toBeGreaterThanOrEqual(newest);
    const next = increments.find(({ version }) => version > read.version)?.value ?? Number.POSITIVE_INFINITY;
    expect(read.counter, `a read at ${read.version} is not of the future`).toBeLessThan(next);
  }
  for (const [client, history] of histories.entries()) {
    const list = bulk[`c${client}`] ?? [];
    const marks = new Set(list.map((text) => text.split(":")[1]));
    expect([0, 4000], "a large value is whole").toContain(list.length);
    expect(marks.size).toBeLessThanOrEqual(1);
    expect(Number([...marks][0] ?? 0), "and the last one that was acknowledged, or a later").toBeGreaterThanOrEqual(
      history.bulk,
    );
  }
}
