// What was reported of others that carry requests into applications of JavaScript and answers out of them, tried here over real sockets: hosts
// and paths that two readers understand differently, cookies that get lost, answers with a body that none may have.
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import express, { type RequestHandler } from "express";
import { Hono } from "hono";
import { afterEach, describe, expect, test } from "vitest";

import { toNodeHandler } from "../../src/gateways/node/node-handler.ts";
import { fetchApplication } from "../../src/guests/fetch/index.ts";
import { nodeApplication } from "../../src/guests/node/index.ts";
import { makeServer } from "../../src/server/make-server.ts";
import { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const hono = new Hono();
hono.get("/gone", () => new Response(null, { status: 204, headers: { "Content-Length": "5" } }));
hono.get("/cookies", (context) => {
  context.header("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", { append: true });
  context.header("Set-Cookie", "b=2", { append: true });
  return context.text("ok");
});
hono.get(
  "/passed-on",
  () =>
    new Response("body", { headers: { "Transfer-Encoding": "chunked", Connection: "close, X-A", "Keep-Alive": "1" } }),
);
hono.get("/short", () => new Response("abc", { headers: { "Content-Length": "30" } }));
hono.get("/long", () => new Response("abcdef", { headers: { "Content-Length": "3" } }));
hono.all("*", (context) => context.text(`${context.req.method} ${context.req.url} path=${context.req.path}`));

const web = express().disable("x-powered-by").disable("etag");
web.get("/gone", (_request, response) => void response.writeHead(204).end("body"));
web.get("/cookies", (_request, response) => {
  response.append("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT").append("Set-Cookie", "b=2").send("ok");
});
web.get("/passed-on", (_request, response) => {
  response.setHeader("Transfer-Encoding", "chunked");
  response.setHeader("Connection", "close, X-A");
  response.end("body");
});
web.get("/short", (_request, response) => void response.setHeader("Content-Length", "30").end("abc"));
web.get("/long", (_request, response) => void response.setHeader("Content-Length", "3").end("abcdef"));
web.use((request, response) => void response.send(`${request.method} ${request.originalUrl} path=${request.path}`));

/** What a server sends for some bytes, until it ends the connection. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk) => (text += String(chunk)));
    socket.on("close", () => resolve(text)).on("error", reject);
    socket.write(bytes, "latin1");
  });
}

/** Serves a guest, and gives what sends it bytes. */
async function serving(guest: WSGIApplication): Promise<(bytes: string) => Promise<string>> {
  const server = makeServer("127.0.0.1", 0, guest, { errors: new StringErrorStream() });
  await server.listen();
  cleanups.push(() => server.close(0));
  const port = Number(new URL(server.url).port);
  return (bytes) => exchange(port, bytes);
}

const get = (target: string, host = "shop.example", method = "GET"): string =>
  `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

const GUESTS: readonly (readonly [name: string, guest: WSGIApplication])[] = [
  ["a fetch handler (Hono)", fetchApplication(hono)],
  ["a (req, res) application (Express)", nodeApplication(web)],
];

describe.each(GUESTS)("%s", (_name, guest) => {
  test.each([
    "shop.example/?key=value",
    "user@shop.example",
    "a b",
    "shop.example<script>",
    "a.example\r\nHost: b.example",
  ])("the Host %j is refused, and the server goes on", async (host) => {
    const ask = await serving(guest);
    expect(await ask(get("/", host))).toMatch(/^HTTP\/1\.1 400 /);
    expect(await ask(get("/"))).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("an empty Host is answered", async () => {
    expect(await (await serving(guest))(get("/x", ""))).toMatch(/^HTTP\/1\.1 200 [^]*path=\/x$/);
  });

  test("a path with two slashes is a path, and names no host", async () => {
    expect(await (await serving(guest))(get("//evil.example/x"))).toMatch(/path=\/\/evil\.example\/x$/);
  });

  test("an absolute target counts, not the Host beside it", async () => {
    const answer = await (await serving(guest))(get("http://shop.example/a", "shop.example"));
    expect(answer).toMatch(/path=\/a$/);
  });

  test("204 and HEAD have no body, whatever the application says", async () => {
    const ask = await serving(guest);
    const gone = await ask(get("/gone"));
    expect(gone).toMatch(/^HTTP\/1\.1 204 [^]*\r\n\r\n$/);
    expect(gone).not.toMatch(/content-length|transfer-encoding/i);
    expect(await ask(get("/x", "h", "HEAD"))).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
  });

  test("two cookies with commas in them are two lines", async () => {
    const answer = await (await serving(guest))(get("/cookies"));
    expect(answer.match(/^set-cookie: .*$/gim)?.map((line) => line.slice(12))).toEqual([
      "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
      "b=2",
    ]);
  });

  test("framing that the application has set itself, or handed on, is not sent twice", async () => {
    const answer = await (await serving(guest))(get("/passed-on"));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain("body");
    expect(answer.match(/^(?:transfer-encoding|content-length):/gim)).toHaveLength(1);
    expect(answer.match(/^connection:.*/gim)).toEqual([expect.not.stringContaining("X-A")]);
  });

  test("a body that is shorter than announced does not look complete; one that is longer is cut", async () => {
    const ask = await serving(guest);
    const short = await ask(get("/short"));
    expect(short.startsWith("HTTP/1.1 500 ") || /content-length: 30\r\n[^]*\r\n\r\n(?:abc)?$/i.test(short)).toBe(true);
    const long = await ask(get("/long"));
    expect(long.startsWith("HTTP/1.1 500 ") || /content-length: 3\r\n[^]*\r\n\r\nabc$/i.test(long)).toBe(true);
  });
});

test.each(["/open/../admin", "/open/%2e%2e/admin", "/open/..%2fadmin"])(
  "no fetch handler sees /admin when a filter in front has seen %s",
  async (target) => {
    const seen = await (await serving(fetchApplication(hono)))(get(target));
    expect(seen).not.toContain("path=/admin");
  },
);

describe("an application as middleware of Express", () => {
  /** The answer to a request, behind what sets headers first. */
  async function behind(first: RequestHandler): Promise<Response> {
    const application: WSGIApplication = (_environ, startResponse) => {
      startResponse("200 OK", [
        ["Set-Cookie", "b=2"],
        ["Vary", "Accept-Encoding"],
        ["X-Own", "application"],
      ]);
      return [Buffer.from("ok")];
    };
    const server = createServer(express().use(first).use(toNodeHandler(application)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => server.close());
    return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      headers: { Connection: "close" },
    });
  }

  test("adds its cookies to those of a session, and what it varies by to that of CORS", async () => {
    const { headers } = await behind((_request, response, next) => {
      response.cookie("a", "1").vary("Origin").set("X-Own", "middleware");
      next();
    });
    expect(headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2"]);
    expect(headers.get("vary")).toBe("Origin, Accept-Encoding");
    expect(headers.get("x-own")).toBe("application");
  });
});
