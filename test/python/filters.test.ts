// Filters on either side: TypeScript around Python, Python around TypeScript, Python around Python without a round trip.
import { afterEach, describe, expect, test } from "vitest";
import {
  pythonMiddleware,
  type PythonMiddleware,
  type PythonMiddlewareOptions,
} from "../../src/guests/python/python-middleware.ts";
import type { StartResponse, WSGIApplication, WSGIEnvironment } from "../../src/wsgi/types.ts";
import { APPS, eventually, PYTHON, send, serveApplication, servePython } from "./serve-python.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

async function behind(
  filter: PythonMiddlewareOptions["filter"],
  application: WSGIApplication,
  errors = { text: "" },
): Promise<number> {
  const middleware: PythonMiddleware = pythonMiddleware({ filter, directory: APPS, python: PYTHON, log: () => {} });
  open.push(middleware);
  await middleware.ready;
  const server = await serveApplication(middleware(application), errors);
  open.push(server);
  return server.port;
}

const plain: [string, string][] = [["Content-Type", "text/plain"]];

describe("a Python filter around an application of ours", () => {
  test("changes the body and the headers", async () => {
    const port = await behind(["filters:shout", "filters:add_header"], (environ, startResponse) => {
      startResponse("201 Created", plain);
      return [Buffer.from(`quiet ${String(environ["my.shouting"])}`)];
    });
    const received = await send(port, "/there");
    expect(received).toMatchObject({ status: 201, text: "QUIET TRUE" });
    expect(received.headers["x-filter"]).toBe("/there");
  });

  test("values that it puts into the environ arrive with their types; what cannot travel stays ours", async () => {
    let seen: Record<string, unknown> = {};
    const session = new Map();
    const filter = pythonMiddleware({ filter: "filters:set_values", directory: APPS, python: PYTHON, log: () => {} });
    const filtered = filter((environ, startResponse) => {
      seen = { ...environ };
      startResponse("200 OK", plain);
      return [Buffer.from("ok")];
    });
    const server = await serveApplication((environ, startResponse) =>
      filtered(Object.assign(environ, { "my.session": session }), startResponse),
    );
    open.push(filter, server);
    const { port } = server;
    await send(port, "/", { headers: { "X-Remove-Me": "1", "X-Keep": "2" } });
    expect(seen).toMatchObject({
      "my.number": 41,
      "my.list": ["a", 1, null, true],
      "my.bytes": Buffer.from([0, 255]),
      "my.text": "\u4e00\0",
      PATH_INFO: "/changed",
      HTTP_X_KEEP: "2",
    });
    expect(seen["my.session"]).toBe(session);
    expect(seen["my.big"]).toBe(2 ** 80);
    expect(seen["HTTP_X_REMOVE_ME"]).toBeUndefined();
    expect(typeof (seen["wsgi.errors"] as { write: unknown }).write).toBe("function");
  });

  test("streams the body both ways", async () => {
    const port = await behind(
      "filters:add_header",
      async function* echo(environ: WSGIEnvironment, startResponse: StartResponse) {
        startResponse("200 OK", plain);
        let total = 0;
        for (;;) {
          const block = await environ["wsgi.input"].read(100_000);
          if (block.length === 0) break;
          total += block.length;
          yield Buffer.from(`${block.length}\n`);
        }
        yield Buffer.from(`= ${total}`);
      },
    );
    const { text } = await send(port, "/", { method: "POST", body: Buffer.alloc(1_000_000) });
    expect(text.endsWith("= 1000000")).toBe(true);
  });

  test("may replace the input, and may answer itself", async () => {
    const echo: WSGIApplication = async (environ, startResponse) => {
      startResponse("200 OK", plain);
      return [await environ["wsgi.input"].read()];
    };
    const reversed = await behind("filters:replaces_input", echo);
    expect((await send(reversed, "/", { method: "POST", body: "abc" })).text).toBe("cba");
    const refused = await behind("filters:answers_itself", echo);
    expect(await send(refused, "/")).toMatchObject({ status: 403, text: "not today" });
  });

  test("sees the error of the inner application, and may catch it", async () => {
    const failing: WSGIApplication = () => {
      throw new Error("inner trouble");
    };
    expect(await send(await behind("filters:catch", failing), "/")).toMatchObject({
      status: 418,
      text: "Error: inner trouble",
    });
    expect((await send(await behind("filters:shout", failing), "/")).status).toBe(500);
  });

  test("many requests at a time keep apart", async () => {
    const port = await behind({ target: "filters:shout" }, (environ, startResponse) => {
      startResponse("200 OK", plain);
      return [Buffer.from(environ.QUERY_STRING)];
    });
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => send(port, `/?n${index}`)));
    expect(answers.map((answer) => answer.text)).toEqual(Array.from({ length: 100 }, (_, index) => `N${index}`));
  });

  test("the inner body is closed when the client leaves", async () => {
    let closes = 0;
    const port = await behind("filters:add_header", (_environ, startResponse) => {
      startResponse("200 OK", plain);
      const body = (async function* endless() {
        for (;;) {
          yield Buffer.alloc(10_000);
          await new Promise((resolve) => {
            setTimeout(resolve, 5);
          });
        }
      })();
      return Object.assign(body, {
        close: () => {
          closes += 1;
        },
      });
    });
    const controller = new AbortController();
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await eventually(() => closes > 0, "close()");
    expect(closes).toBe(1);
  });
});

describe("Python filters around a Python application", () => {
  test("are composed inside Python, with PasteDeploy's factories", async () => {
    const served = await servePython({
      target: { target: "filters:app_factory", kind: "appFactory", localConf: { answer: "42" } },
      filters: [
        {
          target: "filters:filter_factory",
          kind: "filterFactory",
          globalConf: { suffix: "!" },
          localConf: { prefix: "hey" },
        },
        "filters:shout",
      ],
    });
    open.push(served);
    expect((await served.get("/")).text).toBe(`([('ANSWER', '42')], 'HEY!', TRUE)`);
  });
});

describe("a filter of ours around a Python application", () => {
  test("values arrive in Python with their types", async () => {
    const served = await servePython({ target: "torture:application" }, (application) => (environ, startResponse) => {
      environ["my.number"] = 7;
      environ["my.float"] = 1.5;
      environ["my.flag"] = true;
      environ["my.none"] = null;
      environ["my.list"] = ["a", { b: 2 }];
      environ["my.bytes"] = Buffer.from([0, 255]);
      environ["my.big"] = 2n ** 70n;
      environ["my.text"] = "\u4e00\0";
      environ["my.date"] = new Date(0);
      environ["my.function"] = () => 1;
      return application(environ, startResponse);
    });
    open.push(served);
    const { others } = JSON.parse((await served.get("/environ-types")).text) as { others: Record<string, unknown> };
    expect(others).toEqual({
      "my.number": ["int", "7"],
      "my.float": ["float", "1.5"],
      "my.flag": ["bool", "True"],
      "my.none": ["NoneType", "None"],
      "my.list": ["list", "['a', {'b': 2}]"],
      "my.bytes": ["bytes", String.raw`b'\x00\xff'`],
      "my.big": ["int", String(2n ** 70n)],
      "my.text": ["str", String.raw`'一\x00'`],
      "my.date": ["datetime", "datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)"],
    });
  });
});
