// What the source of a body is told, whatever middleware stands around it: to return when it is left, never once it has ended or thrown.
import { describe, expect, test } from "vitest";
import { TestClient } from "../../testing/test-client.ts";
import type { Middleware, WSGIApplication, WSGIBody } from "../../wsgi/types.ts";
import { cascade } from "../cascade.ts";
import { compress } from "../compress.ts";
import { showExceptions } from "../show-exceptions.ts";
import { timeout } from "../timeout.ts";

const AROUND: readonly [name: string, middleware: Middleware][] = [
  ["timeout", timeout({ seconds: 20 })],
  ["compress", compress({ minBytes: 1 })],
  ["cascade", (application) => cascade([application, application])],
  ["showExceptions", showExceptions()],
];

/** Gives two chunks and then throws, or ends; notes what it is told. */
function source(isLater: boolean, throwsAt: number | null, told: string[]): WSGIApplication {
  let count = 0;
  const step = (): IteratorResult<Buffer> => {
    count += 1;
    if (count === throwsAt) throw new Error("no more");
    return count > 2 ? { done: true, value: undefined } : { done: false, value: Buffer.alloc(2000, "x") };
  };
  const iterator = {
    next: () => (isLater ? Promise.resolve().then(step) : step()),
    return: () => {
      told.push("return");
      return isLater ? Promise.resolve({ done: true, value: undefined }) : { done: true, value: undefined };
    },
  };
  const key = isLater ? Symbol.asyncIterator : Symbol.iterator;
  return (_environ, startResponse) => {
    // Its status comes with its first chunk, as a generator's does.
    const body = {
      [key]: () => ({ ...iterator, next: () => (count === 0 && startResponse("200 OK", HEADERS), iterator.next()) }),
      close: () => void told.push("close"),
    };
    return body as unknown as WSGIBody;
  };
}

const HEADERS: [string, string][] = [["Content-Type", "text/plain"]];

describe.each(AROUND)("%s", (_, middleware) => {
  test.each([
    [false, 1],
    [false, 2],
    [false, null],
    [true, 1],
    [true, 2],
    [true, null],
  ])("closes and does not tell a source to return that has thrown or ended (later: %s, at: %s)", async (later, at) => {
    const told: string[] = [];
    const client = new TestClient(middleware(source(later, at, told)));
    await client.get("/", { headers: { "Accept-Encoding": "gzip" } }).catch(() => undefined);
    await expect.poll(() => told).toContain("close");
    expect(told).toEqual(["close"]);
  });
});
