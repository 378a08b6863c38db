import type { Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, onTestFinished, test } from "vitest";

import { HttpServer } from "../../http/server.ts";
import { rawRequest } from "../../testing/raw-request.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../wsgi/types.ts";
import type { AccessEntry } from "../access-entry.ts";
import { TrustedProxies } from "../trusted-proxies.ts";
import { HttpGateway, type HttpGatewayOptions } from "./gateway.ts";

const GET = "GET /a%20b?c HTTP/1.1\r\nHost: example.org\r\nAccept: x\r\nConnection: close\r\n\r\n";

async function ask(
  application: WSGIApplication,
  bytes = GET,
  options: HttpGatewayOptions = {},
): Promise<{ text: string; entries: AccessEntry[] }> {
  const entries: AccessEntry[] = [];
  const gateway = new HttpGateway(application, {
    errors: new StringErrorStream(),
    accessLog: (entry) => entries.push(entry),
    ...options,
  });
  const server = new HttpServer(gateway);
  const listener = await server.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close(0));
  const { text } = await rawRequest(whereIs(listener), bytes);
  return { text, entries };
}

function whereIs(listener: Server): { host: string; port: number } {
  const bound = listener.address();
  if (bound === null || typeof bound === "string") throw new Error("Expected a TCP listener");
  return { host: bound.address, port: bound.port };
}

async function environOf(bytes = GET, options: HttpGatewayOptions = {}): Promise<WSGIEnvironment> {
  let seen: WSGIEnvironment | null = null;
  await ask(
    (environ, startResponse) => {
      seen = environ;
      startResponse("200 OK", []);
      return [];
    },
    bytes,
    options,
  );
  return seen as unknown as WSGIEnvironment; // the application was called, or the test fails by it
}

describe("the path under which the application is mounted", () => {
  const request = (...fields: string[]): string =>
    ["GET /shop/x HTTP/1.1", "Host: h", "Connection: close", ...fields, "", ""].join("\r\n");
  const trusting: HttpGatewayOptions = {
    trustedProxies: TrustedProxies.parse("127.0.0.1"),
    forwardedFields: ["SCRIPT_NAME", "X-Forwarded-Prefix"],
  };

  test.each<[string, HttpGatewayOptions, string[], scriptName: string, pathInfo: string]>([
    ["nothing", {}, [], "", "/shop/x"],
    ["the setting", { scriptName: "/shop" }, [], "/shop", "/x"],
    ["the setting, of which the proxy has taken the path", { scriptName: "/other" }, [], "/other", "/shop/x"],
    ["the setting, which ends within a name", { scriptName: "/sho" }, [], "/sho", "/shop/x"],
    ["the field of a trusted peer", trusting, ["SCRIPT_NAME: /shop"], "/shop", "/x"],
    ["the field, rather than the setting", { ...trusting, scriptName: "/b" }, ["SCRIPT_NAME: /shop"], "/shop", "/x"],
    ["the field of one that is not trusted", { scriptName: "/shop" }, ["SCRIPT_NAME: /evil"], "/shop", "/x"],
    ["the field that is not listed", { ...trusting, forwardedFields: [] }, ["SCRIPT_NAME: /shop"], "", "/shop/x"],
    ["the field with nonsense", trusting, ["SCRIPT_NAME: //evil"], "", "/shop/x"],
    ["a prefix before it", trusting, ["SCRIPT_NAME: /shop", "X-Forwarded-Prefix: /a"], "/a/shop", "/x"],
    ["a name with a hyphen, which is another", trusting, ["Script-Name: /shop"], "", "/shop/x"],
  ])("comes from %s", async (_title, options, fields, scriptName, pathInfo) => {
    const environ = await environOf(request(...fields), options);
    expect(environ).toMatchObject({ SCRIPT_NAME: scriptName, PATH_INFO: pathInfo, REQUEST_URI: "/shop/x" });
  });

  test("is told anew for each request of a connection", async () => {
    const seen: string[] = [];
    const keep = (...fields: string[]): string => request(...fields).replace("Connection: close\r\n", "");
    await ask(
      (environ, startResponse) => {
        seen.push(environ.SCRIPT_NAME);
        startResponse("200 OK", []);
        return [];
      },
      keep("SCRIPT_NAME: /shop") + keep() + keep() + keep("SCRIPT_NAME: /shop") + request(),
      trusting,
    );
    expect(seen).toEqual(["/shop", "", "", "/shop", ""]);
  });
});

