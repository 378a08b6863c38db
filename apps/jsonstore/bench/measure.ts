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
  for (let round = 0; round < Math.min(200, times); round += 1) await work(round);
  const before = process.cpuUsage();
  for (let round = 0; round < times; round += 1) await work(round);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
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
  const middle = String(Math.floor(thousands * 150));
  const loaded = await cpuOf(1, () => load(store, text));
  const figures: Record<string, number> = {
    "load, ms": loaded / 1000,
    "file, MB": statSync(path).size / 1e6,
    "leaf read": await cpuOf(20_000, (round) =>
      store.read(() => leaf(["users", `user${(round * 7919) % users}`, "name"])),
    ),
    "element read": await cpuOf(20_000, () => store.read(() => leaf(["series", middle]))),
    "leaf write, alone": await cpuOf(3000, (round) =>
      store.write((write) => put(write, ["users", `user${(round * 7919) % users}`, "score"], String(round))),
    ),
    "leaf write, 32 at once":
      (await cpuOf(300, (round) =>
        Promise.all(
          Array.from({ length: 32 }, (_, index) =>
            store.write((write) =>
              put(write, ["users", `user${(round * 7919 + index) % users}`, "score"], String(round)),
            ),
          ),
        ),
      )) / 32,
    "element write": await cpuOf(3000, (round) =>
      store.write((write) => put(write, ["series", middle], String(round))),
    ),
    "insert in the middle": await cpuOf(3000, (round) =>
      store.write((write) => append(write, ["series"], String(round), Number(middle))),
    ),
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

function* leaf(path: readonly string[]): Work<string> {
  return inlineText(yield* find(path));
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), "jsonstore-bench-"));
const small = await measure(1, directory);
const large = await measure(1000, directory);
rmSync(directory, { recursive: true });
console.log(
  `Node ${process.version}; µs of CPU unless said otherwise\n\n| | about 10³ nodes | 10⁶ nodes | |\n|---|--:|--:|--:|`,
);
for (const [name, value] of Object.entries(large)) {
  const base = small[name] ?? Number.NaN;
  console.log(`| ${name} | ${base.toPrecision(3)} | ${value.toPrecision(3)} | ${(value / base).toFixed(1)} × |`);
}
