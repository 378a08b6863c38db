// Applications of node's frameworks as guests, and the conformance list through our own node gateway as a guest.
import express from "express";
import Fastify from "fastify";
import Koa from "koa";
import { createServer, IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { toNodeHandler } from "../../gateways/node/node-handler.ts";
import { makeServer } from "../../server/make-server.ts";
import { runConformance } from "../../testing/conformance/run-conformance.ts";
import { TestClient } from "../../testing/test-client.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import { adaptApplication } from "../typescript/adapt-application.ts";
import { nodeApplication, type NodeListener } from "./index.ts";

const clientOf = (listener: NodeListener): TestClient => new TestClient(nodeApplication(listener), { validate: false });

/** What Node's response keeps to itself. */
const DIFFERENT: Readonly<Record<string, string>> = {};

describe("A node application behind the HTTP gateway", () => {
  const register = (name: string, run: () => Promise<void>): void => {
    if (DIFFERENT[name] !== undefined) return;
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the case brings title and assertions
    test(name, run);
  };
  const leftOut = runConformance(register, {
    async serve(application) {
      const errors = new StringErrorStream();
      const guest = nodeApplication(toNodeHandler(application, { errors }));
      const server = makeServer("127.0.0.1", 0, guest, { errors });
      await server.listen();
      return { client: new TestClient(server.url), close: () => server.close(0) };
    },
  });
  test("no case is left out", () => expect(leftOut).toEqual([]));
});

describe("nodeApplication serves Express", () => {
  const app = express();
  app.get("/", (_request, response) => void response.send("hello"));
  app.get("/cookies", (request, response) => {
    response.cookie("a", "1").cookie("b", "2").json({ url: request.originalUrl, ip: request.ip, query: request.query });
  });
  app.get("/stream", (_request, response) => {
    response.write("one ");
    setImmediate(() => response.end("two"));
  });
  app.post("/echo", express.json(), (request, response) => void response.json(request.body));
  app.get("/throws", () => {
    throw new Error("on purpose");
  });
  app.get("/late", (_request, response) => {
    response.write("begun");
    setTimeout(() => response.destroy(new Error("on purpose")), 5);
  });
  app.get("/twice", (_request, response) => {
    response.send("first");
    try {
      response.send("second");
    } catch {
      // ERR_HTTP_HEADERS_SENT
    }
  });
  app.set("env", "test");
  const client = clientOf(app);

  test.each([
    ["/", 200, "hello"],
    ["/stream", 200, "one two"],
    ["/twice", 200, "first"],
    ["/nowhere", 404, "Cannot GET /nowhere"],
    ["/throws", 500, "Error: on purpose"],
  ])("%s", async (target, status, text) => {
    const response = await client.get(target);
    expect([response.status, response.text()]).toEqual([status, expect.stringContaining(text)]);
  });

  test("cookies, addresses, queries and bodies", async () => {
    const response = await client.get("/cookies?x=1");
    expect(response.headers.getAll("Set-Cookie")).toEqual(["a=1; Path=/", "b=2; Path=/"]);
    expect(response.json()).toEqual({ url: "/cookies?x=1", ip: "127.0.0.1", query: { x: "1" } });
    expect((await client.post("/echo", { json: { tea: 1 } })).json()).toEqual({ tea: 1 });
  });

  test("HEAD has the length of GET", async () => {
    const head = await client.head("/");
    expect([head.headers.get("Content-Length"), head.bytes().length]).toEqual(["5", 0]);
  });

  test("an answer that is destroyed does not look complete", async () => {
    const response = await client.get("/late");
    expect([response.status, response.isComplete, response.text()]).toEqual([200, false, "begun"]);
  });

  test("requests and responses have the prototypes of the application, and of one below a mount", async () => {
    const [outer, inner] = [express(), express()];
    Object.assign(outer.request, { whose: "outer" });
    Object.assign(inner.request, { whose: "inner" });
    Object.assign(inner.response, { reply: "from inside" });
    const tell: express.Handler = (request, response) => {
      const { whose } = request as unknown as { whose: string };
      const { reply = "none" } = response as unknown as { reply?: string };
      response.json([whose, reply, response instanceof ServerResponse, request instanceof IncomingMessage]);
    };
    outer.get("/outer", tell).use("/inner", inner.get("/x", tell)).get("/outer/again", tell);
    const outside = clientOf(outer);
    expect((await outside.get("/outer")).json()).toEqual(["outer", "none", true, true]);
    expect((await outside.get("/inner/x")).json()).toEqual(["inner", "from inside", true, true]);
    expect((await outside.get("/outer/again")).json()).toEqual(["outer", "none", true, true]);
  });

  test("sees its mount", async () => {
    const mounted = express();
    mounted.use((request, response) => void response.json([request.baseUrl, request.url, request.originalUrl]));
    const guest = nodeApplication(mounted);
    const response = await new TestClient(
      (environ, startResponse) =>
        guest({ ...environ, SCRIPT_NAME: "/a b", PATH_INFO: environ.PATH_INFO.slice("/a b".length) }, startResponse),
      { validate: false },
    ).get("/a%20b/c%2Fd?e");
    expect(response.json()).toEqual(["/a%20b", "/c%2Fd?e", "/a%20b/c%2Fd?e"]);
  });
});

test("nodeApplication: next() without an answer is 404, next(error) fails, a rejected promise fails", async () => {
  expect((await clientOf((_request, _response, next) => next()).get("/")).status).toBe(404);
  expect((await clientOf((_request, _response, next) => next(new Error("no"))).get("/")).status).toBe(500);
  expect((await clientOf(() => Promise.reject(new Error("no"))).get("/")).status).toBe(500);
});

test("nodeApplication waits for a slow reader: write() says false, and drain follows", async () => {
  let drains = 0;
  const response = await clientOf((_request, answer) => {
    let left = 20;
    const more = (): void => {
      while (left > 0) {
        left -= 1;
        if (!answer.write(Buffer.alloc(50_000))) {
          answer.once("drain", () => {
            drains += 1;
            more();
          });
          return;
        }
      }
      answer.end();
    };
    more();
  }).get("/");
  expect(response.bytes().length).toBe(1_000_000);
  expect(drains).toBeGreaterThan(5);
});

test("nodeApplication: a client that leaves closes request, response and socket", async () => {
  const heard: string[] = [];
  await clientOf((request, response) => {
    response.on("close", () => heard.push("response"));
    request.socket.on("close", () => heard.push("socket"));
    response.write("begun");
  }).get("/", { leaveAfterBytes: 5 });
  await expect.poll(() => heard.toSorted()).toEqual(["response", "socket"]);
});

const koa = new Koa();
koa.use((context) => {
  context.body = `koa ${context.path}`;
});
const fastify = Fastify();
fastify.get("/x", () => "fastify /x");
const plain = createServer((request, response) => void response.end(`server ${request.url ?? ""}`));
const connect = express().use((request, response) => void response.send(`express ${request.url}`));

test.each([
  ["Koa", koa, "koa /x"],
  ["Fastify", fastify, "fastify /x"],
  ["a server of node:http", plain, "server /x"],
  ["Express", connect, "express /x"],
  [
    "a fetch handler",
    { fetch: (request: Request) => new Response(`fetch ${new URL(request.url).pathname}`) },
    "fetch /x",
  ],
])("adaptApplication sees %s by its shape", async (_, value, text) => {
  const client = new TestClient(await adaptApplication(value, "auto"), { validate: false });
  expect((await client.get("/x")).text()).toBe(text);
});

test("adaptApplication takes functions for what they are said to be", async () => {
  const textOf = async (value: unknown, kind: "fetch" | "node" | "jsgi"): Promise<string> =>
    (await new TestClient(await adaptApplication(value, kind), { validate: false }).get("/x?y")).text();
  expect(await textOf(() => new Response("fetched"), "fetch")).toBe("fetched");
  expect(await textOf((_: unknown, response: { end(text: string): void }) => response.end("ended"), "node")).toBe(
    "ended",
  );
  const jsgi = (request: { pathInfo: string; queryString: string }): object => ({
    status: 200,
    headers: { "Content-Type": "text/plain", "X-Two": ["a", "b"] },
    body: [request.pathInfo, "?", request.queryString],
  });
  expect(await textOf(jsgi, "jsgi")).toBe("/x?y");
});
