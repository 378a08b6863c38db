// Random operations against a plain tree in memory that keeps text. JSONSTORE_STEPS sets their number, JSONSTORE_SEED repeats a run.
import type { TestClient } from "tsgi/testing";
import { afterEach, expect, test } from "vitest";
import { formatPointer } from "../src/text/pointer.ts";
import { Random } from "./random.ts";
import { openTestStore, type TestStore } from "./test-store.ts";
import { parseModel, TextModel } from "./text-model.ts";

const STEPS = Number(process.env["JSONSTORE_STEPS"] ?? 500);
const SEED = Number(process.env["JSONSTORE_SEED"] ?? Date.now() % 1_000_000);
/** A document that grows without end says nothing new. */
const MOST_TEXT = 20_000;

let store: TestStore | null = null;
afterEach(async () => {
  await store?.close();
  store = null;
});

const KEYS = [
  "a",
  "b",
  "10",
  "2",
  "",
  "__proto__",
  "constructor",
  "a/b",
  "~",
  "é",
  "💥",
  '"',
  "\\",
  "\u0000",
  "\n",
  "@1",
  "-",
  "01",
  "a b",
  "%41",
  ".",
];
const SCALARS = [
  "1",
  "1.0",
  "-0",
  "1e400",
  "12345678901234567890",
  "true",
  "null",
  '""',
  '"\\ud800"',
  '"@5"',
  '"a\\nb"',
  '"\\u0041"',
  `"${"x".repeat(100)}"`,
];

class Operations {
  readonly #random: Random;
  readonly model = new TextModel();

  constructor(random: Random) {
    this.#random = random;
  }

  value(depth = 0): string {
    const random = this.#random;
    const choice = random.below(depth > 3 ? 1 : 4);
    if (choice < 2) return random.pick(SCALARS);
    const count = random.below(depth === 0 && random.below(10) === 0 ? 60 : 6);
    if (choice === 2)
      return `[${Array.from({ length: count }, () => this.value(depth + 1)).join(random.pick([",", " , "]))}]`;
    const keys = new Set(Array.from({ length: count }, () => this.key()));
    return `{${[...keys].map((key) => `${JSON.stringify(key)}: ${this.value(depth + 1)}`).join(",")}}`;
  }

  key(): string {
    return this.#random.below(3) === 0 ? `k${this.#random.below(50)}` : this.#random.pick(KEYS);
  }

  path(): string[] {
    const random = this.#random;
    const known = this.model.paths();
    const path = known.length === 0 ? [] : [...random.pick(known)];
    if (random.below(3) === 0) path.push(random.below(2) === 0 ? this.key() : String(random.below(8)));
    if (random.below(20) === 0) path.push(this.key());
    return path;
  }
}

interface Step {
  readonly label: string;
  readonly status: number;
  readonly expected: number;
}

function address(path: readonly string[], query = ""): string {
  return `/?pointer=${encodeURIComponent(formatPointer(path))}${query}`;
}

/** Does one of the operations to the store and to the model. */
async function takeStep(random: Random, operations: Operations, client: TestClient): Promise<Step> {
  const { model } = operations;
  const path = operations.path();
  const text = operations.value();
  const name = `${formatPointer(path)} ${text}`;
  const choice = (model.text([])?.length ?? 0) > MOST_TEXT ? 9 : random.below(10);
  if (choice < 4) {
    const hasParents = random.below(4) === 0 && model.find(path.slice(0, -1)) !== null;
    const { status } = await client.put(address(path, hasParents ? "&parents" : ""), { body: text });
    return { label: `PUT ${name}`, status, expected: model.put(path, parseModel(text), hasParents) };
  }
  if (choice < 7 && model.find(path)?.type !== "object") {
    const at = random.below(2) === 0 ? null : random.below(10);
    const headers = { "Content-Type": "application/json" };
    const { status } = await client.post(address(path, at === null ? "" : `&at=${at}`), { body: text, headers });
    return { label: `POST ${at} ${name}`, status, expected: model.append(path, parseModel(text), at) };
  }
  if (choice < 9) return await move(operations, client, path);
  const { status } = await client.delete(address(path));
  return { label: `DELETE ${formatPointer(path)}`, status, expected: model.remove(path) };
}

async function move(operations: Operations, client: TestClient, path: readonly string[]): Promise<Step> {
  const { model } = operations;
  const to = operations.path();
  const [from, into] = [formatPointer(path), formatPointer(to)];
  const before = model.text([]);
  const moved = model.find(path);
  model.remove(path);
  const isMovable = moved !== null && model.find(to.slice(0, -1))?.type === "object" && !into.startsWith(from);
  const expected = isMovable && model.put(to, moved, false) < 400 ? 204 : 409;
  if (expected === 409) model.root = before === null ? null : parseModel(before);
  // Into arrays it inserts, which the model has no word for.
  if (!isMovable) return { label: "nothing", status: 0, expected: 0 };
  const { status } = await client.patch("/", {
    body: JSON.stringify([{ op: "move", from, path: into }]),
    headers: { "Content-Type": "application/json-patch+json" },
  });
  return { label: `move ${from} to ${into}`, status, expected };
}

test(
  `random operations give what a plain tree gives (${STEPS} steps, seed ${SEED})`,
  { timeout: 240_000 + STEPS * 200 },
  async () => {
    store = await openTestStore();
    const { client } = store;
    const random = new Random(SEED);
    const operations = new Operations(random);
    const { model } = operations;
    for (let number = 0; number < STEPS; number += 1) {
      const { label, status, expected } = await takeStep(random, operations, client);
      expect(status, `step ${number}: ${label}`).toBe(expected);
      const some = number % 10 === 0 ? [] : operations.path();
      const node = await client.get(address(some));
      const text = node.status === 200 ? node.text() : null;
      expect(text, `GET ${formatPointer(some)} after step ${number}: ${label}`).toBe(model.text(some));
    }
  },
);
