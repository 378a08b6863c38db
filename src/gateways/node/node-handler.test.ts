// Applications under node:http, node:http2 and Express, asked over sockets.
import { EventEmitter, once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import express from "express";
import { describe, expect, test } from "vitest";
import { runConformance } from "../../testing/conformance/run-conformance.ts";
import { rawRequest } from "../../testing/raw-request.ts";
import { TestClient } from "../../testing/test-client.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { type NodeHandlerOptions, toNodeHandler } from "./index.ts";

interface Served {
  readonly client: TestClient;
  readonly port: number;
  readonly close: () => void;
}

async function serve(listener: RequestListener): Promise<Served> {
  const server = createServer(listener);
  return listening(server);
}

async function listening(server: Server): Promise<Served> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const client = new TestClient(`http://127.0.0.1:${port}`);
  return {
    client,
    port,
    close: () => {
      client.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Answers with the environ's strings. */
const mirror: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [
    Buffer.from(
      JSON.stringify(environ, (key, value: unknown) => (key === "" || typeof value === "string" ? value : undefined)),
    ),
  ];
};

const echo: WSGIApplication = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "application/octet-stream"]]);
  return [body];
};

const quiet = (): NodeHandlerOptions => ({ errors: new StringErrorStream() });

describe("toNodeHandler under node:http", () => {
  const leftOut = runConformance(test, { serve: (application) => serve(toNodeHandler(application, quiet())) });
  test("no case is left out", () => expect(leftOut).toEqual([]));
});

test("toNodeHandler tells a length without zeros in front", async () => {
  const { port, close } = await serve(toNodeHandler(mirror));
  const head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0003\r\n\r\nabc";
  const { text } = await rawRequest({ host: "127.0.0.1", port }, head);
  close();
  expect(text).toContain('"CONTENT_LENGTH":"3"');
});

describe("toNodeHandler in Express", () => {
  const leftOut = runConformance(test, {
    serve(application) {
      const app = express();
      app.use(toNodeHandler(application, quiet()));
      app.use((_error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
        response.status(500).send("Something broke");
      });
      return serve(app);
    },
  });
  test("no case is left out", () => expect(leftOut).toEqual([]));

  test.each([
    ["/shop", "/shop", "", ""],
    ["/shop/", "/shop", "/", ""],
    ["/shop/a%2Fb%20c?x=%20&y", "/shop", "/a/b c", "x=%20&y"],
    ["/shop/%C3%A9", "/shop", "/\u00c3\u00a9", ""],
    ["/shop?x", "/shop", "", "x"],
  ])("%s below a mount", async (target, scriptName, pathInfo, query) => {
    const app = express();
    app.use("/shop", toNodeHandler(mirror));
    const { client, close } = await serve(app);
    const environ = (await client.get(target)).json<Record<string, string>>();
    close();
    expect(environ).toMatchObject({
      SCRIPT_NAME: scriptName,
      PATH_INFO: pathInfo,
      QUERY_STRING: query,
      REQUEST_URI: target,
    });
  });

  test("a body that a middleware has read is asked for in vain, or taken from where it has left the bytes", async () => {
    const app = express();
    app.use("/json", express.json(), toNodeHandler(echo, quiet()));
    app.use("/raw", express.raw({ type: "*/*" }), toNodeHandler(echo, quiet()));
    app.use((error: Error, _request: unknown, response: express.Response, _next: unknown) => {
      response.status(500).send(error.message);
    });
    const { client, close } = await serve(app);
    const json = await client.post("/json", { json: [1] });
    expect([json.status, json.text()]).toEqual([500, expect.stringContaining("such as express.json(), has read")]);
    expect((await client.post("/json", { body: "not json" })).text()).toBe("not json");
    expect((await client.post("/raw", { body: "bytes" })).text()).toBe("bytes");
    close();
  });

  test("404 goes to the next handler when that is wanted, and errors always do", async () => {
    const app = express();
    const choosy: WSGIApplication = (environ, startResponse) => {
      if (environ.PATH_INFO === "/throws") throw new Error("on purpose");
      const isFound = environ.PATH_INFO === "/here";
      startResponse(isFound ? "200 OK" : "404 Not Found", [["Content-Type", "text/plain"]]);
      return [Buffer.from(isFound ? "here" : "not here")];
    };
    app.use(toNodeHandler(choosy, { ...quiet(), passNotFound: true }));
    app.use("/late", (_request, response) => void response.send("the next one"));
    app.use((error: Error, _request: unknown, response: express.Response, _next: unknown) => {
      response.status(503).send(error.message);
    });
    const { client, close } = await serve(app);
    expect((await client.get("/here")).text()).toBe("here");
    expect((await client.get("/late")).text()).toBe("the next one");
    const failed = await client.get("/throws");
    expect([failed.status, failed.text()]).toEqual([503, "on purpose"]);
    close();
  });
});

