// Requests as a web server gives them to a CGI program, with streams in place of the process's. Real web servers are in test/gateways/.
import { PassThrough, Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Variable } from "../../protocols/variables.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../wsgi/types.ts";
import { validator } from "../../wsgi/validator.ts";
import { answerCGI, type CGIOptions } from "./answer-cgi.ts";

interface Outcome {
  readonly exitCode: number;
  readonly text: string;
  readonly errors: string;
  readonly isInputOpened: boolean;
}

/** What stands behind the application: its request, and how the streams behave. */
interface Given {
  readonly variables?: Readonly<Record<string, string>>;
  /** In place of the usual ones. */
  readonly pairs?: readonly Variable[];
  readonly body?: string;
  /** Nobody ends standard input. */
  readonly isEndless?: boolean;
  readonly options?: CGIOptions;
  readonly output?: Writable;
  readonly signal?: AbortSignal;
}

async function answer(application: WSGIApplication, given: Given = {}): Promise<Outcome> {
  const chunks: Buffer[] = [];
  const errors = new StringErrorStream();
  let isInputOpened = false;
  const variables =
    given.pairs ?? Object.entries({ REQUEST_METHOD: "GET", SCRIPT_NAME: "/app", PATH_INFO: "/x", ...given.variables });
  const exitCode = await answerCGI(
    application,
    {
      variables,
      input() {
        isInputOpened = true;
        const input = new PassThrough();
        input.write(given.body ?? "");
        if (given.isEndless !== true) input.end();
        return input;
      },
      output:
        given.output ??
        new Writable({
          write(chunk: Buffer, _encoding, done) {
            chunks.push(chunk);
            done();
          },
        }),
      ...(given.signal === undefined ? {} : { signal: given.signal }),
    },
    { errors, ...given.options },
  );
  return { exitCode, text: Buffer.concat(chunks).toString("latin1"), errors: errors.text, isInputOpened };
}

const hello: WSGIApplication = validator((_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("hello")];
});
const echo: WSGIApplication = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [body];
};
function seen(look: (environ: WSGIEnvironment) => unknown): WSGIApplication {
  return (environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "application/json"]]);
    return [Buffer.from(JSON.stringify(look(environ) ?? null), "latin1")];
  };
}

