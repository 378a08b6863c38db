// A worker as its arbiter and its clients see it; the test is both.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { WorkerProcess } from "../../../test/server/worker-process.ts";
import type { DrainMessage } from "../channel/messages.ts";

/** Others go on accepting. */
const DRAIN: DrainMessage = { type: "drain", gracefulSeconds: 60, idleSeconds: 0, isQueueKept: true };
const LEFT = ["listeners-closed", "ending", "drained"];

test("says ready when the application is loaded, and serving when it accepts", async () => {
  const worker = await WorkerProcess.start();
  const { pid, bootSeconds } = await worker.hears("ready");
  expect(pid).toBe(worker.pid);
  expect(bootSeconds).toBeGreaterThan(0);
  await worker.hears("serving");
  expect(await worker.ask("/hello")).toBe("/hello");
  expect(worker.types).toEqual(["ready", "serving"]);
});

test("one that is held back accepts only when it is told to serve", async () => {
  const worker = await WorkerProcess.start({}, { isHeld: true });
  await worker.hears("ready");
  await expect(worker.ask("/")).rejects.toThrow("fetch failed");
  worker.tell({ type: "serve" });
  await worker.hears("serving");
  expect(await worker.ask("/hello")).toBe("/hello");
});

test("one whose application cannot be loaded says why, and ends with the exit code that it has named", async () => {
  const worker = await WorkerProcess.start({}, { program: 'throw new Error("no database");' });
  const { stage, message, exitCode } = await worker.hears("boot-failed");
  expect({ stage, message }).toMatchObject({ stage: "app", message: expect.stringContaining("no database") as string });
  expect(await worker.exit).toEqual({ code: exitCode, signal: null });
  expect(worker.types).toEqual(["boot-failed"]);
});

test("one that drains accepts no more, completes the request in hand, says each step and ends with 0", async () => {
  const worker = await WorkerProcess.start();
  await worker.hears("serving");
  const [answer] = await worker.hold();
  worker.tell(DRAIN);
  await worker.hears("listeners-closed");
  await expect(worker.ask("/")).rejects.toThrow("fetch failed");
  expect(worker.types).not.toContain("ending");
  worker.release();
  expect(await answer).toBe("/hold");
  expect(await worker.exit).toEqual({ code: 0, signal: null });
  expect(worker.types).toEqual(["ready", "serving", ...LEFT]);
  // Its counts come before the last word: they stay in the sums of the server.
  expect(worker.said.at(-2)).toMatchObject({ type: "heartbeat", stats: { requests: 1 } });
});

test("one that nobody follows goes on accepting until it is told to seal", async () => {
  const worker = await WorkerProcess.start();
  await worker.hears("serving");
  worker.tell({ ...DRAIN, isQueueKept: false });
  expect(await worker.ask("/late")).toBe("/late");
  expect(worker.types).toEqual(["ready", "serving"]);
  worker.tell({ type: "seal", isLast: true, kept: [] });
  expect(await worker.exit).toEqual({ code: 0, signal: null });
  expect(worker.types.slice(2)).toEqual(LEFT);
});

test("a request that does not end within the time of the drain is cut off", async () => {
  const worker = await WorkerProcess.start({ gracefulTimeout: 0 });
  await worker.hears("serving");
  const [answer] = await worker.hold();
  worker.tell({ ...DRAIN, gracefulSeconds: 0 });
  await expect(answer).rejects.toThrow("fetch failed");
  expect(await worker.exit).toEqual({ code: 0, signal: null });
});

test("one that is told to quit cuts off its requests, and says nothing more", async () => {
  const worker = await WorkerProcess.start();
  await worker.hears("serving");
  const [answer] = await worker.hold();
  worker.tell({ type: "quit" });
  await expect(answer).rejects.toThrow("fetch failed");
  expect(await worker.exit).toEqual({ code: 0, signal: null });
  expect(worker.types).toEqual(["ready", "serving"]);
});

test("one whose arbiter has died completes its requests, and ends", async () => {
  const worker = await WorkerProcess.start();
  await worker.hears("serving");
  const [answer] = await worker.hold();
  worker.disconnect();
  worker.release();
  expect(await answer).toBe("/hold");
  expect(await worker.exit).toEqual({ code: 0, signal: null });
  expect(worker.log).toContain("The arbiter has ended; the worker completes its requests and exits");
});

test("asks once to be replaced after as many requests as the settings allow, and serves on", async () => {
  const worker = await WorkerProcess.start({ maxRequests: 2 });
  await worker.hears("serving");
  for (let count = 0; count < 4; count += 1) await worker.ask("/");
  expect(await worker.hears("retire")).toEqual({ type: "retire", reason: "max-requests" });
  expect(await worker.ask("/after")).toBe("/after");
  expect(worker.types).toEqual(["ready", "serving", "retire"]);
});

test("an exception that the application did not catch is logged; a successor is asked for, and requests go on", async () => {
  const worker = await WorkerProcess.start();
  await worker.hears("serving");
  const [answer] = await worker.hold();
  await worker.ask("/throw-later");
  expect(await worker.hears("retire")).toEqual({ type: "retire", reason: "exception" });
  expect(worker.log).toMatch(/\[ERROR\] Uncaught exception; the worker will be replaced: Error: thrown later\n\s+at /);
  worker.release();
  expect(await answer).toBe("/hold");
});

test("SIGTERM asks the arbiter for a successor: who kills one worker loses no request", async () => {
  const worker = await WorkerProcess.start();
  await worker.hears("serving");
  worker.signal("SIGTERM");
  expect(await worker.hears("retire")).toEqual({ type: "retire", reason: "signal" });
  expect(await worker.ask("/")).toBe("/");
});

test("tells its counts and its requests when it is asked", async () => {
  const worker = await WorkerProcess.start();
  await worker.hears("serving");
  const [answer] = await worker.hold();
  worker.tell({ type: "snapshot" });
  expect((await worker.hears("heartbeat")).stats).toMatchObject({ inFlight: 1, connections: 1, python: null });
  worker.tell({ type: "list-requests" });
  const { requests, leftOut } = await worker.hears("requests");
  expect(requests).toMatchObject([{ method: "GET", path: "/hold", state: "working", python: null }]);
  expect(leftOut).toBe(0);
  worker.release();
  await answer;
});

test("what is no message of an arbiter is ignored", async () => {
  const worker = await WorkerProcess.start();
  await worker.hears("serving");
  for (const message of [{ type: "drain" }, { type: "halt" }, { type: "toString" }, "quit"])
    worker.tell(message as unknown as DrainMessage);
  expect(await worker.ask("/hello")).toBe("/hello");
  expect(worker.types).toEqual(["ready", "serving"]);
});

test("in dispatch mode it serves the connections that it is handed, and says when one has ended", async () => {
  const worker = await WorkerProcess.start({ dispatch: "dispatch" });
  await worker.hears("serving");
  const arbiter = createServer({ pauseOnConnect: true }, (socket) => {
    worker.tell({ type: "connection", bind: "127.0.0.1:0" }, socket);
  }).listen(0, "127.0.0.1");
  try {
    await once(arbiter, "listening");
    const { port } = arbiter.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/handed`, { headers: { connection: "close" } });
    expect(await response.text()).toBe("/handed");
    expect(await worker.hears("released")).toEqual({ type: "released", count: 1 });
    await expect(worker.ask("/")).rejects.toThrow("fetch failed");
  } finally {
    arbiter.close();
  }
});
