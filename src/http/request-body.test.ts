import { describe, expect, test } from "vitest";

import { RequestBody } from "./request-body.ts";

/** A body, and how often its reader has asked for more. */
function made(): { body: RequestBody; asked: () => number } {
  let count = 0;
  const body = new RequestBody({
    wanted() {
      count += 1;
    },
  });
  return { body, asked: () => count };
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe("RequestBody", () => {
  test("gives chunks in order, then the end, for ever", async () => {
    const { body } = made();
    body.push(bytes("a"));
    body.push(bytes("b"));
    body.end();
    expect([body.pull(), body.pull()]).toEqual([bytes("a"), bytes("b")]);
    expect([body.pull(), body.pull()]).toEqual([null, null]);
    expect(body.bytes).toBe(2);
  });

  test("asks for more when a reader waits, and hands it the next chunk", async () => {
    const { body, asked } = made();
    const pulled = body.pull();
    expect([asked(), body.isWaiting]).toEqual([1, true]);
    body.push(bytes("a"));
    expect(await pulled).toEqual(bytes("a"));
    expect(body.isWaiting).toBe(false);
    const last = body.pull();
    body.end();
    expect(await last).toBeNull();
  });

  test.each([
    ["bytes", [Buffer.alloc(65_535), Buffer.alloc(1)]],
    ["chunks of one byte", Array.from({ length: 1024 }, () => Buffer.alloc(1))],
  ])("is full of enough %s, and no longer once some are read", (_title, chunks) => {
    const { body, asked } = made();
    for (const chunk of chunks) {
      expect(body.isFull).toBe(false);
      body.push(chunk);
    }
    expect(body.isFull).toBe(true);
    void body.pull();
    expect([body.isFull, asked()]).toEqual([false, 1]);
  });

  test("does not ask for more while it is still full, or complete", () => {
    const { body, asked } = made();
    for (let times = 0; times < 2; times += 1) body.push(Buffer.alloc(65_536));
    void body.pull();
    expect([body.isFull, asked()]).toEqual([true, 0]);
    body.end();
    void body.pull();
    expect([body.isFull, asked()]).toEqual([false, 0]);
  });

  test("gives what has arrived before an error, and the first error only", async () => {
    const { body } = made();
    body.push(bytes("a"));
    body.fail(new Error("first"));
    body.fail(new Error("second"));
    expect(body.pull()).toEqual(bytes("a"));
    expect(() => body.pull()).toThrow("first");
  });

  test("gives an error to a reader that waits", async () => {
    const { body } = made();
    const pulled = body.pull();
    body.fail(new Error("gone"));
    await expect(pulled).rejects.toThrow("gone");
  });

  test("that is complete cannot fail any more", () => {
    const { body } = made();
    body.push(bytes("a"));
    body.end();
    body.fail(new Error("late"));
    expect([body.pull(), body.pull()]).toEqual([bytes("a"), null]);
  });

  test("that was thrown away gives a late reader an error", () => {
    const { body } = made();
    body.push(bytes("a"));
    body.discard();
    expect(() => body.pull()).toThrow("after the response was complete");
  });

  test("that is thrown away gives an error to a reader that waits", async () => {
    const { body } = made();
    const pulled = body.pull();
    body.discard();
    await expect(pulled).rejects.toThrow("after the response was complete");
  });
});
