// The validator changes nothing: what passes through it is what would have passed without it.
import { describe, expect, it } from "vitest";
import { runApplication } from "../handler.ts";
import type { ResponseSink } from "../handler.ts";
import { WSGIInputStream } from "../input-stream.ts";
import { setupTestingDefaults } from "../testing-defaults.ts";
import type { Bytes, HeaderList, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../types.ts";
import { validator } from "../validator.ts";

const TEXT: HeaderList = [["Content-Type", "text/plain"]];
const wrongChunk = "text" as unknown as Bytes;
const startResponse: StartResponse = () => () => undefined;
const bodyOf = (body: ReturnType<WSGIApplication>) => {
  const application: WSGIApplication = (_environ, start) => {
    start("200 OK", TEXT);
    return body;
  };
  return validator(application)(setupTestingDefaults({}), startResponse);
};

function* generate(...texts: string[]): Generator<Bytes> {
  for (const text of texts) yield Buffer.from(text);
}

async function* generateLater(...texts: string[]): AsyncGenerator<Bytes> {
  yield* generate(...texts);
}

/** A gateway that writes down what it is told. */
class NotingSink implements ResponseSink {
  readonly notes: string[] = [];
  announce(status: string): void {
    this.notes.push(status);
  }
  sendWhole(chunk: Bytes): void {
    this.notes.push(`whole ${Buffer.from(chunk).toString()}`);
  }
  send(chunk: Bytes): boolean {
    this.notes.push(`send ${Buffer.from(chunk).toString()}`);
    return true;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
  finish(): void {
    this.notes.push("finish");
  }
  fail(error: unknown): void {
    this.notes.push(`fail ${String(error)}`);
  }
}

describe("the validator", () => {
  it.each([1, 2])("keeps arrays arrays and synchronous bodies synchronous, %i times wrapped", (times) => {
    const wrapped = (application: WSGIApplication): WSGIApplication =>
      times === 1 ? validator(application) : validator(validator(application));
    const answer = (body: Iterable<Bytes>) =>
      wrapped((_environ, start) => {
        start("200 OK", TEXT);
        return body;
      })(setupTestingDefaults({}), startResponse);
    const array = answer([Buffer.from("a")]);
    expect(Array.isArray(array) && array.length).toBe(1);
    void (array as WSGIBody).close?.();
    const generated = answer(generate("a", "b"));
    expect(Symbol.asyncIterator in generated).toBe(false);
    expect(Array.from(generated as Iterable<Bytes>, String)).toEqual(["a", "b"]);
    void (generated as WSGIBody).close?.();
  });

  it("keeps asynchronous bodies and promised bodies", async () => {
    const later = await bodyOf(generateLater("a", "b"));
    const chunks: string[] = [];
    for await (const chunk of later) chunks.push(String(chunk));
    await later.close?.();
    expect(chunks).toEqual(["a", "b"]);
    const promised = bodyOf(Promise.resolve([Buffer.from("a")]));
    expect(promised).toBeInstanceOf(Promise);
    const settled = await promised;
    await settled.close?.();
    expect(Array.isArray(settled)).toBe(true);
  });

  it("passes close on, with its promise and its error", async () => {
    const log: string[] = [];
    const closing = Object.assign([Buffer.from("a")], { close: async () => void log.push("closed") });
    await (await bodyOf(closing)).close?.();
    expect(log).toEqual(["closed"]);
    const failing = Object.assign([Buffer.from("a")], { close: () => Promise.reject(new Error("Cannot close")) });
    await expect((await bodyOf(failing)).close?.()).rejects.toThrow("Cannot close");
  });

  it("passes an early end on to a body, and lets any loop end early", async () => {
    const log: string[] = [];
    const chunks = [Buffer.from("a"), Buffer.from("b")];
    function* generating(): Generator<Bytes> {
      try {
        yield* chunks;
      } finally {
        log.push("sync");
      }
    }
    async function* generatingLater(): AsyncGenerator<Bytes> {
      try {
        yield* chunks;
      } finally {
        log.push("async");
      }
    }
    const first = async (body: Iterable<Bytes> | AsyncIterable<Bytes>): Promise<string> => {
      const guarded = await bodyOf(body);
      try {
        for await (const chunk of guarded) return String(chunk);
        return "";
      } finally {
        await guarded.close?.();
      }
    };
    expect([await first(generating()), await first(generatingLater())]).toEqual(["a", "a"]);
    expect(log).toEqual(["sync", "async"]);
    const next = (): IteratorResult<Bytes> => ({ done: false, value: Buffer.from("endless") });
    expect(await first({ [Symbol.iterator]: () => ({ next }) })).toBe("endless");
    const nextLater = (): Promise<IteratorResult<Bytes>> => Promise.resolve(next());
    expect(await first({ [Symbol.asyncIterator]: () => ({ next: nextLater }) })).toBe("endless");
  });

  it("gives iterators that say that they are at their end when they are told to be, and iterate over themselves", async () => {
    const body = (await bodyOf(generate("a"))) as Iterable<Bytes>;
    const iterator = body[Symbol.iterator]() as IterableIterator<Bytes>;
    expect(iterator[Symbol.iterator]()).toBe(iterator);
    expect(iterator.return?.()).toEqual({ done: true, value: undefined });
    const later = (await bodyOf(generateLater("a"))) as AsyncIterable<Bytes>;
    const laterIterator = later[Symbol.asyncIterator]() as AsyncIterableIterator<Bytes>;
    expect(laterIterator[Symbol.asyncIterator]()).toBe(laterIterator);
    expect(await laterIterator.return?.()).toEqual({ done: true, value: undefined });
    for (const each of [body, later]) await (each as WSGIBody).close?.();
  });

  it("does not ask for the rest of a body that was closed while it made a chunk", async () => {
    const application: WSGIApplication = (_environ, start) => {
      start("200 OK", [...TEXT, ["Content-Length", "9"]]);
      return { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) };
    };
    const body = (await validator(application)(setupTestingDefaults({}), startResponse)) as AsyncIterable<Bytes>;
    const pulled = body[Symbol.asyncIterator]().next();
    await (body as WSGIBody).close?.();
    expect(await pulled).toEqual({ done: true, value: undefined });
  });

  it("reports why it refuses a body, also when that cannot be closed", async () => {
    const body = Object.assign([wrongChunk], { close: () => Promise.reject(new Error("Cannot close")) });
    expect(() => bodyOf(body)).toThrow(/Each chunk of the body/);
    await new Promise(setImmediate); // a rejection that nobody handles would end the run
  });

  it("lets the application use its environ until its close has ended, and no longer", async () => {
    let use = (): unknown => undefined;
    const body = await validator((environ, start) => {
      use = () => environ.PATH_INFO;
      start("200 OK", TEXT);
      return Object.assign([Buffer.from("a")], { close: () => Promise.resolve() });
    })(setupTestingDefaults({}), startResponse);
    const closed = body.close?.();
    expect(use()).toBe("/");
    await closed;
    expect(use).toThrow(/PATH_INFO/);
  });

  it("lets inspectors look at an environ after the end, which look symbols up", async () => {
    let kept: WSGIEnvironment | undefined;
    const body = await validator((environ, start) => {
      kept = environ;
      start("200 OK", TEXT);
      return [];
    })(setupTestingDefaults({}), startResponse);
    await body.close?.();
    expect(() => kept?.PATH_INFO).toThrow(/PATH_INFO/);
    expect(Reflect.get(kept ?? {}, Symbol.toStringTag)).toBeUndefined();
  });

  it("closes the body of the application when it refuses it", () => {
    const log: string[] = [];
    const body = Object.assign(["text" as unknown as Bytes], { close: () => void log.push("closed") });
    expect(() => bodyOf(body)).toThrow(/Each chunk of the body must be a `Uint8Array`/);
    expect(log).toEqual(["closed"]);
  });

  it("passes changes of the environ on, and the input", async () => {
    const environ = setupTestingDefaults({
      "wsgi.input": new WSGIInputStream({
        pull: (
          (chunks) => () =>
            chunks.shift() ?? null
        )([Buffer.from("a\nb\nc\nd")]),
      }),
    });
    const reading = validator(async (seen, start) => {
      seen["my.key"] = 1;
      Reflect.deleteProperty(seen, "QUERY_STRING");
      const input = seen["wsgi.input"];
      const parts = [await input.readline(), ...(await input.readlines(1)), await input.read(1)];
      for await (const line of input) parts.push(line);
      start("200 OK", TEXT);
      return parts;
    });
    const body = await reading(environ, startResponse);
    await body.close?.();
    expect((body as Bytes[]).map(String)).toEqual(["a\n", "b\n", "c", "\n", "d"]);
    expect([environ["my.key"], "QUERY_STRING" in environ]).toEqual([1, false]);
  });

  it("lets the application replace wsgi.input", async () => {
    const own = new WSGIInputStream({ pull: () => null });
    const body = await validator((environ, start) => {
      environ["wsgi.input"] = own;
      expect(environ["wsgi.input"]).toBe(own);
      start("200 OK", TEXT);
      return [];
    })(setupTestingDefaults({}), startResponse);
    await body.close?.();
  });

  it.each([
    ["an array", (): Iterable<Bytes> => [Buffer.from("a")], ["200 OK", "whole a"]],
    ["an empty array", (): Iterable<Bytes> => [], ["200 OK", "whole "]],
    ["a generator", (): Iterable<Bytes> => generate("a", "b"), ["200 OK", "send a", "send b", "finish"]],
  ])("looks like no layer at all to the handler: %s", (_what, body, notes) => {
    const application: WSGIApplication = (_environ, start) => {
      start("200 OK", TEXT);
      return body();
    };
    for (const each of [application, validator(application), validator(validator(application))]) {
      const sink = new NotingSink();
      runApplication(each, setupTestingDefaults({}), sink);
      expect(sink.notes).toEqual(notes);
    }
  });

  it("lets an application that is still at work when the client leaves use its environ", async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const log: string[] = [];
    async function* body(environ: WSGIEnvironment): AsyncGenerator<Bytes> {
      try {
        yield Buffer.from("a");
        await gate;
        log.push(environ.PATH_INFO);
        log.push(String((await environ["wsgi.input"].read()).length));
        yield Buffer.from("b");
      } finally {
        log.push("returned");
      }
    }
    const application = validator((environ, start) => {
      start("200 OK", [...TEXT, ["Content-Length", "9"]]);
      return body(environ);
    });
    const sink = new NotingSink();
    const run = runApplication(application, setupTestingDefaults({}), sink);
    await new Promise(setImmediate);
    run.abort(new Error("The client disconnected"));
    release();
    await new Promise(setImmediate);
    expect(log).toEqual(["/", "0", "returned"]);
    expect(sink.notes).toEqual(["200 OK", "send a"]);
  });
});
