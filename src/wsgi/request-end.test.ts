import { expect, test } from "vitest";
import { makeServer } from "../server/make-server.ts";
import { TestClient } from "../testing/test-client.ts";
import { atRequestEnd, isEndAwaited, requestEnded } from "./request-end.ts";
import { StringErrorStream } from "./string-error-stream.ts";
import { setupTestingDefaults } from "./testing-defaults.ts";
import type { WSGIApplication } from "./types.ts";

/** Says what happened in which order; a copy of the environ is the same request. */
function telling(events: string[], work: Promise<void> = Promise.resolve()): WSGIApplication {
  return async function told(environ, startResponse) {
    expect(atRequestEnd({ ...environ }, () => void events.push("end"))).toBe(true);
    atRequestEnd(environ, () => Promise.reject(new Error("Duty failed")));
    await work;
    if (environ.PATH_INFO === "/throw") throw new Error("Thrown");
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    const body = [Buffer.from("body")];
    return Object.assign(body, { close: () => void events.push("close") });
  };
}

test.each(["in process", "over a socket"])("atRequestEnd runs behind close(), once, %s", async (how) => {
  const events: string[] = [];
  const errors = {
    text: "",
    write: (text: string) => void (errors.text += text),
    writelines: () => {},
    flush: () => {},
  };
  const server = how === "in process" ? null : makeServer("127.0.0.1", 0, telling(events), { errors });
  await server?.listen();
  const client = new TestClient(server?.url ?? telling(events));
  const response = await client.get("/");
  await expect.poll(() => events).toEqual(["close", "end"]);
  await client.get("/throw").catch(() => {});
  await expect.poll(() => events).toEqual(["close", "end", "end"]);
  expect(server === null ? response.errors : errors.text).toContain(
    "Error at the end of a request: Error: Duty failed",
  );
  expect(isEndAwaited()).toBe(false);
  await server?.close();
});

test("atRequestEnd waits for an application whose client has left", async () => {
  const events: string[] = [];
  let rest = (): void => {};
  const work = new Promise<void>((resolve) => (rest = resolve));
  const server = makeServer("127.0.0.1", 0, telling(events, work));
  await server.listen();
  const controller = new AbortController();
  const left = fetch(server.url, { signal: controller.signal }).catch(() => "left");
  await expect.poll(() => isEndAwaited()).toBe(true);
  controller.abort();
  expect(await left).toBe("left");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(events).toEqual([]);
  rest();
  await expect.poll(() => events).toEqual(["close", "end"]);
  await server.close();
});

test("atRequestEnd says when nobody could call", () => {
  expect(atRequestEnd(setupTestingDefaults({}), () => {})).toBe(false);
  expect(isEndAwaited()).toBe(false);
});

test("what fails at the end of a request is told, and the rest is done", async () => {
  const { signal } = new AbortController();
  const environ = setupTestingDefaults({ "tsgi.signal": signal });
  const done: string[] = [];
  const duties = [
    () => {
      throw new Error("First");
    },
    async () => Promise.reject(new Error("Second")),
    () => void done.push("third"),
  ];
  expect(duties.map((duty) => atRequestEnd(environ, duty))).toEqual([true, true, true]);
  const errors = new StringErrorStream();
  requestEnded(signal, errors);
  requestEnded(signal, errors);
  expect(isEndAwaited()).toBe(false);
  await new Promise(setImmediate);
  await Promise.resolve();
  expect(done).toEqual(["third"]);
  expect(errors.text).toMatch(/Error at the end of a request: Error: First[^]*Error: Second/);
});
