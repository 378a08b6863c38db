import { describe, expect, it } from "vitest";
import { toApplication } from "./application.ts";
import { ContractViolation } from "./errors.ts";
import { setupTestingDefaults } from "./testing-defaults.ts";
import type { Bytes, StartResponse, WSGIBody, WSGIEnvironment } from "./types.ts";

const CHUNK = Buffer.from("hello");

async function answerOf(target: unknown): Promise<{ status: string; body: string }> {
  let status = "";
  const startResponse: StartResponse = (given) => {
    status = given;
    return () => undefined;
  };
  const body = await toApplication(target)(setupTestingDefaults({ PATH_INFO: "/spam" }), startResponse);
  const chunks: Bytes[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { status, body: Buffer.concat(chunks).toString() };
}

class Called {
  greeting = "200 OK";
  call(_environ: WSGIEnvironment, startResponse: StartResponse): WSGIBody {
    startResponse(this.greeting, []);
    return [CHUNK];
  }
}

class Iterated {
  readonly #environ: WSGIEnvironment;
  readonly #startResponse: StartResponse;
  constructor(environ: WSGIEnvironment, startResponse: StartResponse) {
    this.#environ = environ;
    this.#startResponse = startResponse;
  }
  *[Symbol.iterator](): Generator<Bytes> {
    this.#startResponse("200 OK", []);
    yield Buffer.from(this.#environ.PATH_INFO);
  }
}

class IteratedLater {
  readonly #startResponse: StartResponse;
  constructor(_environ: WSGIEnvironment, startResponse: StartResponse) {
    this.#startResponse = startResponse;
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<Bytes> {
    this.#startResponse("200 OK", []);
    yield CHUNK;
  }
  call(): void {}
}

function OldStyle(this: { [Symbol.iterator]?: unknown }, _environ: WSGIEnvironment, startResponse: StartResponse) {
  startResponse("200 OK", []);
}
OldStyle.prototype[Symbol.iterator] = () => [CHUNK][Symbol.iterator]();

const plain = (_environ: WSGIEnvironment, startResponse: StartResponse): WSGIBody => {
  startResponse("200 OK", []);
  return [];
};

function* generated(_environ: WSGIEnvironment, startResponse: StartResponse): Generator<Bytes> {
  startResponse("200 OK", []);
  yield CHUNK;
}

async function* generatedLater(_environ: WSGIEnvironment, startResponse: StartResponse): AsyncGenerator<Bytes> {
  startResponse("200 OK", []);
  yield CHUNK;
}

describe("toApplication", () => {
  const cases: [form: string, target: unknown, body: string][] = [
    ["a function", (_: WSGIEnvironment, start: StartResponse) => (start("200 OK", []), [CHUNK]), "hello"],
    ["an async function", async (_: WSGIEnvironment, start: StartResponse) => (start("200 OK", []), [CHUNK]), "hello"],
    ["a generator function", generated, "hello"],
    ["an async generator function", generatedLater, "hello"],
    ["an object with call()", new Called(), "hello"],
    ["an object with call() and no prototype", Object.assign(Object.create(null), { call: plain }), ""],
    ["a class that is iterated", Iterated, "/spam"],
    ["a class that is iterated asynchronously, even with call()", IteratedLater, "hello"],
    ["a subclass", class extends Iterated {}, "/spam"],
    ["a constructor function that is iterated", OldStyle, "hello"],
    ["a function that listens, but handles nothing", Object.assign(plain.bind(null), { listen() {} }), ""],
  ];
  it.each(cases)("takes %s", async (_form, target, body) => {
    expect(await answerOf(target)).toEqual({ status: "200 OK", body });
  });

  it("gives a function back as it is", () => {
    expect(toApplication(plain)).toBe(plain);
  });

  const refused: [what: string, target: unknown, message: RegExp][] = [
    ["a class whose instances have call()", Called, /class "Called".*pass an instance, "new Called\(\)"/],
    [
      "an anonymous class",
      class {
        call() {}
      },
      /class \(anonymous\).*pass an instance, "new TheClass\(\)"/,
    ],
    [
      "an Express application",
      Object.assign(() => {}, { listen() {}, handle() {} }),
      /an Express application .* takes \(req, res\)/,
    ],
    ["a fetch handler", { fetch: () => {} }, /it is a fetch handler .* which is no WSGI application/],
    ["a boolean", true, /the boolean true/],
    ["a symbol", Symbol("app"), /Cannot use a symbol/],
    ["an object without prototype", Object.create(null), /Cannot use an object as/],
    [
      "an object of an unnamed class",
      new (class {
        value = 1;
      })(),
      /an object of \(anonymous\)/,
    ],
    ["undefined", undefined, /Cannot use undefined .* expected a function/],
    ["null", null, /Cannot use null/],
    ["a string", "app:application", /the string "app:application"/],
    ["a number", 5, /the number 5/],
    ["a plain object", {}, /an object of "Object"/],
    ["a promise", Promise.resolve(), /await it first/],
    ["a module", { default: () => [] }, /default export/],
  ];
  it.each(refused)("refuses %s", (_what, target, message) => {
    expect(() => toApplication(target)).toThrow(message);
    expect(() => toApplication(target)).toThrow(
      expect.objectContaining({ code: "ERR_TSGI_NOT_AN_APPLICATION", constructor: ContractViolation }) as Error,
    );
  });
});
