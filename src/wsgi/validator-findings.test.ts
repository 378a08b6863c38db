// What the errors of the validator say that it found, in brackets behind the sentence of the rule; and values close to those that are right.
import { expect, test } from "vitest";
import { setupTestingDefaults } from "./testing-defaults.ts";
import type { HeaderList, StartResponse, WSGIApplication, WSGIEnvironment } from "./types.ts";
import { validator } from "./validator.ts";

const TEXT: HeaderList = [["Content-Type", "text/plain"]];
const accept: StartResponse = () => () => undefined;

/** Wrong on purpose: what no type allows. */
const wrong = (value: unknown): never => value as never;

function environOf(changes: Record<string, unknown>, without?: string): WSGIEnvironment {
  const environ = Object.assign(setupTestingDefaults({ REQUEST_METHOD: "GET" }), changes);
  if (without !== undefined) Reflect.deleteProperty(environ, without);
  return environ;
}

/** Methods that may be called with what no type allows. */
const methodsOf = (stream: object) => stream as Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** A server that keeps the contract. */
async function serve(application: WSGIApplication, environ = environOf({}), start = accept): Promise<void> {
  const body = await validator(application)(environ, start);
  try {
    for await (const _ of body);
  } finally {
    await body.close?.();
  }
}

const answer: WSGIApplication = (_, start) => {
  start("200 OK", TEXT);
  return [Buffer.from("hello")];
};

/** Serves an application that does something before it answers. */
const doing =
  (action: (environ: WSGIEnvironment) => unknown, changes: Record<string, unknown> = {}) =>
  () =>
    serve(async (environ, start) => {
      await action(environ);
      return answer(environ, start);
    }, environOf(changes));
const environ = (changes: Record<string, unknown>, without?: string) => () =>
  serve(answer, environOf(changes, without));
const starting =
  (...args: unknown[]) =>
  () =>
    serve((_, start) => {
      start(...(args as Parameters<StartResponse>));
      return [];
    });
const returning =
  (body: unknown, headers = TEXT, method = "GET") =>
  () =>
    serve(
      (_, start) => {
        start("200 OK", headers);
        return wrong(body);
      },
      environOf({ REQUEST_METHOD: method }),
    );
const calling =
  (...args: unknown[]) =>
  async () =>
    (validator(answer) as (...given: unknown[]) => unknown)(...args);
const errors = (method: string, ...args: unknown[]) =>
  doing((given) => methodsOf(given["wsgi.errors"])[method]?.(...args));
/** The input's method gives a result, whatever it is asked for. */
const input = (method: string, result: unknown, ...args: unknown[]) =>
  doing((given) => methodsOf(given["wsgi.input"])[method]?.(...args), {
    "wsgi.input": {
      read() {},
      readline() {},
      readlines() {},
      [Symbol.asyncIterator]() {},
      [method]: () => result,
    },
  });
const later = (value: unknown): Promise<unknown> => Promise.resolve(value);
const BYTES = Buffer.from("hello");

/** Serves, and uses something of the request once it is over. */
const afterwards = (action: (environ: WSGIEnvironment, start: StartResponse) => unknown) => async () => {
  let use: () => unknown = () => {};
  await serve((given, start) => {
    use = () => action(given, start);
    return answer(given, start);
  });
  await use();
};

const startingTwice = (excInfo: unknown) => () =>
  serve((_, start) => {
    start("200 OK", TEXT);
    start("500 Internal Server Error", TEXT, wrong(excInfo));
    return [];
  });
const writing = (given: readonly unknown[], result?: unknown) => () =>
  serve(
    (_, start) => {
      (start("200 OK", TEXT) as (...args: readonly unknown[]) => unknown)(...given);
      return [];
    },
    environOf({}),
    () => () => wrong(result),
  );
const writingLate = () =>
  serve((_, start) => {
    const write = start("200 OK", TEXT);
    return (function* late() {
      void write(BYTES);
      yield BYTES;
    })();
  });
/** What a server does with a body that is no array. */
const withBody = (action: (body: Iterable<unknown> & { close?(): unknown }) => unknown) => () =>
  action(
    wrong(
      validator((_, start) => {
        start("200 OK", TEXT);
        return (function* body() {
          yield BYTES;
        })();
      })(environOf({}), accept),
    ),
  );
const hintingLate = () =>
  serve(
    (given, start) => {
      void start("200 OK", TEXT)(BYTES);
      given["wsgi.early_hints"]?.([]);
      return [];
    },
    environOf({ "wsgi.early_hints": () => {} }),
  );
/** Asks for another protocol, in whatever words. */
const upgrading = (...args: unknown[]) =>
  doing((given) => (given["tsgi.upgrade"] as (...words: unknown[]) => unknown)(...args), { "tsgi.upgrade": () => {} });

