// Writes that come together share a transaction; one that is refused, early or late, undoes nothing of its neighbours.
import { afterEach, expect, test } from "vitest";
import { Problem } from "../src/problem.ts";
import { append, find, put } from "../src/storage/document.ts";
import { inlineText } from "../src/storage/locate.ts";
import type { Write } from "../src/storage/change-tree.ts";
import { verifyStore } from "../src/storage/verify.ts";
import type { Work } from "../src/storage/work.ts";
import { Random } from "./random.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

const SEED = 20;
const ROUNDS = 30;
const TOGETHER = 12;

type Ending = "done" | "refused early" | "refused late" | "broken late";

let opened: TestStore | null = null;
afterEach(async () => {
  await opened?.close();
  opened = null;
});

/** Counts one more, and adds the count to a list that is far too long for one row. */
function* count(write: Write, ending: Ending): Work<number> {
  const before = Number(inlineText(yield* find(["count"])));
  if (ending === "refused early") throw new Problem("precondition-failed");
  yield* put(write, ["count"], String(before + 1));
  yield* append(write, ["list"], `"${"x".repeat(20)}${before + 1}"`, null);
  if (ending === "refused late") throw new Problem("test-failed");
  if (ending === "broken late") throw new Error("A bug");
  return write.seq;
}

test("what is refused in a group leaves nothing behind, and the others are done once and numbered without gaps", async () => {
  opened = await openTestStore();
  const { store, client } = opened;
  await client.put("/", { body: '{"count":0,"list":[]}' });
  const random = new Random(SEED);
  const numbers: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Long rows of groups in which nothing is refused late: only then there are no savepoints.
    const endings = Array.from({ length: TOGETHER }, () =>
      random.pick<Ending>(
        round % 3 === 0 ? ["done", "refused late", "broken late", "refused early"] : ["done", "refused early"],
      ),
    );
    const settled = await Promise.allSettled(endings.map((ending) => store.write((write) => count(write, ending))));
    expect(settled.map(({ status }) => status)).toEqual(
      endings.map((ending) => (ending === "done" ? "fulfilled" : "rejected")),
    );
    for (const outcome of settled) if (outcome.status === "fulfilled") numbers.push(outcome.value);
  }
  const first = numbers[0] ?? 0;
  expect(numbers).toEqual(numbers.map((_, index) => first + index));
  const document = (await client.get("/")).json<{ readonly count: number; readonly list: readonly string[] }>();
  expect(document.count).toBe(numbers.length);
  expect(document.list.map((text) => Number(text.replace(/^x+/, "")))).toEqual(numbers.map((_, index) => index + 1));
  expect(await verifyStore(store)).toEqual([]);
});

test("a patch that fails at its last operation does not undo those that came with it", async () => {
  opened = await openTestStore();
  const { client } = opened;
  await client.put("/", { body: '{"a":0,"b":0}' });
  const patch = '[{"op":"replace","path":"/a","value":7},{"op":"test","path":"/b","value":"no"}]';
  const headers = { "Content-Type": "application/json-patch+json" };
  const answers = await Promise.all([
    client.put("/c", { body: "1" }),
    client.request("PATCH", "/", { headers, body: patch }),
    client.put("/d", { body: "2" }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([201, 409, 201]);
  expect((await client.get("/")).text()).toBe('{"a":0,"b":0,"c":1,"d":2}');
});
