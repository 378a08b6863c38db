import { describe, expect, test } from "vitest";

import { runApplication, type ApplicationRun, type ResponseSink } from "./handler.ts";
import { setupTestingDefaults } from "./testing-defaults.ts";
import { StringErrorStream } from "./string-error-stream.ts";
import type { Bytes, StartResponse, Write, WSGIApplication, WSGIBody, WSGIEnvironment } from "./types.ts";

const bytes = (text: string): Bytes => Buffer.from(text);

/** Writes down what it is told; says that it is full after each chunk when `isNarrow`, and that it is over after one when `wantsOne`. */
class NotingSink implements ResponseSink {
  readonly notes: string[] = [];
  isOver = false;
  readonly #isNarrow: boolean;
  readonly #wantsOne: boolean;

  constructor(isNarrow = false, wantsOne = false) {
    this.#isNarrow = isNarrow;
    this.#wantsOne = wantsOne;
  }

  announce(status: string): void {
    if (status.includes("bad")) throw new Error("bad status");
    this.notes.push(status);
  }
  sendWhole(chunk: Bytes): void {
    this.notes.push(`whole ${Buffer.from(chunk).toString()}`);
  }
  send(chunk: Bytes): boolean {
    this.notes.push(`send ${Buffer.from(chunk).toString()}`);
    this.isOver = this.#wantsOne;
    return !this.#isNarrow;
  }
  async drained(): Promise<void> {
    this.notes.push("drained");
  }
  finish(): void {
    this.notes.push("finish");
  }
  fail(error: unknown): void {
    this.notes.push(
      `fail ${error instanceof Error ? ((error as { code?: string }).code ?? error.message) : String(error)}`,
    );
  }
}

/** A body that writes its end down, now or later. */
function body(notes: string[], isLater: boolean, ...chunks: (string | Error)[]): WSGIBody {
  function* now(): Generator<Bytes> {
    for (const chunk of chunks) {
      if (chunk instanceof Error) throw chunk;
      yield bytes(chunk);
    }
  }
  async function* later(): AsyncGenerator<Bytes> {
    for (const chunk of chunks) {
      await Promise.resolve();
      if (chunk instanceof Error) throw chunk;
      yield bytes(chunk);
    }
  }
  const close = (): void => {
    notes.push("close");
  };
  return isLater ? { [Symbol.asyncIterator]: later, close } : { [Symbol.iterator]: now, close };
}

interface Ran {
  readonly notes: string[];
  readonly log: string;
  readonly run: ApplicationRun;
}

async function ran(
  application: WSGIApplication,
  sink = new NotingSink(),
  before: (run: ApplicationRun) => void = () => {},
): Promise<Ran> {
  const errors = new StringErrorStream();
  const run = runApplication(application, setupTestingDefaults({ "wsgi.errors": errors }), sink);
  before(run);
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
  return { notes: sink.notes, log: errors.text, run };
}

const answering =
  (make: () => WSGIBody | Promise<WSGIBody>): WSGIApplication =>
  (_environ, startResponse) => {
    startResponse("200 OK", []);
    return make();
  };