test.each<[found: string, broken: () => unknown]>([
  ["got 1", calling(environOf({}))],
  ["got 5 as startResponse", calling(environOf({}), 5)],
  // The environ.
  ["got an array of 0", calling([], accept)],
  ["got an object of Map", calling(new Map(), accept)],
  ["missing SERVER_NAME", environ({}, "SERVER_NAME")],
  ["found HTTP_CONTENT_TYPE", environ({ HTTP_CONTENT_TYPE: "a/b" })],
  ["empty SERVER_NAME", environ({ SERVER_NAME: "" })],
  ['got "a b"', environ({ REQUEST_METHOD: "a b" })],
  ['got "HTTP/1.1x"', environ({ SERVER_PROTOCOL: "HTTP/1.1x" })],
  ['got "xHTTP/1.1"', environ({ SERVER_PROTOCOL: "xHTTP/1.1" })],
  ['got "/"', environ({ SCRIPT_NAME: "/" })],
  ['got "a"', environ({ PATH_INFO: "a" })],
  ["both are missing", environ({ SCRIPT_NAME: "" }, "PATH_INFO")],
  ['got "5x"', environ({ CONTENT_LENGTH: "5x" })],
  ['got 5 in "CONTENT_LENGTH"', environ({ CONTENT_LENGTH: 5 })],
  ['got "1.1"', environ({ "wsgi.version": [1, 1] })],
  ['got "2.0"', environ({ "wsgi.version": [2, 0] })],
  ['got "1.0.0"', environ({ "wsgi.version": [1, 0, 0] })],
  ['got "10"', environ({ "wsgi.version": "10" })],
  ['got "ws"', environ({ "wsgi.url_scheme": "ws" })],
  ["got no boolean in wsgi.run_once", environ({ "wsgi.run_once": 1 })],
  ["got no function in tsgi.upgrade", environ({ "tsgi.upgrade": 1 })],
  ["got 5", environ({ "tsgi.signal": 5 })],
  ["missing write, flush", environ({ "wsgi.errors": { writelines() {} } })],
  ["missing flush", environ({ "wsgi.errors": { write() {}, writelines() {} } })],
  ["got null", environ({ "wsgi.errors": null })],
  // startResponse and write().
  ["got 1 arguments", starting("200 OK")],
  ["got 4 arguments", starting("200 OK", TEXT, null, 1)],
  ['got "oops"', starting("200 OK", TEXT, "oops")],
  ["called again without excInfo", startingTwice(undefined)],
  ["called again without excInfo", startingTwice(null)],
  ['got "Status"', starting("200 OK", [...TEXT, ["Status", "200"]])],
  ['got "X-"', starting("200 OK", [...TEXT, ["X-", "1"]])],
  ["the status is 200", starting("200 OK", [])],
  ["the status is 304", starting("304 Not Modified", TEXT)],
  ["the status is 204", starting("204 No Content", [["Content-Length", "5"]])],
  ["got null", () => serve(answer, environOf({}), () => wrong(null))],
  ['got "text"', writing(["text"])],
  ["got an object of Buffer, 1", writing([BYTES, 1])],
  ["got 5", writing([BYTES], 5)],
  ["the iteration has begun", writingLate],
  // Another protocol.
  ["it was not called", starting("101 Switching Protocols", [])],
  ["got nothing", upgrading()],
  ["got number", upgrading(5)],
  ["got string, object", upgrading("echo", {})],
  // The streams.
  ["got 2 arguments of read()", input("read", later(BYTES), 1, 2)],
  ['got "1" in readline()', input("readline", later(BYTES), "1")],
  ["got 0.5 in readlines()", input("readlines", later([]), 0.5)],
  ["got an object of Buffer from read()", input("read", BYTES)],
  ['got "hello" from readline()', input("readline", later("hello"))],
  ["got an array of 1 from readlines()", input("readlines", later(["hello"]))],
  ["got 5 bytes from read(4)", input("read", later(BYTES), 4)],
  ["got 5 bytes from read(0)", input("read", later(BYTES), 0)],
  ["got 5 bytes from readline(4)", input("readline", later(BYTES), 4)],
  ["got several lines at once from readline()", input("readline", later(Buffer.from("a\nb")))],
  ["got several lines at once from readlines()", input("readlines", later([Buffer.from("a\nb")]))],
  ["called close()", input("close", undefined)],
  ["got 5", errors("write", 5)],
  ["got ", errors("write")],
  ['got "a", "b"', errors("write", "a", "b")],
  ["got undefined", errors("writelines", "text")],
  ["got undefined", errors("writelines", null)],
  ["got undefined", errors("writelines", ["a"], ["b"])],
  ["got 1", errors("writelines", ["a", 1])],
  ["called close()", errors("close")],
  // The body.
  ["got an object of Buffer", returning(BYTES)],
  ["got an object of ArrayBuffer", returning(new ArrayBuffer(5))],
  ["got 5", returning(5)],
  ["got null", returning(null)],
  ['got "text"', returning(["text"])],
  ["it was not called", () => serve(() => [BYTES])],
  ["it was not called", () => serve(() => [])],
  ["got 5", returning(Object.assign([], { close: 5 }))],
  ["the method is HEAD, got 5 bytes", returning([BYTES], TEXT, "HEAD")],
  ["the status is 204, got 5 bytes", () => serve((_, start) => (start("204 No Content", []), [BYTES]))],
  ["expected 4, got at least 5", returning([BYTES], [...TEXT, ["Content-Length", "4"]])],
  ["expected 6, got 5", returning([BYTES], [...TEXT, ["Content-Length", "6"]])],
  ["expected 6, got 0", returning([], [...TEXT, ["Content-Length", "6"]])],
  ["a second iteration was begun", withBody((body) => [...body, ...body])],
  ["the body is closed", withBody((body) => [void body.close?.(), ...body])],
  ["called 2 times", withBody((body) => [body.close?.(), body.close?.()])],
  ["5 bytes were given", hintingLate],
  // After the end.
  ['used "PATH_INFO" of the environ', afterwards((given) => given.PATH_INFO)],
  ["used the keys of the environ", afterwards((given) => Object.keys(given))],
  ["used startResponse", afterwards((_, start) => start("200 OK", TEXT))],
])("the error says: %s", async (found, broken) => {
  await expect((async () => broken())()).rejects.toThrow(` (${found})`);
});

