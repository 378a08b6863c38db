import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { BodyQueue } from "./body-queue.ts";

function made(limit = 10): { body: BodyQueue; events: string[] } {
  const events: string[] = [];
  const body = new BodyQueue({ resume: () => events.push("resume"), abandon: () => events.push("abandon") }, limit);
  return { body, events };
}

test("BodyQueue gives chunks in order, also to one who waits", async () => {
  const { body } = made();
  const first = body.next();
  body.push(Buffer.from("a"));
  body.push(Buffer.from(""));
  body.push(Buffer.from("b"));
  body.end();
  expect([(await first).value, (await body.next()).value, (await body.next()).done]).toEqual([
    Buffer.from("a"),
    Buffer.from("b"),
    true,
  ]);
});

test("BodyQueue is full above its limit, and tells when there is room again", async () => {
  const { body, events } = made(3);
  body.push(Buffer.from("ab"));
  expect(body.isFull).toBe(false);
  body.push(Buffer.from("cd"));
  expect(body.isFull).toBe(true);
  await body.next();
  expect(events).toEqual(["resume"]);
});

test("BodyQueue gives what came before an error, then the error", async () => {
  const { body } = made();
  body.push(Buffer.from("half"));
  body.fail(new Error("broken"));
  expect((await body.next()).value).toEqual(Buffer.from("half"));
  await expect(body.next()).rejects.toThrow("broken");
});

test("BodyQueue.close before the end abandons the rest, once; after the end it does not", async () => {
  const { body, events } = made();
  body.push(Buffer.from("x"));
  body.close();
  body.close();
  body.push(Buffer.from("y"));
  expect((await body.next()).done).toBe(true);
  expect(events).toEqual(["abandon"]);
  const ended = made();
  ended.body.end();
  ended.body.close();
  expect(ended.events).toEqual([]);
});
