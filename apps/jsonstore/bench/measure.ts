// What operations of a store cost, in microseconds of this process's CPU, for a small and for a large document.
// Usage, in the project: JITI_INTEROP_DEFAULT=false JITI_TSCONFIG_PATHS=true node_modules/.bin/jiti apps/jsonstore/bench/measure.ts [directory]
// Without the first variable every use of an imported name would cost, as it does not when the store is served.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../src/open-store.ts";
import { append, find, put, remove } from "../src/storage/document.ts";
import { documentText } from "../src/storage/document-text.ts";
import { inlineText } from "../src/storage/locate.ts";
import { linkStaged } from "../src/storage/stage.ts";
import type { Store } from "../src/storage/store.ts";
import type { Work } from "../src/storage/work.ts";
import { compact } from "../src/text/compact.ts";

const SLICES = 60;
/** Writes that go into one transaction, where several come at once. */
const GROUP = 32;

/** A document of so many thousand nodes: objects, small objects in an array, numbers in an array. */
function documentOf(thousands: number): string {
  const users: Record<string, unknown> = {};
  for (let index = 0; index < thousands * 50; index += 1) {
    users[`user${index}`] = {
      id: index,
      name: `User ${index}`,
      mail: `user${index}@example.org`,
      active: true,
      score: index / 7,
    };
  }
  const events = Array.from({ length: thousands * 100 }, (_, index) => ({
    t: 1_700_000_000 + index,
    k: "click",
    u: index % 1000,
  }));
  const series = Array.from({ length: thousands * 300 }, (_, index) => index * 3);
  return JSON.stringify({ users, events, series });
}

async function cpuOf(times: number, work: (round: number) => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let round = 0; round < times; round += 1) await work(round);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

/** Something that is measured: it is done so many times in one slice, and stands for so many operations. */
interface Operation {
  readonly times: number;
  readonly stands?: number;
  readonly work: (round: number) => unknown;
}

/**
 * Measures in many short slices, all operations in turns, so that whatever else the machine does meets all of them. What is told is the slice
 * that a fifth of the others are quicker than.
 */
async function inTurns(operations: Readonly<Record<string, Operation>>): Promise<Record<string, number>> {
  const slices: Record<string, number[]> = {};
  for (let slice = 0; slice < SLICES; slice += 1) {
    for (const [name, { times, stands = 1, work }] of Object.entries(operations)) {
      const cpu = await cpuOf(times, (round) => work(slice * times + round));
      (slices[name] ??= []).push(cpu / stands);
    }
  }
  const told = Object.entries(slices).map(([name, list]) => [name, list.toSorted((a, b) => a - b)[SLICES / 5] ?? 0]);
  return Object.fromEntries(told) as Record<string, number>; // names and numbers
}

async function load(store: Store, text: string): Promise<void> {
  const staged = await store.stage(compact(text));
  await linkStaged(store, staged, (write) => put(write, [], staged.value));
}

async function measure(thousands: number, directory: string): Promise<Record<string, number>> {
  const path = join(directory, `${thousands}.db`);
  const store = await openStore(`sqlite:${path}`);
  const text = documentOf(thousands);
  const megabytes = text.length / 1e6;
  const users = Math.max(1, thousands * 50 - 1);
  const middle = String(thousands * 150);
  const score = (round: number): unknown =>
    store.write((write) => put(write, ["users", `user${(round * 7919) % users}`, "score"], String(round)));
  const element = (round: number): unknown => store.write((write) => put(write, ["series", middle], String(round)));
  const insertion = (round: number): unknown =>
    store.write((write) => append(write, ["series"], String(round), Number(middle)));
  const loaded = await cpuOf(1, () => load(store, text));
  const figures: Record<string, number> = {
    "load, ms": loaded / 1000,
    "file, MB": statSync(path).size / 1e6,
    ...(await inTurns({
      "leaf read": {
        times: 500,
        work: (round) => store.read(() => leaf(["users", `user${(round * 7919) % users}`, "name"])),
      },
      "element read": { times: 500, work: () => store.read(() => leaf(["series", middle])) },
      "leaf write": { times: 128, work: score },
      "element write": { times: 128, work: element },
      "insert in the middle": { times: 128, work: insertion },
      "leaf write, 32 at once": { times: 4, stands: GROUP, work: atOnce(score) },
      "element write, 32 at once": { times: 4, stands: GROUP, work: atOnce(element) },
      "insert in the middle, 32 at once": { times: 4, stands: GROUP, work: atOnce(insertion) },
    })),
  };
  const whole = await cpuOf(3, async () => {
    for await (const piece of documentText(store)) if (piece === "") throw new Error("An empty piece");
  });
  figures["whole document, MB/s"] = megabytes / (whole / 1e6);
  const before = process.cpuUsage();
  await store.write((write) => remove(write, ["users"]));
  const { user, system } = process.cpuUsage(before);
  figures["DELETE of all users"] = user + system;
  await store.close();
  return figures;
}

function atOnce(work: (round: number) => unknown): (round: number) => Promise<unknown> {
  return (round) => Promise.all(Array.from({ length: GROUP }, (_, index) => work(round * GROUP + index)));
}

function* leaf(path: readonly string[]): Work<string> {
  return inlineText(yield* find(path));
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), "jsonstore-bench-"));
const small = await measure(1, directory);
const large = await measure(1000, directory);
rmSync(directory, { recursive: true });
const leafWrite = large["leaf write"] ?? Number.NaN;
console.log(
  `Node ${process.version}; µs of CPU unless said otherwise\n\n| | about 10³ nodes | 10⁶ nodes | | to a leaf write |\n|---|--:|--:|--:|--:|`,
);
for (const [name, value] of Object.entries(large)) {
  const base = small[name] ?? Number.NaN;
  const parts = [
    base.toPrecision(3),
    value.toPrecision(3),
    `${(value / base).toFixed(1)} ×`,
    /, M|ms$|DELETE/.test(name) ? "" : `${(value / leafWrite).toFixed(2)} ×`,
  ];
  console.log(`| ${name} | ${parts.join(" | ")} |`);
}