test("the error names the stream or function that was used after the end", async () => {
  let use: (() => unknown)[] = [];
  await serve(
    (given, start) => {
      const write = start("200 OK", TEXT);
      const hint = given["wsgi.early_hints"];
      const upgrade = given["tsgi.upgrade"];
      const { "wsgi.input": stream, "wsgi.errors": log } = given;
      use = [
        () => stream.read(),
        () => stream.readline(),
        () => stream.readlines(),
        () => stream[Symbol.asyncIterator]().next(),
        () => log.write("text"),
        () => log.writelines([]),
        () => log.flush(),
        () => write(BYTES),
        () => hint?.([]),
        () => upgrade?.("echo"),
      ];
      return [];
    },
    environOf({ "wsgi.early_hints": () => {}, "tsgi.upgrade": () => {} }),
  );
  const said = use.map((each) =>
    Promise.resolve()
      .then(each)
      .catch(({ message }: Error) => /\(used (.*)\)$/.exec(message)?.[1]),
  );
  expect(await Promise.all(said)).toEqual([
    "wsgi.input.read()",
    "wsgi.input.readline()",
    "wsgi.input.readlines()",
    "the iteration of wsgi.input",
    "wsgi.errors.write()",
    "wsgi.errors.writelines()",
    "wsgi.errors.flush()",
    "write",
    "wsgi.early_hints",
    "tsgi.upgrade",
  ]);
});

test.each<[string, () => unknown]>([
  ["HTTP/10.11", environ({ SERVER_PROTOCOL: "HTTP/10.11" })],
  ["HTTP/2", environ({ SERVER_PROTOCOL: "HTTP/2" })],
  ["an empty CONTENT_LENGTH", environ({ CONTENT_LENGTH: "" })],
  ["an input that gives nothing for size 0", input("read", later(Buffer.alloc(0)), 0)],
  ["all of an input for size -1", input("read", later(BYTES), -1)],
  [
    "a HEAD response that is shorter than its Content-Length",
    returning([], [...TEXT, ["Content-Length", "6"]], "HEAD"),
  ],
])("it has nothing against %s", async (_, kept) => {
  await expect((async () => kept())()).resolves.toBeUndefined();
});

test("an excInfo that is itself a broken rule is thrown: middleware that answers for errors must not cover it up", async () => {
  let found: unknown;
  const broken = serve((_, start) => {
    try {
      start(wrong(200), TEXT);
    } catch (error) {
      found = error;
      start("500 Internal Server Error", TEXT, error as Error);
    }
    return [];
  });
  await expect(broken).rejects.toSatisfy((error) => error === found);
});

test("where the server offers no early hints, the application sees none", async () => {
  await doing((given) => expect("wsgi.early_hints" in given && given["wsgi.early_hints"] !== undefined).toBe(false))();
});

test("a stream that the application has put into the environ is given back to it as it is", async () => {
  const own = { read: () => later(BYTES) };
  await doing((given) => {
    given["wsgi.input"] = wrong(own);
    expect(given["wsgi.input"]).toBe(own);
  })();
});