describe("runApplication", () => {
  const cases: [title: string, make: (notes: string[]) => WSGIBody | Promise<WSGIBody>, notes: string[]][] = [
    ["a list of one leaves whole", () => [bytes("a")], ["200 OK", "whole a"]],
    ["a list of several leaves whole", () => [bytes("a"), bytes(""), bytes("b")], ["200 OK", "whole ab"]],
    ["an empty list leaves whole", () => [], ["200 OK", "whole "]],
    ["a promise of a list leaves whole", async () => [bytes("a")], ["200 OK", "whole a"]],
    [
      "chunks leave one by one",
      (notes) => body(notes, false, "a", "b"),
      ["200 OK", "send a", "send b", "finish", "close"],
    ],
    ["later chunks as well", (notes) => body(notes, true, "a", "b"), ["200 OK", "send a", "send b", "finish", "close"]],
    ["empty chunks are skipped", (notes) => body(notes, false, "", "a", ""), ["200 OK", "send a", "finish", "close"]],
    ["no chunk leaves whole", (notes) => body(notes, true), ["200 OK", "whole ", "close"]],
    ["an error before a chunk", (notes) => body(notes, false, new Error("e")), ["200 OK", "fail e", "close"]],
    [
      "an error behind a chunk",
      (notes) => body(notes, true, "a", new Error("e")),
      ["200 OK", "send a", "fail e", "close"],
    ],
    ["a string", () => "text" as unknown as WSGIBody, ["200 OK", "fail ERR_TSGI_BODY_STRING"]],
    ["bytes", () => bytes("x") as unknown as WSGIBody, ["200 OK", "fail ERR_TSGI_BODY_BYTES"]],
    ["nothing", () => undefined as unknown as WSGIBody, ["200 OK", "fail ERR_TSGI_BODY_TYPE"]],
    ["a list with a string", () => ["a"] as unknown as WSGIBody, ["200 OK", "fail ERR_TSGI_CHUNK_TYPE"]],
    ["a rejection", () => Promise.reject(new Error("e")), ["200 OK", "fail e"]],
  ];
  test.each(cases)("%s", async (_title, make, expected) => {
    const sink = new NotingSink();
    const { notes } = await ran(
      answering(() => make(sink.notes)),
      sink,
    );
    expect(notes).toEqual(expected);
  });

  test.each([false, true])("waits for room before the next chunk (later: %s)", async (isLater) => {
    const sink = new NotingSink(true);
    await ran(
      answering(() => body(sink.notes, isLater, "a", "b")),
      sink,
    );
    expect(sink.notes).toEqual(["200 OK", "send a", "drained", "send b", "drained", "finish", "close"]);
  });

  test.each([false, true])("closes the body when the sink wants no more (later: %s)", async (isLater) => {
    const sink = new NotingSink(false, true);
    await ran(
      answering(() => body(sink.notes, isLater, "a", "b")),
      sink,
    );
    expect(sink.notes).toEqual(["200 OK", "send a", "close"]);
  });

  test("a body without startResponse fails", async () => {
    expect((await ran(() => [bytes("a")])).notes).toEqual(["fail ERR_TSGI_NO_START_RESPONSE"]);
    expect((await ran(() => [])).notes).toEqual(["fail ERR_TSGI_NO_START_RESPONSE"]);
  });

  test("startResponse may come as late as the first chunk", async () => {
    const application: WSGIApplication = (_environ, startResponse) =>
      (function* late() {
        startResponse("200 OK", []);
        yield bytes("a");
      })();
    expect((await ran(application)).notes).toEqual(["200 OK", "send a", "finish"]);
  });

  test("errors are logged with the request and the stack; those of the peer are not", async () => {
    expect((await ran(() => fail(new Error("mine")))).log).toMatch(/^Error handling GET \/.*: Error: mine\n +at /);
    expect((await ran(() => fail(Object.assign(new Error("theirs"), { fault: "remote" })))).log).toBe("");
    expect((await ran(() => fail("text"))).log).toContain("Thrown value text");
  });

  test("an error of close() is logged, and harms nothing", async () => {
    const failing = { *[Symbol.iterator]() {}, close: () => fail(new Error("closing")) };
    const rejecting = { *[Symbol.iterator]() {}, close: () => Promise.reject(new Error("closing")) };
    for (const each of [failing, rejecting]) {
      const { notes, log } = await ran(answering(() => each));
      expect(notes).toEqual(["200 OK", "whole "]);
      expect(log).toContain("closing");
    }
  });
});

function fail(error: unknown): never {
  throw error;
}

describe("startResponse", () => {
  const called =
    (use: (startResponse: StartResponse) => void): WSGIApplication =>
    (_environ, startResponse) => {
      use(startResponse);
      return [bytes("x")];
    };

  test.each<[string, (startResponse: StartResponse) => void, string[]]>([
    ["twice fails", (start) => (start("200 OK", []), start("200 OK", [])), ["200 OK", "fail ERR_TSGI_HEADERS_SET"]],
    [
      "twice with excInfo replaces",
      (start) => (start("200 OK", []), start("500 No", [], new Error("e"))),
      ["200 OK", "500 No", "whole x"],
    ],
    ["first with excInfo is allowed", (start) => start("500 No", [], new Error("e")), ["500 No", "whole x"]],
    ["with what the sink refuses fails", (start) => start("bad", []), ["fail bad status"]],
    [
      "with what the sink refuses may be repeated",
      (start) => {
        try {
          start("bad", []);
        } catch {
          start("200 OK", []);
        }
      },
      ["200 OK", "whole x"],
    ],
    [
      "with excInfo after a chunk throws it",
      (start) => {
        void start("200 OK", [])(bytes("a"));
        start("500 No", [], new Error("given"));
      },
      ["200 OK", "send a", "fail given"],
    ],
  ])("%s", async (_title, use, expected) => {
    expect((await ran(called(use))).notes).toEqual(expected);
  });

  test("after the end, and write() after the end, throw", async () => {
    let start: StartResponse | null = null;
    let write: Write | null = null;
    await ran((_environ, startResponse) => {
      start = startResponse;
      write = startResponse("200 OK", []);
      return [];
    });
    expect(() => start?.("200 OK", [])).toThrow("before the answer is complete");
    expect(() => write?.(bytes("x"))).toThrow("before the answer is complete");
  });
});

