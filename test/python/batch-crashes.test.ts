// A process that crashes in the middle of a batch costs no other request of it its answer.
import { connect, type Socket } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { guestApplication } from "../../src/guests/lane/guest-application.ts";
import { GuestPool } from "../../src/guests/lane/guest-pool.ts";
import { pythonSettings } from "../../src/guests/python/options.ts";
import { PythonLanguage } from "../../src/guests/python/python-language.ts";
import { APPS, PYTHON, serveApplication } from "./serve-python.ts";

/** Wherever batches begin, one of these is not the first of its batch. */
const CRASHES = [21, 34, 47];

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket)).on("error", reject);
  });
}

test.each([
  { name: "one thread", path: "/os-exit", options: {} },
  { name: "one thread", path: "/segfault", options: {} },
  { name: "preloaded and forked", path: "/os-exit", options: { preload: true } },
])("$path, $name", async ({ path, options }) => {
  const target = "torture:application";
  const settings = pythonSettings({ target, directory: APPS, python: PYTHON, log: () => {}, ...options });
  const pool = new GuestPool(settings, new PythonLanguage(settings), false);
  await pool.start();
  const server = await serveApplication(guestApplication(pool, null));
  onTestFinished(async () => {
    await server.close();
    await pool.close(1);
  });
  // All in one turn of the event loop, so that they share a batch.
  const sockets = await Promise.all(Array.from({ length: 60 }, () => connected(server.port)));
  // As if requests had taken no time until now: batches are deep then, however busy this machine is.
  for (let count = 0; count < 100; count += 1) pool.dispatcher.measured(0);
  expect(pool.stats().batchDepth).toBeGreaterThan(60);
  const received = sockets.map((socket) => textOf(socket));
  for (const [index, socket] of sockets.entries()) {
    const url = CRASHES.includes(index) ? path : `/sleep?seconds=0&say=${index}`;
    socket.write(`GET ${url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  }
  const answers = (await Promise.all(received)).map((answer) => answer.replace(/ .*\r\n\r\n/s, " "));
  const expected = sockets.map((_, index) => `HTTP/1.1 ${index}`);
  for (const index of CRASHES) expected[index] = expect.not.stringMatching(/^HTTP\/1.1 \d*$/) as string;
  expect(answers).toEqual(expected);
});