describe("toNodeHandler", () => {
  test("serves HTTP/2 through its compatibility API", async () => {
    const server = createHttp2Server(toNodeHandler(mirror, quiet()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const stream = session.request({ ":path": "/a%20b?c", cookie: ["a=1", "b=2"] });
    const status = new Promise((resolve) => stream.once("response", (headers) => resolve(headers[":status"])));
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    expect(await status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      PATH_INFO: "/a b",
      QUERY_STRING: "c",
      HTTP_HOST: `127.0.0.1:${port}`,
      HTTP_COOKIE: "a=1; b=2",
      SERVER_PROTOCOL: "HTTP/2.0",
    });
    session.close();
    server.close();
  });

  test.each([
    ["two Host fields", "Host: a\r\nHost: b"],
    ["a Host that is none", "Host: a/b"],
    ["two types", "Host: a\r\nContent-Type: text/plain\r\nContent-Type: text/html"],
    ["a NUL in the path", "Host: a", "/%00"],
  ])("refuses %s", async (_, fields, target = "/") => {
    const { port, close } = await serve(toNodeHandler(mirror, quiet()));
    const { text } = await rawRequest(
      { host: "127.0.0.1", port },
      `GET ${target} HTTP/1.1\r\n${fields}\r\nConnection: close\r\n\r\n`,
    );
    close();
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("bodies above the limit get 413, announced or not", async () => {
    const { client, close } = await serve(toNodeHandler(echo, { ...quiet(), maxBodyBytes: 10 }));
    expect((await client.post("/", { body: "x".repeat(10) })).text()).toBe("x".repeat(10));
    expect((await client.post("/", { body: "x".repeat(11) })).status).toBe(413);
    const pieces = (async function* pieces() {
      yield Buffer.from("x".repeat(6));
      yield Buffer.from("x".repeat(6));
    })();
    expect((await client.post("/", { body: pieces })).status).toBe(413);
    close();
  });

  test("above its limit of requests at once, clients get 503", async () => {
    let release = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow: WSGIApplication = async (_, startResponse) => {
      await waiting;
      startResponse("200 OK", []);
      return [];
    };
    const { client, close } = await serve(toNodeHandler(slow, { ...quiet(), maxInFlight: 1 }));
    const first = client.get("/");
    await expect.poll(async () => (await client.get("/", { signal: AbortSignal.timeout(5000) })).status).toBe(503);
    release();
    expect((await first).status).toBe(200);
    close();
  });

  test("a client that leaves in the middle of its upload ends the read and fires the signal", async () => {
    const heard: string[] = [];
    const reading: WSGIApplication = async (environ, startResponse) => {
      heard.push("called");
      environ["tsgi.signal"]?.addEventListener("abort", () => heard.push("signal"));
      await environ["wsgi.input"].read().catch((error: Error & { code?: string }) => heard.push(String(error.code)));
      startResponse("200 OK", []);
      return [];
    };
    const { port, close } = await serve(toNodeHandler(reading, quiet()));
    const socket = connect(port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nbegun");
    await expect.poll(() => heard).toEqual(["called"]);
    socket.destroy();
    await expect.poll(() => heard.slice(1).toSorted()).toEqual(["ERR_HTTP_CLIENT_DISCONNECTED", "signal"]);
    close();
  });

  test("believes X-Forwarded-For of trusted peers only", async () => {
    for (const [trustedProxies, address] of [
      ["127.0.0.1", "203.0.113.9"],
      ["10.0.0.0/8", "127.0.0.1"],
    ] as const) {
      const { client, close } = await serve(toNodeHandler(mirror, { ...quiet(), trustedProxies }));
      const environ = (await client.get("/", { headers: { "X-Forwarded-For": "203.0.113.9" } })).json<object>();
      close();
      expect(environ).toMatchObject({ REMOTE_ADDR: address });
    }
  });

  test("an HTTP/1.0 client does not take a body that was broken off for a whole one", async () => {
    const client = new EventEmitter();
    const hasArrived = once(client, "arrival");
    const failing: WSGIApplication = (_, startResponse) => {
      startResponse("200 OK", []);
      return (async function* begun() {
        yield Buffer.from("begun");
        // A client that finds a reset together with the last bytes is told of an end by libuv.
        await hasArrived;
        throw new Error("on purpose");
      })();
    };
    const { port, close } = await serve(toNodeHandler(failing, quiet()));
    const noteArrival = (received: string): boolean => {
      if (received.endsWith("begun")) client.emit("arrival");
      return false;
    };
    const request = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
    const { end } = await rawRequest({ host: "127.0.0.1", port }, request, { until: noteArrival });
    close();
    expect(end).toBe("reset");
  });
});