describe("write()", () => {
  test("sends at once, before the body, and waits when there is no room", async () => {
    const sink = new NotingSink(true);
    await ran(async (_environ, startResponse) => {
      const write = startResponse("200 OK", []);
      await write(bytes("a"));
      await write(bytes(""));
      return [bytes("b")];
    }, sink);
    expect(sink.notes).toEqual(["200 OK", "send a", "drained", "send b", "drained", "finish"]);
  });

  test("takes bytes only", async () => {
    const application: WSGIApplication = (_environ, startResponse) => {
      void startResponse("200 OK", [])("text" as unknown as Bytes);
      return [];
    };
    expect((await ran(application)).notes).toEqual(["200 OK", "fail ERR_TSGI_CHUNK_TYPE"]);
  });
});

test.each([false, true])(
  "an iterator that has thrown is not told to return, as for…of does (later: %s)",
  async (isLater) => {
    const told: string[] = [];
    const iterator = {
      next: () => {
        told.push("next");
        if (isLater) return Promise.reject(new Error("no more"));
        throw new Error("no more");
      },
      return: () => {
        told.push("return");
        return { done: true, value: undefined };
      },
    };
    const key = isLater ? Symbol.asyncIterator : Symbol.iterator;
    const thrower = { [key]: () => iterator, close: () => told.push("close") } as unknown as WSGIBody;
    const environ = { "wsgi.errors": new StringErrorStream() } as unknown as WSGIEnvironment;
    setupTestingDefaults(environ);
    const sink = new NotingSink();
    await new Promise<void>((resolve) => {
      sink.fail = () => resolve();
      runApplication(
        (_environ, startResponse) => {
          startResponse("200 OK", []);
          return thrower;
        },
        environ,
        sink,
      );
    });
    await Promise.resolve();
    expect(told).toEqual(["next", "close"]);
  },
);

describe("abort", () => {
  const reason = new Error("left");

  test("closes a body that is being iterated, once, and sends no more", async () => {
    const sink = new NotingSink();
    await ran(
      answering(() => body(sink.notes, true, "a", "b")),
      sink,
      (run) => {
        run.abort(reason);
        run.abort(reason);
      },
    );
    expect(sink.notes).toEqual(["200 OK", "close"]);
  });

  test("closes a body that comes later", async () => {
    const sink = new NotingSink();
    await ran(
      async (_environ, startResponse) => {
        await Promise.resolve();
        startResponse("200 OK", []);
        return body(sink.notes, false, "a");
      },
      sink,
      (run) => run.abort(reason),
    );
    expect(sink.notes).toEqual(["200 OK", "close"]);
  });

  test("makes write() throw the reason, which is not logged as a bug; other errors are", async () => {
    const writing: WSGIApplication = async (_environ, startResponse) => {
      const write = startResponse("200 OK", []);
      await Promise.resolve();
      await write(bytes("a"));
      return [];
    };
    expect((await ran(writing, new NotingSink(), (run) => run.abort(reason))).log).toBe("");
    const failing: WSGIApplication = async () => {
      await Promise.resolve();
      return fail(new Error("a bug"));
    };
    expect((await ran(failing, new NotingSink(), (run) => run.abort(reason))).log).toContain("a bug");
  });
});

describe("a body that had to wait for room", () => {
  const run = async (sink: NotingSink, made: WSGIBody): Promise<string[]> => {
    const environ = setupTestingDefaults({});
    environ["wsgi.errors"] = new StringErrorStream();
    runApplication(
      (_environ, startResponse) => {
        startResponse("200 OK", []);
        return made;
      },
      environ,
      sink,
    );
    await new Promise(setImmediate);
    return sink.notes;
  };

  test("and then throws is broken off", async () => {
    const notes: string[] = [];
    const sink = new NotingSink(true);
    expect(await run(sink, body(notes, false, "a", new Error("later")))).toEqual([
      "200 OK",
      "send a",
      "drained",
      "fail later",
    ]);
  });

  test("is broken off when there never is room again", async () => {
    const sink = new NotingSink(true);
    sink.drained = () => Promise.reject(new Error("no room"));
    expect(await run(sink, body([], false, "a", "b"))).toEqual(["200 OK", "send a", "fail no room"]);
  });
});
