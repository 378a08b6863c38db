// Each rule of the contract once broken and once kept. Not-closed bodies, which only the garbage collector finds, come last.
import { setImmediate as nextTurn } from "node:timers/promises";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { collectGarbage } from "../../test/memory.ts";
import { setupTestingDefaults } from "./testing-defaults.ts";
import type { Bytes, HeaderList, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "./types.ts";
import { validator } from "./validator.ts";
import { RULE_SECTIONS } from "./validator/sections.ts";

const TEXT: HeaderList = [["Content-Type", "text/plain"]];
const HELLO = Buffer.from("hello");

/** Wrong on purpose: what no type allows. */
const wrong = (value: unknown): never => value as never;

function environOf(changes: Record<string, unknown> = {}, without: string[] = []): WSGIEnvironment {
  const environ = setupTestingDefaults({ REQUEST_METHOD: "GET" });
  Object.assign(environ, changes);
  for (const key of without) Reflect.deleteProperty(environ, key);
  return environ;
}

const startResponse: StartResponse = () => () => undefined;

/** A server that keeps the contract: returns the chunks. */
async function serve(application: WSGIApplication, environ = environOf(), start = startResponse): Promise<Bytes[]> {
  const body = await validator(application)(environ, start);
  const chunks: Bytes[] = [];
  try {
    for await (const chunk of body) chunks.push(chunk);
  } finally {
    await body.close?.();
  }
  return chunks;
}

/** An application that answers in order, after `action`. */
function doing(action: (environ: WSGIEnvironment) => unknown): WSGIApplication {
  return async function application(environ, start) {
    start("200 OK", TEXT);
    await action(environ);
    return [HELLO];
  };
}

function answering(status: string, headers: HeaderList, ...chunks: Bytes[]): WSGIApplication {
  return function application(_environ, start) {
    start(status, headers);
    return chunks;
  };
}

const ok = answering("200 OK", TEXT, HELLO);
const returning = (body: unknown): WSGIApplication => {
  return function application(_environ, start) {
    start("200 OK", TEXT);
    return wrong(body);
  };
};
function* generated(...chunks: unknown[]): Generator<never> {
  for (const chunk of chunks) yield wrong(chunk);
}
const withEnviron =
  (changes: Record<string, unknown>, without: string[] = []) =>
  (): Promise<unknown> =>
    serve(ok, environOf(changes, without));
const withInput = (methods: Record<string, unknown>, action: (environ: WSGIEnvironment) => unknown) => () => {
  const input = { read() {}, readline() {}, readlines() {}, [Symbol.asyncIterator]() {}, ...methods };
  return serve(doing(action), environOf({ "wsgi.input": input }));
};
const using = (action: (environ: WSGIEnvironment) => unknown) => () => serve(doing(action));
const announcing =
  (...args: unknown[]) =>
  () =>
    serve((_environ, start) => {
      start(...(args as Parameters<StartResponse>));
      return [];
    });
const withHeader = (name: string, value: string) => announcing("200 OK", [...TEXT, [name, value]]);
const writing = (action: (write: (...args: unknown[]) => unknown) => unknown, result?: unknown) => () =>
  serve(
    async (_environ, start) => {
      await action(start("200 OK", TEXT) as (...args: unknown[]) => unknown);
      return [];
    },
    environOf(),
    () => () => wrong(result),
  );
/** Calls with the body that the server sees, in the hands of a careless server. */
const serving = (body: () => WSGIBody, action: (guarded: WSGIBody) => unknown) => async () => {
  const guarded = await validator((_environ, start) => {
    start("200 OK", TEXT);
    return body();
  })(environOf(), startResponse);
  await action(guarded);
};
const withHints = (application: WSGIApplication) => () =>
  serve(application, environOf({ "wsgi.early_hints": () => undefined }));
/** Goes over to another protocol, however it has prepared for that. */
const switching = (prepare: (upgrade: (...args: unknown[]) => unknown) => unknown) => () =>
  serve(
    (environ, start) => {
      prepare(environ["tsgi.upgrade"] as (...args: unknown[]) => unknown);
      start("101 Switching Protocols", []);
      return [HELLO];
    },
    environOf({ "tsgi.upgrade": () => environOf()["wsgi.input"] }),
  );

type Case = [code: string, broken: (() => unknown)[], kept: (() => unknown)[]];

const APPLICATION_CASES: Case[] = [
  [
    "ERR_TSGI_APPLICATION_ARGUMENTS",
    [
      () => (validator(ok) as (...args: unknown[]) => unknown)(environOf()),
      () => (validator(ok) as (...args: unknown[]) => unknown)(environOf(), startResponse, 1),
      () => validator(ok)(environOf(), wrong("startResponse")),
    ],
    [() => serve(ok)],
  ],
];

const ENVIRON_CASES: Case[] = [
  [
    "ERR_TSGI_ENVIRON_OBJECT",
    [
      () => serve(ok, wrong(null)),
      () => serve(ok, wrong(new Map())),
      () => serve(ok, wrong([])),
      () => validator(ok)(wrong(undefined), startResponse),
    ],
    [() => serve(ok, Object.assign(Object.create(null), environOf()))],
  ],
  [
    "ERR_TSGI_ENVIRON_REQUIRED",
    [
      "REQUEST_METHOD",
      "SERVER_NAME",
      "SERVER_PORT",
      "SERVER_PROTOCOL",
      "wsgi.version",
      "wsgi.url_scheme",
      "wsgi.input",
      "wsgi.errors",
      "wsgi.multithread",
      "wsgi.multiprocess",
      "wsgi.run_once",
    ].map((key) => withEnviron({}, [key])),
    [withEnviron({}, ["HTTP_HOST"])],
  ],
  [
    "ERR_TSGI_ENVIRON_HTTP_CONTENT",
    [withEnviron({ HTTP_CONTENT_TYPE: "a/b" }), withEnviron({ HTTP_CONTENT_LENGTH: "1" })],
    [withEnviron({ CONTENT_TYPE: "a/b", CONTENT_LENGTH: "1" })],
  ],
  ["WARN_TSGI_QUERY_STRING", [withEnviron({}, ["QUERY_STRING"])], [withEnviron({ QUERY_STRING: "" })]],
  [
    "ERR_TSGI_ENVIRON_STRING",
    [withEnviron({ HTTP_X: 5 }), withEnviron({ REMOTE_ADDR: undefined }), withEnviron({ CONTENT_LENGTH: 5 })],
    [withEnviron({ HTTP_X: "5", "my.key": 5 })],
  ],
  [
    "ERR_TSGI_ENVIRON_NATIVE",
    [withEnviron({ PATH_INFO: "/\u0161" })],
    [withEnviron({ PATH_INFO: "/\u00e4", "my.key": "\u0161" })],
  ],
  [
    "ERR_TSGI_ENVIRON_METHOD",
    [withEnviron({ REQUEST_METHOD: "" }), withEnviron({ REQUEST_METHOD: "G T" })],
    [withEnviron({ REQUEST_METHOD: "PUT" })],
  ],
  [
    "WARN_TSGI_METHOD",
    [withEnviron({ REQUEST_METHOD: "BREW" }), withEnviron({ REQUEST_METHOD: "get" })],
    [withEnviron({ REQUEST_METHOD: "PATCH" })],
  ],
  [
    "ERR_TSGI_ENVIRON_SERVER",
    [withEnviron({ SERVER_NAME: "" }), withEnviron({ SERVER_PORT: "" })],
    [withEnviron({ SERVER_PORT: "80" })],
  ],
  [
    "ERR_TSGI_ENVIRON_PROTOCOL",
    [withEnviron({ SERVER_PROTOCOL: "1.1" }), withEnviron({ SERVER_PROTOCOL: "" })],
    [withEnviron({ SERVER_PROTOCOL: "HTTP/2" })],
  ],
  [
    "ERR_TSGI_ENVIRON_SCRIPT_NAME",
    [withEnviron({ SCRIPT_NAME: "/" }), withEnviron({ SCRIPT_NAME: "a" })],
    [withEnviron({ SCRIPT_NAME: "/a" })],
  ],
  ["ERR_TSGI_ENVIRON_PATH_INFO", [withEnviron({ PATH_INFO: "a" })], [withEnviron({ PATH_INFO: "" })]],
  [
    "ERR_TSGI_ENVIRON_PATH",
    [withEnviron({}, ["PATH_INFO"]), withEnviron({}, ["PATH_INFO", "SCRIPT_NAME"])],
    [withEnviron({ SCRIPT_NAME: "/a" }, ["PATH_INFO"])],
  ],
  [
    "ERR_TSGI_ENVIRON_CONTENT_LENGTH",
    [withEnviron({ CONTENT_LENGTH: "-1" }), withEnviron({ CONTENT_LENGTH: "x" })],
    [withEnviron({ CONTENT_LENGTH: "" }), withEnviron({ CONTENT_LENGTH: "12" })],
  ],
  [
    "ERR_TSGI_ENVIRON_VERSION",
    [
      withEnviron({ "wsgi.version": "1.0" }),
      withEnviron({ "wsgi.version": [1, 1] }),
      withEnviron({ "wsgi.version": [1] }),
    ],
    [withEnviron({ "wsgi.version": [1, 0] })],
  ],
  [
    "ERR_TSGI_ENVIRON_URL_SCHEME",
    [withEnviron({ "wsgi.url_scheme": "ws" })],
    [withEnviron({ "wsgi.url_scheme": "https" })],
  ],
  [
    "ERR_TSGI_ENVIRON_FLAG",
    [
      withEnviron({ "wsgi.run_once": 0 }),
      withEnviron({ "wsgi.multithread": "" }),
      withEnviron({ "wsgi.input_terminated": 1 }),
    ],
    [withEnviron({ "wsgi.run_once": true, "wsgi.input_terminated": true })],
  ],
  [
    "ERR_TSGI_ENVIRON_INPUT",
    [withEnviron({ "wsgi.input": {} }), withEnviron({ "wsgi.input": null })],
    [withEnviron({})],
  ],
  [
    "ERR_TSGI_ENVIRON_ERRORS",
    [withEnviron({ "wsgi.errors": { write() {} } }), withEnviron({ "wsgi.errors": 2 })],
    [withEnviron({})],
  ],
  [
    "ERR_TSGI_ENVIRON_FUNCTION",
    [withEnviron({ "wsgi.early_hints": true }), withEnviron({ "wsgi.file_wrapper": {} })],
    [withEnviron({ "wsgi.file_wrapper": () => [] })],
  ],
  [
    "ERR_TSGI_ENVIRON_SIGNAL",
    [withEnviron({ "tsgi.signal": {} })],
    [withEnviron({ "tsgi.signal": new AbortController().signal })],
  ],
];

const read = (size?: unknown) => (environ: WSGIEnvironment) => environ["wsgi.input"].read(wrong(size));
const readline = (size?: number) => (environ: WSGIEnvironment) => environ["wsgi.input"].readline(size);
const readlines = (environ: WSGIEnvironment): Promise<Bytes[]> => environ["wsgi.input"].readlines();
const iterate = async (environ: WSGIEnvironment): Promise<void> => {
  for await (const line of environ["wsgi.input"]) expect(line.length).toBeGreaterThan(0);
};
const giving = (value: unknown) => () => Promise.resolve(value);

const STREAM_CASES: Case[] = [
  [
    "ERR_TSGI_INPUT_ARGUMENTS",
    [
      using(read("5")),
      using(read(1.5)),
      using((environ) => (environ["wsgi.input"].read as (...args: unknown[]) => unknown)(1, 2)),
    ],
    [using(read(5)), using(read()), using(read(-1)), using(readline(5)), using(readlines)],
  ],
  ["ERR_TSGI_INPUT_PROMISE", [withInput({ read: () => HELLO }, read())], [withInput({ read: giving(HELLO) }, read())]],
  [
    "ERR_TSGI_INPUT_BYTES",
    [
      withInput({ read: giving("hello") }, read()),
      withInput({ readline: giving(null) }, readline()),
      withInput({ readlines: giving(HELLO) }, readlines),
      withInput({ readlines: giving(["hello"]) }, readlines),
      withInput({ [Symbol.asyncIterator]: () => generated("hello") }, iterate),
    ],
    [
      withInput({ readlines: giving([HELLO]) }, readlines),
      withInput({ [Symbol.asyncIterator]: () => generated(HELLO) }, iterate),
    ],
  ],
  [
    "ERR_TSGI_INPUT_SIZE",
    [withInput({ read: giving(HELLO) }, read(4)), withInput({ readline: giving(HELLO) }, readline(4))],
    [withInput({ read: giving(HELLO) }, read(5)), withInput({ read: giving(HELLO) }, read(-1))],
  ],
  [
    "ERR_TSGI_INPUT_LINE",
    [
      withInput({ readline: giving(Buffer.from("a\nb")) }, readline()),
      withInput({ readlines: giving([Buffer.from("a\nb")]) }, readlines),
    ],
    [
      withInput({ readline: giving(Buffer.from("a\n")) }, readline()),
      withInput({ read: giving(Buffer.from("a\nb")) }, read()),
    ],
  ],
  [
    "ERR_TSGI_INPUT_CLOSE",
    [using((environ) => (environ["wsgi.input"] as unknown as { close(): void }).close())],
    [using(read())],
  ],
  [
    "ERR_TSGI_ERRORS_TEXT",
    [
      using((environ) => environ["wsgi.errors"].write(wrong(HELLO))),
      using((environ) => environ["wsgi.errors"].writelines([wrong(HELLO)])),
      using((environ) => environ["wsgi.errors"].writelines("hello")),
    ],
    [
      using((environ) => {
        environ["wsgi.errors"].write("a\n");
        environ["wsgi.errors"].writelines(["b\n"]);
        environ["wsgi.errors"].flush();
      }),
    ],
  ],
  [
    "ERR_TSGI_ERRORS_CLOSE",
    [using((environ) => (environ["wsgi.errors"] as unknown as { close(): void }).close())],
    [using((environ) => environ["wsgi.errors"].flush())],
  ],
];

const START_CASES: Case[] = [
  [
    "ERR_TSGI_START_ARGUMENTS",
    [announcing("200 OK"), announcing("200 OK", TEXT, null, 1)],
    [announcing("200 OK", TEXT, null)],
  ],
  [
    "ERR_TSGI_STATUS",
    [announcing(200, TEXT), announcing("200", TEXT), announcing("200 O\nK", TEXT)],
    [announcing("200 ", TEXT)],
  ],
  ["ERR_TSGI_HEADER_LIST", [announcing("200 OK", {}), announcing("200 OK", null)], [announcing("200 OK", TEXT)]],
  [
    "ERR_TSGI_HEADER_PAIR",
    [announcing("200 OK", [["a"]]), announcing("200 OK", [["a", 1]]), announcing("200 OK", ["ab"])],
    [withHeader("A", "")],
  ],
  [
    "ERR_TSGI_HEAD_NATIVE",
    [withHeader("A", "\u0161"), withHeader("\u0161", "a"), announcing("200 \u0161", TEXT)],
    [withHeader("A", "\u00e4")],
  ],
  [
    "ERR_TSGI_HEADER_NAME",
    [withHeader("a b", "c"), withHeader("a:", "c"), withHeader("a\n", "c")],
    [withHeader("A-b", "c")],
  ],
  [
    "ERR_TSGI_HEADER_VALUE",
    [withHeader("A", "b\nc"), withHeader("A", "b\0"), withHeader("A", "\u007f")],
    [withHeader("A", "b c")],
  ],
  ["ERR_TSGI_HOP_BY_HOP", [withHeader("Connection", "close"), withHeader("trailer", "x")], [withHeader("Via", "x")]],
  [
    "ERR_TSGI_HEADER_CONTENT_LENGTH",
    [withHeader("Content-Length", "five")],
    [() => serve(answering("200 OK", [...TEXT, ["Content-Length", "5"]], HELLO))],
  ],
  ["ERR_TSGI_HEADER_STATUS", [withHeader("status", "200")], [withHeader("X-Status", "200")]],
  [
    "ERR_TSGI_HEADER_NAME_FORM",
    [withHeader("1a", "b"), withHeader("a-", "b"), withHeader("a_", "b"), withHeader("a!", "b")],
    [withHeader("a_1-b", "c")],
  ],
  ["WARN_TSGI_HEADER_TAB", [withHeader("A", "b\tc")], [withHeader("A", "b c")]],
  [
    "ERR_TSGI_CONTENT_TYPE_MISSING",
    [announcing("200 OK", [])],
    [announcing("204 No Content", []), announcing("304 Not Modified", [])],
  ],
  [
    "ERR_TSGI_CONTENT_TYPE_UNWANTED",
    ["100 Continue", "204 No Content", "304 Not Modified"].map((status) => announcing(status, TEXT)),
    [announcing("404 Not Found", TEXT)],
  ],
  [
    "ERR_TSGI_CONTENT_LENGTH_UNWANTED",
    [announcing("204 No Content", [["Content-Length", "0"]]), announcing("103 Early Hints", [["Content-Length", "0"]])],
    [announcing("304 Not Modified", [["Content-Length", "5"]])],
  ],
  [
    "ERR_TSGI_EXC_INFO",
    [announcing("500 Oops", TEXT, "oops"), announcing("500 Oops", TEXT, [Error, 1])],
    [announcing("500 Oops", TEXT, new Error("oops"))],
  ],
  [
    "ERR_TSGI_HEADERS_SET",
    [() => serve((_environ, start) => (start("200 OK", TEXT), start("200 OK", TEXT), []))],
    [() => serve((_environ, start) => (start("200 OK", TEXT), start("500 Oops", TEXT, new Error("oops")), []))],
  ],
  [
    "ERR_TSGI_START_RESULT",
    [
      () =>
        serve(
          ok,
          environOf(),
          wrong(() => undefined),
        ),
    ],
    [() => serve(ok)],
  ],
  [
    "ERR_TSGI_EARLY_HINTS_ORDER",
    [
      withHints((environ, start) => {
        void start("200 OK", TEXT)(HELLO);
        environ["wsgi.early_hints"]?.([["Link", "</a>"]]);
        return [];
      }),
    ],
    [withHints(doing((environ) => environ["wsgi.early_hints"]?.([["Link", "</a>"]])))],
  ],
  [
    "ERR_TSGI_UPGRADE_PROTOCOL",
    [
      switching((upgrade) => upgrade()),
      switching((upgrade) => upgrade(["echo"])),
      switching((upgrade) => upgrade("a", "b")),
    ],
    [switching((upgrade) => upgrade("echo"))],
  ],
  ["ERR_TSGI_UPGRADE_UNPREPARED", [switching(() => {})], [switching((upgrade) => upgrade("echo"))]],
];

const BODY_CASES: Case[] = [
  [
    "ERR_TSGI_WRITE_BYTES",
    [writing((write) => write("hello")), writing((write) => write()), writing((write) => write(HELLO, 1))],
    [writing((write) => write(HELLO))],
  ],
  [
    "ERR_TSGI_WRITE_ORDER",
    [
      () =>
        serve((_environ, start) => {
          const write = start("200 OK", TEXT);
          return (function* body(): Generator<Bytes> {
            void write(HELLO);
            yield HELLO;
          })();
        }),
      async () => {
        let write: ReturnType<StartResponse> | undefined;
        const body = await validator((_environ, start) => {
          write = start("200 OK", TEXT);
          return [HELLO];
        })(environOf(), startResponse);
        try {
          await write?.(HELLO);
        } finally {
          await body.close?.();
        }
      },
    ],
    [() => serve((_environ, start) => (void start("200 OK", TEXT)(HELLO), generated(HELLO)))],
  ],
  [
    "ERR_TSGI_WRITE_RESULT",
    [writing((write) => write(HELLO), true)],
    [writing((write) => write(HELLO), Promise.resolve())],
  ],
  [
    "ERR_TSGI_BODY_STRING",
    [() => serve(returning("hello")), () => serve(returning(Promise.resolve("hello")))],
    [() => serve(returning([]))],
  ],
  [
    "ERR_TSGI_BODY_BYTES",
    [() => serve(returning(HELLO)), () => serve(returning(new ArrayBuffer(1)))],
    [() => serve(returning([HELLO]))],
  ],
  [
    "ERR_TSGI_BODY_TYPE",
    [undefined, null, false, 5, {}].map((body) => () => serve(returning(body))),
    [() => serve(returning(new Set([HELLO])))],
  ],
  [
    "ERR_TSGI_CHUNK_TYPE",
    [
      () => serve(returning(["hello"])),
      () => serve(returning(generated("hello"))),
      () => serve(returning([HELLO, null])),
    ],
    [() => serve(returning(generated(HELLO, new Uint8Array(0))))],
  ],
  [
    "ERR_TSGI_NO_START_RESPONSE",
    [
      () => serve(() => [HELLO]),
      () => serve(() => []),
      () => serve(() => generated(HELLO)),
      () => serve(() => generated()),
    ],
    [
      () =>
        serve((_environ, start) =>
          (function* body(): Generator<Bytes> {
            start("200 OK", TEXT);
            yield HELLO;
          })(),
        ),
    ],
  ],
  [
    "ERR_TSGI_BODY_UNWANTED",
    [
      () => serve(ok, environOf({ REQUEST_METHOD: "HEAD" })),
      () => serve(answering("204 No Content", [], HELLO)),
      () => serve(answering("304 Not Modified", [], HELLO)),
      () => serve(answering("100 Continue", [], HELLO)),
    ],
    [() => serve(answering("200 OK", TEXT, new Uint8Array(0)), environOf({ REQUEST_METHOD: "HEAD" }))],
  ],
  [
    "ERR_TSGI_BODY_TOO_LONG",
    [
      () => serve(answering("200 OK", [...TEXT, ["Content-Length", "4"]], HELLO)),
      () =>
        serve((_environ, start) => {
          void start("200 OK", [...TEXT, ["Content-Length", "5"]])(HELLO);
          return generated(HELLO);
        }),
    ],
    [
      () =>
        serve((_environ, start) => {
          void start("200 OK", [...TEXT, ["Content-Length", "10"]])(HELLO);
          return generated(HELLO);
        }),
    ],
  ],
  [
    "ERR_TSGI_BODY_TOO_SHORT",
    [
      () => serve(answering("200 OK", [...TEXT, ["Content-Length", "6"]], HELLO)),
      () => serve(answering("200 OK", [...TEXT, ["Content-Length", "1"]])),
    ],
    [
      () => serve(answering("200 OK", [...TEXT, ["Content-Length", "6"]]), environOf({ REQUEST_METHOD: "HEAD" })),
      () => serve(answering("304 Not Modified", [["Content-Length", "6"]])),
    ],
  ],
  [
    "ERR_TSGI_BODY_ITERATED_TWICE",
    [
      serving(
        () => generated(HELLO),
        (body) => [...(body as Iterable<Bytes>), ...(body as Iterable<Bytes>)],
      ),
    ],
    [
      serving(
        () => generated(HELLO),
        (body) => [...(body as Iterable<Bytes>)],
      ),
    ],
  ],
  [
    "ERR_TSGI_BODY_AFTER_CLOSE",
    [
      serving(
        () => generated(HELLO),
        async (body) => {
          await body.close?.();
          return [...(body as Iterable<Bytes>)];
        },
      ),
      serving(
        () => generated(HELLO, HELLO),
        (body) => {
          const iterator = (body as Iterable<Bytes>)[Symbol.iterator]();
          iterator.next();
          void body.close?.();
          iterator.next();
        },
      ),
    ],
    [
      serving(
        () => generated(HELLO),
        (body) => body.close?.(),
      ),
    ],
  ],
  [
    "ERR_TSGI_CLOSE_FUNCTION",
    [() => serve(returning(Object.assign([HELLO], { close: true })))],
    [() => serve(returning(Object.assign([HELLO], { close() {} })))],
  ],
  [
    "ERR_TSGI_CLOSED_TWICE",
    [
      serving(
        () => [HELLO],
        async (body) => {
          await body.close?.();
          await body.close?.();
        },
      ),
    ],
    [
      serving(
        () => [HELLO],
        (body) => body.close?.(),
      ),
    ],
  ],
];

/** Serves a whole request, and afterwards does what is forbidden then. */
const afterwards =
  (action: (environ: WSGIEnvironment, start: StartResponse, write: ReturnType<StartResponse>) => unknown) =>
  async () => {
    const kept: unknown[] = [];
    await serve((environ, start) => {
      kept.push(environ, start, start("200 OK", TEXT), environ["wsgi.input"], environ["wsgi.errors"]);
      return generated(HELLO);
    });
    const [environ, start, write, input, errors] = kept as [
      WSGIEnvironment,
      StartResponse,
      ReturnType<StartResponse>,
      unknown,
      unknown,
    ];
    const later = new Proxy(environ, {
      get: (target, key) => (key === "wsgi.input" ? input : key === "wsgi.errors" ? errors : Reflect.get(target, key)),
    });
    await action(later, start, write);
  };

const END_CASES: Case[] = [
  [
    "ERR_TSGI_AFTER_END",
    [
      afterwards((environ) => environ.PATH_INFO),
      afterwards((environ) => (environ["my.key"] = 1)),
      afterwards((environ) => "PATH_INFO" in environ),
      afterwards((environ) => Object.keys(environ)),
      afterwards((environ) => Reflect.deleteProperty(environ, "PATH_INFO")),
      afterwards(read()),
      afterwards(readline()),
      afterwards(readlines),
      afterwards(iterate),
      afterwards((environ) => environ["wsgi.errors"].write("late")),
      afterwards((environ) => environ["wsgi.errors"].writelines(["late"])),
      afterwards((environ) => environ["wsgi.errors"].flush()),
      afterwards((_environ, start) => start("500 Oops", TEXT, new Error("late"))),
      afterwards((_environ, _start, write) => write(HELLO)),
      async () => {
        let kept: WSGIEnvironment | undefined;
        const failing: WSGIApplication = (environ) => {
          kept = environ;
          throw new Error("oops");
        };
        expect(() => validator(failing)(environOf(), startResponse)).toThrow("oops");
        return kept?.PATH_INFO;
      },
    ],
    [
      () =>
        serve((environ, start) => {
          start("200 OK", TEXT);
          return Object.assign([HELLO], { close: async () => expect((await nextTurn(environ)).PATH_INFO).toBe("/") });
        }),
      serving(
        () => generated(HELLO),
        (body) => body.close?.(),
      ),
    ],
  ],
];

const CASES: Case[] = [
  ...APPLICATION_CASES,
  ...ENVIRON_CASES,
  ...STREAM_CASES,
  ...START_CASES,
  ...BODY_CASES,
  ...END_CASES,
];

const GARBAGE_RULE = "WARN_TSGI_NOT_CLOSED";
const emitWarning = vi.spyOn(process, "emitWarning");
let warnings: string[] = [];
const forgotten: string[] = [];

beforeEach(() => {
  warnings = [];
  emitWarning.mockImplementation((message, options) => {
    const { type, code } = options as unknown as { type: string; code: string };
    // Some servers here are careless, and the garbage collector finds their bodies at any time.
    if (code === GARBAGE_RULE) forgotten.push(`${type}: ${String(message)}`);
    else warnings.push(code);
  });
});

async function outcomeOf(action: () => unknown): Promise<string | null> {
  try {
    await action();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return warnings[0] ?? null;
}

describe("validator", () => {
  it.each(CASES)("enforces %s", async (code, broken, kept) => {
    for (const action of broken) {
      warnings = [];
      expect([String(action), await outcomeOf(action)]).toEqual([String(action), code]);
      // What is only warned of is not thrown.
      expect(warnings.includes(code)).toBe(code.startsWith("WARN_"));
    }
    for (const action of kept) {
      warnings = [];
      expect([String(action), await outcomeOf(action)]).toEqual([String(action), null]);
    }
  });

  it("has a case for each rule, and each rule stands in SPEC.md once", () => {
    const codes = RULE_SECTIONS.flatMap((section) => section.rules.map((rule) => rule.code));
    expect([...CASES.map(([code]) => code), GARBAGE_RULE].toSorted()).toEqual(codes.toSorted());
  });

  it("names the rule in its error, and what it got", async () => {
    await expect(serve(returning("hello"))).rejects.toThrow(
      'The body must not be a string; return an iterable of bytes, such as `[Buffer.from(text)]` (got "hello")',
    );
  });

  it("warns when the server forgets to close a body", async () => {
    const message = "the body of a PATCH request was forgotten without being closed";
    const isFound = (): boolean => forgotten.some((text) => text.startsWith("WSGIWarning: ") && text.includes(message));
    (() => void validator(returning(generated(HELLO)))(environOf({ REQUEST_METHOD: "PATCH" }), startResponse))();
    for (let turn = 0; turn < 50 && !isFound(); turn += 1) {
      await nextTurn();
      collectGarbage();
    }
    expect(isFound()).toBe(true);
  });
});