describe("the environ", () => {
  test("holds what PEP 3333 asks for, and TSGI's own", async () => {
    const environ = await environOf();
    expect(environ).toMatchObject({
      REQUEST_METHOD: "GET",
      SCRIPT_NAME: "",
      PATH_INFO: "/a b",
      QUERY_STRING: "c",
      REQUEST_URI: "/a%20b?c",
      SERVER_NAME: "127.0.0.1",
      SERVER_PROTOCOL: "HTTP/1.1",
      SERVER_SOFTWARE: "tsgi",
      REMOTE_ADDR: "127.0.0.1",
      HTTP_HOST: "example.org",
      HTTP_ACCEPT: "x",
      "wsgi.version": [1, 0],
      "wsgi.url_scheme": "http",
      "wsgi.multithread": false,
      "wsgi.multiprocess": false,
      "wsgi.run_once": false,
      "wsgi.input_terminated": true,
    });
    expect(environ.SERVER_PORT).toMatch(/^\d+$/);
    expect(environ.REMOTE_PORT).toMatch(/^\d+$/);
    expect("CONTENT_LENGTH" in environ).toBe(false);
  });

  test("follows the options", async () => {
    expect(await environOf(GET, { isMultiprocess: true, serverSoftware: "x/1" })).toMatchObject({
      "wsgi.multiprocess": true,
      SERVER_SOFTWARE: "x/1",
    });
  });

  test("is a plain object of its own for each request, in which everything can be replaced", async () => {
    const environ = await environOf();
    expect(Object.getPrototypeOf(environ)).toBe(Object.prototype);
    const signal = AbortSignal.abort();
    environ["tsgi.signal"] = signal;
    expect({ ...environ }["tsgi.signal"]).toBe(signal);
  });

  test("keeps its signal in a copy", async () => {
    const copy = { ...(await environOf()) };
    expect(copy["tsgi.signal"]).toBeInstanceOf(AbortSignal);
  });
});

describe("the access log", () => {
  test("has an entry for each answer", async () => {
    const { entries } = await ask((_environ, startResponse) => {
      startResponse("201 Made", [["A", "b"]]);
      return [Buffer.from("12345")];
    });
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ status: 201, responseHeaders: [["A", "b"]], bodyBytes: 5, isAborted: false });
    expect(entries[0]?.elapsedMicroseconds).toBeGreaterThan(0);
    expect(Math.abs((entries[0]?.startedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test("has an entry for a failure", async () => {
    const { entries } = await ask(() => {
      throw new Error("e");
    });
    expect(entries).toMatchObject([{ status: 500, isAborted: false }]);
  });
});

describe("limits on requests", () => {
  test("timeoutSeconds: the client gets 504, the application is told, its answer is ignored", async () => {
    let isAborted = false;
    const closings: string[] = [];
    const { text, entries } = await ask(
      async (environ, startResponse) => {
        environ["tsgi.signal"]?.addEventListener("abort", () => {
          isAborted = true;
        });
        await sleep(2000);
        startResponse("200 OK", []);
        return { *[Symbol.iterator]() {}, close: () => void closings.push("closed") };
      },
      GET,
      { timeoutSeconds: 0.3 },
    );
    expect(text).toMatch(/^HTTP\/1\.1 504 /);
    expect(isAborted).toBe(true);
    expect(entries).toMatchObject([{ status: 504 }]);
    while (closings.length === 0) await sleep(10);
    expect(closings).toHaveLength(1);
  });

  test("maxInFlight: a request above it gets 503 with Retry-After", async () => {
    const pipelined = GET.replace("Connection: close\r\n", "");
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const gateway = new HttpGateway(
      async (_environ, startResponse) => {
        await released;
        startResponse("200 OK", []);
        return [];
      },
      { maxInFlight: 1 },
    );
    const server = new HttpServer(gateway);
    const listener = await server.listen({ host: "127.0.0.1", port: 0 });
    onTestFinished(() => server.close(0));
    const where = whereIs(listener);
    const first = rawRequest(where, GET);
    while (gateway.inFlight === 0) await sleep(5);
    const second = await rawRequest(where, pipelined, { until: (text) => text.includes("\r\n\r\n") });
    expect(second.text).toMatch(/^HTTP\/1\.1 503 .*Retry-After: 1\r\n/s);
    release();
    expect((await first).text).toMatch(/^HTTP\/1\.1 200 /);
    expect(gateway.inFlight).toBe(0);
  });

  test.each([
    { where: "before it answers", isStreaming: false },
    { where: "between two chunks", isStreaming: true },
  ])(
    "maxInFlight counts what still works after its client was told 504 or has left: $where",
    async ({ isStreaming }) => {
      let release = (): void => {};
      const gateway = new HttpGateway(
        async (_environ, startResponse) => {
          const released = new Promise<void>((resolve) => (release = resolve));
          if (!isStreaming) await released;
          startResponse("200 OK", []);
          return (async function* chunks() {
            yield Buffer.from("begun");
            if (isStreaming) await released;
          })();
        },
        { maxInFlight: 1, timeoutSeconds: isStreaming ? 0 : 1 },
      );
      const server = new HttpServer(gateway);
      const where = whereIs(await server.listen({ host: "127.0.0.1", port: 0 }));
      onTestFinished(() => server.close(0));
      const seen = await rawRequest(where, GET, { until: (text) => text.includes("\r\n\r\n") });
      expect(seen.text).toMatch(isStreaming ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 504 /);
      for (let count = 0; count < 3; count += 1) {
        expect((await rawRequest(where, GET)).text).toMatch(/^HTTP\/1\.1 503 /);
        await sleep(100);
      }
      expect(gateway.inFlight).toBe(1);
      release();
      while (gateway.inFlight > 0) await sleep(5);
      release = (): void => {};
      const next = rawRequest(where, GET);
      while (gateway.inFlight === 0) await sleep(5);
      release();
      expect((await next).text).toMatch(/^HTTP\/1\.1 200 /);
    },
  );
});
