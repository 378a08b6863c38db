// close(), the client that leaves, early hints, and many requests at once. Source: PEP 3333 "Specification Details" (close()),
// RFC 8297 (103 Early Hints).

import { deepEqual, equal } from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Bytes, WSGIApplication, WSGIBody } from "../../wsgi/types.ts";
import type { TestClient, TestRequestOptions } from "../test-client.ts";
import { bytes, type ConformanceCase, eventually, PLAIN } from "./conformance-case.ts";

/** What happened to the request of a key, in order. */
const events = new Map<string, string[]>();

/** Notes what happens to requests; `/events?KEY` tells it. Under `/HOW?KEY` the body is made by `bodies[HOW]`. */
const observed: WSGIApplication = (environ, startResponse) => {
  const how = environ.PATH_INFO.slice(1);
  const key = environ.QUERY_STRING;
  const log = events.get(key) ?? [];
  startResponse("200 OK", [PLAIN]);
  if (how === "events") return [bytes(JSON.stringify(log))];
  events.set(key, log);
  environ["tsgi.signal"]?.addEventListener("abort", () => log.push("signal"));
  const close = (): void => void log.push("close");
  return closing(bodies[how]?.(log, environ["tsgi.signal"]) ?? [], close);
};

function closing(body: Iterable<Bytes> | AsyncIterable<Bytes>, close: () => void): WSGIBody {
  return Symbol.iterator in body
    ? { [Symbol.iterator]: () => body[Symbol.iterator](), close }
    : { [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](), close };
}

type MakeBody = (log: string[], signal: AbortSignal | undefined) => Iterable<Bytes> | AsyncIterable<Bytes>;

const bodies: Record<string, MakeBody> = {
  list: () => [bytes("done")],
  empty: () => [],
  async *async() {
    await nextTurn();
    yield bytes("done");
  },
  *throws() {
    yield bytes("begun");
    throw new Error("on purpose");
  },
  // oxlint-disable-next-line require-yield -- it fails before it can
  *throwsAtOnce() {
    throw new Error("on purpose");
  },
  async *endless(log) {
    try {
      for (;;) {
        await nextTurn();
        yield Buffer.alloc(1000, ".");
      }
    } finally {
      log.push("finally");
    }
  },
  async *silent(_log, signal) {
    yield bytes("begun");
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
  },
};

/** Sends one request, then asks until all wanted events are there, and once more for those that must not follow. */
function lifetimeCase(
  name: string,
  how: string,
  expected: readonly string[],
  extra: { needs?: ConformanceCase["needs"]; method?: string; options?: TestRequestOptions } = {},
): ConformanceCase {
  return {
    name,
    needs: ["shared-memory", ...(extra.needs ?? [])],
    app: observed,
    async exercise(client) {
      const key = randomUUID();
      await client.request(extra.method ?? "GET", `/${how}?${key}`, extra.options);
      const told = await eventually(
        () => eventsOf(client, key),
        (log) => log.length >= expected.length,
      );
      deepEqual(told.toSorted(), expected);
      deepEqual((await eventsOf(client, key)).length, expected.length);
    },
  };
}

async function eventsOf(client: TestClient, key: string): Promise<string[]> {
  return (await client.get(`/events?${key}`)).json<string[]>();
}

export const lifetimeCases: readonly ConformanceCase[] = [
  lifetimeCase("close() is called once after a body, and the signal does not fire", "list", ["close"]),
  lifetimeCase("close() is called once after an empty body", "empty", ["close"]),
  lifetimeCase("close() is called once after an async body", "async", ["close"]),
  lifetimeCase("close() is called once after HEAD", "empty", ["close"], { method: "HEAD" }),
  lifetimeCase("close() is called once when the body throws at once", "throwsAtOnce", ["close"]),
  lifetimeCase("close() is called once when the body throws later", "throws", ["close"], { needs: ["break-off"] }),
  lifetimeCase(
    "A client that leaves stops the body: the signal, finally and close()",
    "endless",
    ["close", "finally", "signal"],
    {
      needs: ["client-leaves"],
      options: { leaveAfterBytes: 5000 },
    },
  ),
  lifetimeCase("A client that leaves fires the signal though the body is silent", "silent", ["close", "signal"], {
    needs: ["client-leaves", "streaming"],
    options: { leaveAfterBytes: 5 },
  }),
  {
    name: "Early hints reach the client before the response",
    needs: ["early-hints"],
    app: (environ, startResponse) => {
      environ["wsgi.early_hints"]?.([["Link", "</style.css>; rel=preload; as=style"]]);
      environ["wsgi.early_hints"]?.([
        ["Link", "</code.js>; rel=preload; as=script"],
        ["X-Hint", "2"],
      ]);
      startResponse("200 OK", [PLAIN]);
      return [bytes("page")];
    },
    async exercise(client) {
      const response = await client.get("/");
      deepEqual([response.status, response.text()], [200, "page"]);
      deepEqual(
        response.earlyHints.map((headers) => headers.map(([name, value]) => [name.toLowerCase(), value])),
        [
          [["link", "</style.css>; rel=preload; as=style"]],
          [
            ["link", "</code.js>; rel=preload; as=script"],
            ["x-hint", "2"],
          ],
        ],
      );
    },
  },
  {
    name: "What is written to wsgi.errors is not in the answer",
    app: (environ, startResponse) => {
      environ["wsgi.errors"].write("conformance: a line for the log\n");
      environ["wsgi.errors"].writelines(["conformance: one\n", "conformance: two\n"]);
      environ["wsgi.errors"].flush();
      startResponse("200 OK", [PLAIN]);
      return [bytes("clean")];
    },
    async exercise(client) {
      equal((await client.get("/")).text(), "clean");
    },
  },
  {
    name: "Many requests at once each get their own answer",
    app: (environ, startResponse) => {
      startResponse("200 OK", [PLAIN]);
      return (async function* numbered() {
        yield bytes(`${environ.QUERY_STRING}:`);
        await nextTurn();
        yield await environ["wsgi.input"].read(-1);
      })();
    },
    async exercise(client) {
      const numbers = Array.from({ length: 40 }, (_, index) => index);
      const answers = await Promise.all(
        numbers.map((number) => client.post(`/?${number}`, { body: `body ${number}` })),
      );
      deepEqual(
        answers.map((answer) => answer.text()),
        numbers.map((number) => `${number}:body ${number}`),
      );
    },
  },
];
