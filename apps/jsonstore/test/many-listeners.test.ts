// A thousand clients watch, and most of them do not read: what waits for them has a limit, and who comes back to reading is told so.
import { afterEach, expect, test } from "vitest";
import { openStream, type OpenedStream } from "./event-reader.ts";
import { openTestStore, type TestStore } from "./test-store.ts";

const LISTENERS = 1000;
const WRITES = 30;
/** Characters of a value: together they are more than may wait for one client. */
const LENGTH = 60_000;
/** Bytes that all of them may cost. If each kept its own, it would be a gigabyte. */
const MOST_MEMORY = 300 * 1024 * 1024;

let store: TestStore | null = null;
const streams: OpenedStream[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) await stream.close();
  await store?.close();
});

test("memory is bounded, one more is refused, and those who read miss nothing", async () => {
  store = await openTestStore();
  const { client, application } = store;
  await client.put("/", { body: '{"a":0}' });
  for (let number = 0; number < LISTENERS; number += 1) streams.push(await openStream(application, "/"));
  const refused = await openStream(application, "/");
  expect(refused.status).toBe("503 Service Unavailable");
  expect(new Map(refused.headers).get("Retry-After")).toBe("2");

  const [reading, sleeping] = streams;
  const events = reading?.events();
  expect(await events?.next()).toMatchObject({ value: { name: "put" } });
  const before = process.memoryUsage().rss;
  for (let write = 0; write < WRITES; write += 1) {
    await client.put("/a", { body: `"${String(write).padEnd(LENGTH, "x")}"` });
    const event = await events?.next();
    expect(event?.value?.data.slice(0, 30)).toBe(`{"path":"/a","value":"${write}xxxxxxxx`.slice(0, 30));
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(MOST_MEMORY);
  expect(await sleeping?.events().next()).toMatchObject({ value: { name: "reset" } });
});
