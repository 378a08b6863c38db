import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { echoApp } from "./applications.ts";
import { eventually, serve } from "./serve.ts";
import { Wire } from "./wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const CHUNK = Buffer.alloc(1000, 120);

/** What happened to one request. */
interface Story {
  calls: number;
  signals: number;
  closed: number;
  finished: number;
}

/** A body that tells its story. @param chunks - how many it has; it waits a little before each */
class StoryBody implements AsyncIterable<Uint8Array> {
  readonly #story: Story;
  readonly #chunks: number;

  constructor(story: Story, chunks: number) {
    this.#story = story;
    this.#chunks = chunks;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      for (let index = 0; index < this.#chunks; index += 1) {
        await sleep(1);
        yield CHUNK;
      }
    } finally {
      this.#story.finished += 1;
    }
  }

  close(): void {
    this.#story.closed += 1;
  }
}

function told(
  chunks: number,
  before: () => Promise<void> = () => Promise.resolve(),
): { story: Story; application: WSGIApplication } {
  const story: Story = { calls: 0, signals: 0, closed: 0, finished: 0 };
  const application: WSGIApplication = async (environ, startResponse) => {
    story.calls += 1;
    environ["tsgi.signal"]?.addEventListener("abort", () => {
      story.signals += 1;
    });
    await before();
    startResponse("200 OK", []);
    return new StoryBody(story, chunks);
  };
  return { story, application };
}

describe("a client that", () => {
  test.each(["resets", "ends"] as const)(
    "%s the connection within the body: the signal fires, the body is closed once",
    async (how) => {
      const { story, application } = told(1e9);
      const { address, server, entries } = await serve(application);
      const wire = await Wire.open(address);
      wire.send(GET);
      await wire.until("xxx");
      if (how === "resets") wire.socket.resetAndDestroy();
      else wire.socket.destroy();
      await eventually(() => server.connectionCount === 0 && story.finished === 1);
      expect(story).toEqual({ calls: 1, signals: 1, closed: 1, finished: 1 });
      expect(entries).toMatchObject([{ status: 200, isAborted: true }]);
    },
  );

  test("leaves before the application has returned: the body is still closed once, and never begun", async () => {
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { story, application } = told(3, () => gate);
    const { address, server } = await serve(application);
    const wire = await Wire.open(address);
    wire.send(GET);
    await eventually(() => story.calls === 1);
    wire.socket.resetAndDestroy();
    await eventually(() => server.connectionCount === 0 && story.signals === 1);
    go();
    await eventually(() => story.closed === 1);
    expect(story).toEqual({ calls: 1, signals: 1, closed: 1, finished: 0 });
  });

  test("leaves within its own body: the application sees an error, and nothing is logged as a bug", async () => {
    const { address, server, errors, entries } = await serve(echoApp);
    const wire = await Wire.open(address);
    wire.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
    await eventually(() => server.connectionCount === 1);
    await sleep(20);
    wire.socket.resetAndDestroy();
    await eventually(() => server.connectionCount === 0);
    await eventually(() => entries.length === 1);
    expect(entries).toMatchObject([{ status: 0, isAborted: true }]);
    expect(errors()).toBe("");
  });

  test("stays until the end: no signal, then or later", async () => {
    const { story, application } = told(3);
    const { address, server } = await serve(application);
    const wire = await Wire.open(address);
    wire.send(GET);
    await wire.until("0\r\n\r\n");
    wire.socket.resetAndDestroy();
    await eventually(() => server.connectionCount === 0);
    await sleep(20);
    expect(story).toEqual({ calls: 1, signals: 0, closed: 1, finished: 1 });
  });

  test("ends its side only still gets its answer", async () => {
    const { story, application } = told(3);
    const { address } = await serve(application);
    const wire = await Wire.open(address);
    wire.send(GET).finish();
    expect(await wire.ended()).toMatch(/0\r\n\r\n$/);
    expect(story).toMatchObject({ closed: 1, finished: 1 });
  });

  test("leaves while requests wait behind the one in hand: they are never begun", async () => {
    const { story, application } = told(1e9);
    const { address, server } = await serve(application);
    const wire = await Wire.open(address);
    wire.send(GET + GET + GET);
    await wire.until("xxx");
    wire.socket.resetAndDestroy();
    await eventually(() => server.connectionCount === 0 && story.finished === 1);
    expect(story.calls).toBe(1);
  });
});

describe("tsgi.signal", () => {
  test("is the same object each time, made when it is first asked for", async () => {
    const seen: unknown[] = [];
    const { address } = await serve((environ, startResponse) => {
      seen.push(environ["tsgi.signal"], environ["tsgi.signal"]);
      startResponse("200 OK", []);
      return [];
    });
    const wire = await Wire.open(address);
    wire.send(GET);
    await wire.until("\r\n\r\n");
    expect(seen[0]).toBeInstanceOf(AbortSignal);
    expect(seen[1]).toBe(seen[0]);
  });

  test("has fired when it is first asked for after the client has left", async () => {
    let signal: AbortSignal | undefined;
    let isAsked = false;
    const { address, server } = await serve(async (environ, startResponse) => {
      await eventually(() => server.connectionCount === 0);
      signal = environ["tsgi.signal"];
      isAsked = true;
      startResponse("200 OK", []);
      return [];
    });
    const wire = await Wire.open(address);
    wire.send(GET);
    await eventually(() => server.connectionCount === 1);
    await sleep(20);
    wire.socket.resetAndDestroy();
    await eventually(() => isAsked);
    expect(signal?.aborted).toBe(true);
  });
});

describe("close() of the body is called once", () => {
  const rows: [string, (body: () => AsyncIterable<Uint8Array> & { close(): void }) => WSGIApplication, string][] = [
    ["of GET", (body) => (_environ, start) => (start("200 OK", []), body()), GET],
    ["of HEAD", (body) => (_environ, start) => (start("200 OK", []), body()), GET.replace("GET", "HEAD")],
    ["of 304", (body) => (_environ, start) => (start("304 Not Modified", []), body()), GET],
    ["without startResponse", (body) => () => body(), GET],
    [
      "with a length that is too short",
      (body) => (_environ, start) => (start("200 OK", [["Content-Length", "1500"]]), body()),
      GET,
    ],
    [
      "with a length that is too long",
      (body) => (_environ, start) => (start("200 OK", [["Content-Length", "9999"]]), body()),
      GET,
    ],
  ];
  test.each(rows)("%s", async (_title, make, request) => {
    const story: Story = { calls: 0, signals: 0, closed: 0, finished: 0 };
    const { address } = await serve(make(() => new StoryBody(story, 3)));
    const wire = await Wire.open(address);
    wire.send(request);
    await eventually(() => story.closed > 0);
    wire.socket.destroy();
    await sleep(20);
    expect(story).toMatchObject({ closed: 1, finished: 1 });
  });
});
