// However a request ends, what was wrapped is closed once, and its iterator is told when it is left early.
import { expect, it } from "vitest";
import { TestClient } from "../../testing/test-client.ts";
import type { Bytes, HeaderList, WSGIApplication } from "../../wsgi/types.ts";
import { validator } from "../../wsgi/validator.ts";
import { type HeadChange, replaceResponse } from "./replace-response.ts";

const PLAIN: HeaderList = [["Content-Type", "text/plain"]];

/** What happened to a body of many chunks, of which one may fail. */
interface Fate {
  closed: number;
  isLeft: boolean;
  given: number;
}

const CHUNKS = 100;

function* chunks(fate: Fate, failAt: number): Generator<Bytes> {
  try {
    for (; fate.given < CHUNKS; fate.given++) {
      if (fate.given === failAt) throw new Error("half-way");
      yield Buffer.alloc(1000, "a");
    }
  } finally {
    fate.isLeft = true;
  }
}

async function* laterChunks(fate: Fate, failAt: number): AsyncGenerator<Bytes> {
  for (const chunk of chunks(fate, failAt)) {
    await new Promise(setImmediate);
    yield chunk;
  }
}

async function* afterAnnouncing(announce: () => unknown, rest: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  announce();
  yield* rest;
}

function* afterAnnouncingNow(announce: () => unknown, rest: Iterable<Bytes>): Generator<Bytes> {
  announce();
  yield* rest;
}

const FORMS: Record<string, (fate: Fate, failAt: number) => WSGIApplication> = {
  iterable: (fate, failAt) => (_, startResponse) => {
    startResponse("200 OK", [...PLAIN]);
    return Object.assign(chunks(fate, failAt), { close: () => void fate.closed++ });
  },
  "async iterable": (fate, failAt) => (_, startResponse) => {
    startResponse("200 OK", [...PLAIN]);
    return Object.assign(laterChunks(fate, failAt), { close: () => void fate.closed++ });
  },
  "late iterable": (fate, failAt) => (_, startResponse) => {
    const body = afterAnnouncingNow(() => startResponse("200 OK", [...PLAIN]), chunks(fate, failAt));
    return Object.assign(body, { close: () => void fate.closed++ });
  },
  "late async iterable": (fate, failAt) => (_, startResponse) => {
    const body = afterAnnouncing(() => startResponse("200 OK", [...PLAIN]), laterChunks(fate, failAt));
    return Object.assign(body, { close: () => void fate.closed++ });
  },
  "write() and async iterable": (fate, failAt) => (_, startResponse) => {
    void startResponse("200 OK", [...PLAIN])(Buffer.alloc(1000, "w"));
    return Object.assign(laterChunks(fate, failAt), { close: () => void fate.closed++ });
  },
};

async function* passed(source: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  yield* source;
}

const CHANGES: Record<string, HeadChange> = {
  nothing: () => null,
  watch: () => ({ kind: "watch", chunk: () => undefined }),
  chunks: () => ({ kind: "chunks", chunk: (chunk) => chunk }),
  stream: () => ({ kind: "whole", whole: () => null, stream: passed }),
};

const CASES = Object.keys(FORMS).flatMap((form) => Object.keys(CHANGES).map((change) => [form, change] as const));

function prepare(form: string, change: string, failAt = -1): { fate: Fate; client: TestClient } {
  const fate: Fate = { closed: 0, isLeft: false, given: 0 };
  const inner = validator((FORMS[form] as (typeof FORMS)[string])(fate, failAt));
  const application: WSGIApplication = (environ, startResponse) =>
    replaceResponse(inner, environ, startResponse, CHANGES[change] as HeadChange);
  return { fate, client: new TestClient(application) };
}

it.each(CASES)("%s, changed by %s, is closed when the client leaves", async (form, change) => {
  const { fate, client } = prepare(form, change);
  const response = await client.get("/", { leaveAfterBytes: 5000 });
  expect(response.isComplete).toBe(false);
  await expect.poll(() => [fate.closed, fate.isLeft]).toEqual([1, true]);
  expect(fate.given).toBeLessThan(CHUNKS);
});

it.each(CASES)("%s, changed by %s, is closed when it fails half-way", async (form, change) => {
  const { fate, client } = prepare(form, change, 50);
  const response = await client.get("/");
  expect([response.isComplete, String(response.error)]).toEqual([false, "Error: half-way"]);
  await expect.poll(() => [fate.closed, fate.isLeft]).toEqual([1, true]);
});

it.each(CASES)("%s, changed by %s, is closed when it fails at once", async (form, change) => {
  const { fate, client } = prepare(form, change, 0);
  const response = await client.get("/");
  // What was written before has left already.
  expect(response.status).toBe(form.startsWith("write()") ? 200 : 500);
  expect(String(response.error)).toBe("Error: half-way");
  await expect.poll(() => [fate.closed, fate.isLeft]).toEqual([1, true]);
});

it.each(CASES)("%s, changed by %s, arrives whole", async (form, change) => {
  const { fate, client } = prepare(form, change);
  const response = await client.get("/");
  expect([response.isComplete, response.error]).toEqual([true, undefined]);
  expect(response.bytes().length).toBe(CHUNKS * 1000 + (form.startsWith("write()") ? 1000 : 0));
  expect([fate.closed, fate.isLeft]).toEqual([1, true]);
});
