// What the handler says to an application that breaks the contract, and which lists it joins into one write.
import { describe, expect, test } from "vitest";
import { runApplication, type ResponseSink } from "./handler.ts";
import { StringErrorStream } from "./string-error-stream.ts";
import { setupTestingDefaults } from "./testing-defaults.ts";
import type { Bytes, StartResponse, Write, WSGIBody } from "./types.ts";

/** Takes the answer of one request. */
class Taker implements ResponseSink {
  readonly sizes: string[] = [];
  failure: unknown = null;

  announce(): void {}
  sendWhole(chunk: Bytes): void {
    this.sizes.push(`whole ${chunk.length}`);
  }
  send(chunk: Bytes): boolean {
    this.sizes.push(`part ${chunk.length}`);
    return true;
  }
  async drained(): Promise<void> {}
  finish(): void {}
  fail(error: unknown): void {
    this.failure = error;
  }
}

/** Runs an application that gives this body, whatever it is. */
async function answer(body: unknown, use: (startResponse: StartResponse) => unknown = () => {}): Promise<Taker> {
  const taker = new Taker();
  runApplication(
    (_environ, startResponse) => {
      startResponse("200 OK", []);
      use(startResponse);
      return body as WSGIBody;
    },
    setupTestingDefaults({ "wsgi.errors": new StringErrorStream() }),
    taker,
  );
  await new Promise(setImmediate);
  return taker;
}

const bare = Object.create(null) as object;

test.each<[what: string, body: unknown, code: string, message: string]>([
  ["a string", "text", "BODY_STRING", "for example [Buffer.from(text)]; the application returned a string"],
  ["bytes", Buffer.from("x"), "BODY_BYTES", "for example [bytes]; the application returned bare bytes"],
  ["undefined", undefined, "BODY_TYPE", "the application returned undefined"],
  ["null", null, "BODY_TYPE", "the application returned null"],
  ["a number", 5, "BODY_TYPE", "the application returned a number"],
  ["a function", () => [], "BODY_TYPE", "the application returned a function"],
  ["an object", new Date(0), "BODY_TYPE", "the application returned an object of class Date"],
  ["an object without prototype", bare, "BODY_TYPE", "the application returned an object of class null prototype"],
  ["a list of a string", ["x"], "CHUNK_TYPE", "Give the body chunks of type Uint8Array, for example Buffer.from(text)"],
  ["a list of a hole", Array.from({ length: 2 }), "CHUNK_TYPE", "got undefined"],
  ["a list that ends in null", [Buffer.from("x"), null], "CHUNK_TYPE", "got null"],
  ["a list of lists", [[1]], "CHUNK_TYPE", "got an object of class Array"],
])("a body that is %s is refused", async (_, body, code, message) => {
  expect((await answer(body)).failure).toMatchObject({
    code: `ERR_TSGI_${code}`,
    message: expect.stringContaining(message) as string,
  });
});

test.each<[what: string, use: (startResponse: StartResponse) => unknown, code: string, message: string]>([
  [
    "startResponse again",
    (start) => start("200 OK", []),
    "HEADERS_SET",
    "a second call must pass the error as excInfo",
  ],
  [
    "startResponse again without an error",
    (start) => start("200 OK", [], null),
    "HEADERS_SET",
    "Call startResponse once",
  ],
  [
    "write() with text",
    (start) => start("200 OK", [], new Error("e"))("text" as unknown as Bytes),
    "CHUNK_TYPE",
    "Give write() chunks of type Uint8Array, for example Buffer.from(text); got a string",
  ],
])("%s is refused", async (_, use, code, message) => {
  expect((await answer([], use)).failure).toMatchObject({
    code: `ERR_TSGI_${code}`,
    message: expect.stringContaining(message) as string,
  });
});

test("what comes after the end has one code", async () => {
  const kept: { start?: StartResponse; write?: Write } = {};
  await answer([], (start) => Object.assign(kept, { start, write: start("200 OK", [], new Error("e")) }));
  const afterEnd = expect.objectContaining({ code: "ERR_TSGI_AFTER_END" }) as Error;
  expect(() => kept.start?.("200 OK", [])).toThrow(afterEnd);
  expect(() => kept.write?.(Buffer.from("x"))).toThrow(afterEnd);
});

const HALF = Buffer.alloc(32_768);

test.each<[what: string, body: readonly Bytes[], sizes: readonly string[]]>([
  ["a list of 64 KB leaves in one write", [HALF, HALF], ["whole 65536"]],
  ["a list of more leaves chunk by chunk", [HALF, HALF, Buffer.alloc(1)], ["part 32768", "part 32768", "part 1"]],
  ["one chunk leaves whole, whatever its size", [Buffer.alloc(100_000)], ["whole 100000"]],
])("%s", async (_, body, sizes) => {
  expect((await answer(body)).sizes).toEqual(sizes);
});

describe("a run", () => {
  test("works while a chunk is awaited, and tells when it rests", async () => {
    const told: string[] = [];
    let give: (result: IteratorResult<Bytes>) => void = () => {};
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<Bytes>>((resolve) => (give = resolve)),
      }),
    };
    const run = runApplication(
      (_environ, startResponse) => {
        startResponse("200 OK", []);
        return body;
      },
      setupTestingDefaults({}),
      new Taker(),
    );
    run.listener = { rested: () => told.push(`rested ${String(run.isWorking)}`) };
    expect(run.isWorking).toBe(true);
    give({ done: true, value: undefined });
    await new Promise(setImmediate);
    expect([run.isWorking, told]).toEqual([false, ["rested false"]]);
  });

  test("that is over cannot be aborted: the body was closed, and is not closed again", async () => {
    let closed = 0;
    const body = Object.assign([Buffer.from("x")], { close: () => void (closed += 1) });
    const taker = new Taker();
    const errors = new StringErrorStream();
    let late: Write | undefined;
    const run = runApplication(
      (_environ, startResponse) => {
        late = startResponse("200 OK", []);
        return body;
      },
      setupTestingDefaults({ "wsgi.errors": errors }),
      taker,
    );
    run.abort(new Error("left"));
    expect([taker.sizes, closed]).toEqual([["whole 1"], 1]);
    // Still a mistake of the application, not the client's departure.
    expect(() => late?.(Buffer.from("x"))).toThrow("before the answer is complete");
  });
});