describe("answerCGI", () => {
  test("writes the status as a field, and opens no standard input for a request without a body", async () => {
    expect(await answer(hello)).toEqual({
      exitCode: 0,
      text: "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
      errors: "",
      isInputOpened: false,
    });
  });

  test("says what a CGI program is", async () => {
    const { text } = await answer(
      seen((environ) => [
        environ["wsgi.run_once"],
        environ["wsgi.multiprocess"],
        environ.SCRIPT_NAME,
        environ.PATH_INFO,
        environ["HTTP_PROXY"],
        environ["REMOTE_USER"],
      ]),
      { variables: { HTTP_PROXY: "http://evil/", REMOTE_USER: "admin" } },
    );
    expect(text).toContain('\r\n\r\n[true,true,"/app","/x",null,null]');
  });

  test("mounts where it is told to, and believes trusted proxies and users", async () => {
    const look = seen((environ) => [
      environ.SCRIPT_NAME,
      environ.PATH_INFO,
      environ["REMOTE_USER"],
      environ.REMOTE_ADDR,
    ]);
    const variables = { REMOTE_USER: "ann", REMOTE_ADDR: "10.0.0.1", HTTP_X_FORWARDED_FOR: "192.0.2.7" };
    const options = { mount: "", trustRemoteUser: true, trustedProxies: "10.0.0.1" };
    expect((await answer(look, { variables, options })).text).toContain('["","/app/x","ann","192.0.2.7"]');
  });

  test.each<[what: string, given: Given, end: string]>([
    ["as long as it is announced", { variables: { CONTENT_LENGTH: "3" }, body: "abc" }, "\r\n\r\nabc"],
    [
      "of a web server that leaves standard input open",
      { variables: { CONTENT_LENGTH: "3" }, body: "abc", isEndless: true },
      "\r\n\r\nabc",
    ],
    ["with bytes behind it", { variables: { CONTENT_LENGTH: "3" }, body: "abcdef" }, "\r\n\r\nabc"],
    [
      "in chunks that the web server has decoded",
      { variables: { HTTP_TRANSFER_ENCODING: "chunked" }, body: "abc" },
      "\r\n\r\nabc",
    ],
    ["that nobody announces", { variables: {}, body: "abc" }, "\r\n\r\n"],
    ["of an empty length", { variables: { CONTENT_LENGTH: "" }, body: "abc" }, "\r\n\r\n"],
  ])("reads a body %s", async (_, given, end) => {
    const { text } = await answer(echo, given);
    expect(text.endsWith(end)).toBe(true);
    expect(text).toMatch(/^Status: 200 OK\r\n/);
  });

  test.each<[what: string, given: Given, status: string]>([
    ["a body that is shorter than announced", { variables: { CONTENT_LENGTH: "10" }, body: "abc" }, "400 Bad Request"],
    ["a length that is none", { variables: { CONTENT_LENGTH: "1e3" } }, "400 Bad Request"],
    ["a negative length", { variables: { CONTENT_LENGTH: "-1" } }, "400 Bad Request"],
    [
      "a length above the limit",
      { variables: { CONTENT_LENGTH: "11" }, options: { maxBodyBytes: 10 } },
      "413 Content Too Large",
    ],
    [
      "chunks above the limit",
      { variables: { HTTP_TRANSFER_ENCODING: "chunked" }, body: "x".repeat(11), options: { maxBodyBytes: 10 } },
      "413 Content Too Large",
    ],
    ["a path outside of the mount", { options: { mount: "/shop" } }, "404 Not Found"],
    ["a NUL in the path", { variables: { PATH_INFO: "/a\0b" } }, "400 Bad Request"],
    ["a line break in a header", { variables: { HTTP_X: "a\r\nB: c" } }, "400 Bad Request"],
    ["a method that is no token", { variables: { REQUEST_METHOD: "GE T" } }, "400 Bad Request"],
    [
      "two hosts",
      {
        pairs: [
          ["REQUEST_METHOD", "GET"],
          ["PATH_INFO", "/"],
          ["HTTP_HOST", "a"],
          ["HTTP_HOST", "b"],
        ],
      },
      "400 Bad Request",
    ],
    ["70000 bytes of variables", { variables: { HTTP_X: "x".repeat(70_000) } }, "431 Request Header Fields Too Large"],
    [
      "1001 variables",
      { variables: Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`HTTP_X${index}`, "1"])) },
      "431 Request Header Fields Too Large",
    ],
  ])("refuses %s", async (_, given, status) => {
    const { text, exitCode } = await answer(echo, given);
    expect(text).toContain(`Status: ${status}\r\n`);
    expect(exitCode).toBe(0);
  });

  test("an application that throws is a 500, and the error is on standard error", async () => {
    const { text, errors, exitCode } = await answer(() => {
      throw new Error("on purpose");
    });
    expect(text).toMatch(/^Status: 500 Internal Server Error\r\n/);
    expect(errors).toContain("on purpose");
    expect(exitCode).toBe(0);
  });

  test("an application that fails behind its first chunk ends with another exit code", async () => {
    const { text, exitCode } = await answer((_environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return (function* body() {
        yield Buffer.from("begun");
        throw new Error("on purpose");
      })();
    });
    expect(text.endsWith("\r\n\r\nbegun")).toBe(true);
    expect(exitCode).toBe(12);
  });

  test("an application that answers too late gets a 504 in its place", async () => {
    const { text } = await answer(() => new Promise(() => {}), { options: { timeoutSeconds: 0.02 } });
    expect(text).toMatch(/^Status: 504 Gateway Timeout\r\n/);
  });

  test("a web server that closes standard output ends the body, which is closed", async () => {
    const events: string[] = [];
    const gone = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    let writes = 0;
    const output = new Writable({
      write(_chunk, _encoding, done) {
        writes += 1;
        done(writes > 2 ? gone : null);
      },
    });
    const { exitCode } = await answer(
      (environ, startResponse) => {
        environ["tsgi.signal"]?.addEventListener("abort", () => events.push("signal"));
        startResponse("200 OK", []);
        return {
          async *[Symbol.asyncIterator]() {
            for (;;) {
              await nextTurn();
              yield Buffer.alloc(1000);
            }
          },
          close: () => void events.push("close"),
        };
      },
      { output },
    );
    expect([exitCode, ...events]).toEqual([0, "signal", "close"]);
  });

  test("SIGTERM ends the body, too", async () => {
    const controller = new AbortController();
    let isClosed = false;
    const { text } = await answer(
      (_environ, startResponse) => {
        startResponse("200 OK", []);
        return {
          async *[Symbol.asyncIterator]() {
            yield Buffer.from("begun");
            controller.abort();
            await new Promise(() => {});
          },
          close() {
            isClosed = true;
          },
        };
      },
      { signal: controller.signal },
    );
    expect(text.endsWith("begun")).toBe(true);
    expect(isClosed).toBe(true);
  });

  test("waits for a web server that reads slowly", async () => {
    let waiting = 0;
    let most = 0;
    const output = new Writable({
      highWaterMark: 10_000,
      write(chunk: Buffer, _encoding, done) {
        most = Math.max(most, (waiting += chunk.length));
        setImmediate(() => {
          waiting -= chunk.length;
          done();
        });
      },
    });
    await answer(
      (_environ, startResponse) => {
        startResponse("200 OK", []);
        return (function* body() {
          for (let count = 0; count < 200; count += 1) yield Buffer.alloc(5000);
        })();
      },
      { output },
    );
    expect(most).toBeLessThanOrEqual(10_000);
  });
});
