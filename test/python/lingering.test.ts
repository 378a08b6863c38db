// Requests that are answered before Python is done with them, and requests that turn out to be slow in the middle of a batch: those
// behind them are given back, go elsewhere, and nothing else is touched.
import { afterEach, expect, test } from "vitest";
import { servePython, type Served } from "./serve-python.ts";

let served: Served;
afterEach(() => served.close());

/** Asks one request after another, from several clients at a time, and says what came instead of 200. */
async function load(clients: number, each: number, path: (number: number) => string): Promise<string[]> {
  const failures: string[] = [];
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let count = 0; count < each; count += 1) {
        const target = path(client + count * clients);
        try {
          const { status, text } = await served.get(target);
          if (status !== 200 || text !== "ok") failures.push(`${target}: ${status}`);
        } catch (error) {
          failures.push(`${target}: ${String(error)}`);
        }
      }
    }),
  );
  return failures;
}

test.each([
  { name: "a close() that sleeps, one thread", threads: 1, path: (number: number) => (number % 50 ? "/" : "/naps") },
  { name: "a close() that sleeps, two threads", threads: 2, path: (number: number) => (number % 50 ? "/" : "/naps") },
  {
    name: "a close() that writes, beside slow requests, four threads",
    threads: 4,
    path: (number: number) => (number % 40 ? "/writes" : "/burns"),
  },
  { name: "a request that computes, one thread", threads: 1, path: (number: number) => (number % 50 ? "/" : "/burns") },
])("$name: every request is answered by the one process", async ({ threads, path }) => {
  served = await servePython({ target: "lingering:application", threads });
  const [process] = served.guest.stats().processes;
  expect(await load(24, 40, path)).toEqual([]);
  expect(served.guest.stats()).toMatchObject({ restarts: 0, processes: [{ pid: process?.pid, state: "ready" }] });
});

test("a thread that stays in close() for ever gets no requests while another one is free", async () => {
  served = await servePython({ target: "lingering:application", threads: 2, deadlineSeconds: 0 });
  expect(await load(1, 5, () => "/")).toEqual([]);
  expect(await served.get("/naps?600")).toMatchObject({ status: 200, text: "ok" });
  expect(await load(3, 20, () => "/")).toEqual([]);
  expect(served.guest.stats().restarts).toBe(0);
});

test("a close() beyond the deadline, while others wait for its thread, ends with its process", async () => {
  served = await servePython({ target: "lingering:application", deadlineSeconds: 1 });
  const [before] = served.guest.stats().processes;
  expect(await served.get("/naps?600")).toMatchObject({ status: 200, text: "ok" });
  expect(await served.get("/")).toMatchObject({ status: 200, text: "ok" });
  expect(served.guest.stats().processes.some(({ pid, state }) => pid !== before?.pid && state === "ready")).toBe(true);
  expect(served.log.map(({ message }) => message).join("\n")).toContain("close()");
});

test("early hints from close() are late, and ignored", async () => {
  served = await servePython({ target: "lingering:application" });
  for (let count = 0; count < 3; count += 1) {
    expect(await served.get("/hints")).toMatchObject({ status: 200, text: "ok", informational: [] });
  }
  expect(served.guest.stats().restarts).toBe(0);
});
