import { describe, expect, test } from "vitest";

import { HttpServer } from "../../src/http/server.ts";
import type { WSGIServer } from "../../src/server/make-server.ts";
import { rawRequest } from "../../src/testing/raw-request.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { answering, echoApp, ignoreApp, latePathApp, pathApp } from "./applications.ts";
import { eventually, serve } from "./serve.ts";
import { bodiesOf, Wire } from "./wire.ts";

const get = (path: string, ...fields: string[]): string =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
const PATHS = Array.from({ length: 20 }, (_, index) => `/${"x".repeat((index * 7) % 20)}${index}`);
const mixedApp: WSGIApplication = (environ, startResponse) =>
  (environ.PATH_INFO.length % 2 === 0 ? pathApp : latePathApp)(environ, startResponse);

describe.each([
  ["at once", pathApp],
  ["later", latePathApp],
  ["in both ways", mixedApp],
])("pipelined requests to an application that answers %s", (_how, application) => {
  const requests = PATHS.map((path) => get(path)).join("");

  test("are answered in order, and logged in order", async () => {
    const { address, entries } = await serve(application);
    const { text, end } = await rawRequest(address, requests + get("/last", "Connection: close"));
    expect(end).toBe("closed");
    expect(bodiesOf(text)).toEqual([...PATHS, "/last"]);
    expect(entries.map(({ environ }) => environ.PATH_INFO)).toEqual([...PATHS, "/last"]);
  });

  test("are all answered after the client has ended its side", async () => {
    const { address } = await serve(application);
    const { text, end } = await rawRequest(address, requests, { halfClose: true });
    expect(end).toBe("closed");
    expect(bodiesOf(text)).toEqual(PATHS);
  });

  test("are answered whatever the pieces in which they come", async () => {
    const { address } = await serve(application);
    for (const split of [1, 2, 7, 61]) {
      const { text } = await rawRequest(address, requests, { halfClose: true, split });
      expect(bodiesOf(text)).toEqual(PATHS);
    }
  });

  test("are not looked at behind one that is refused (CVE-2024-49768)", async () => {
    const { address, entries } = await serve(application);
    const { text, end } = await rawRequest(address, `${get("/1")}GET /2 HTTP/1.1\r\n\r\n${get("/3")}`);
    expect(end).toBe("closed");
    expect(bodiesOf(text)).toEqual(["/1", "400 Bad Request\n"]);
    expect(entries).toHaveLength(1);
  });

  test("are not looked at behind one that ends the connection", async () => {
    const { address, entries } = await serve(application);
    const { text } = await rawRequest(address, get("/1", "Connection: close") + get("/2"));
    expect(bodiesOf(text)).toEqual(["/1"]);
    expect(entries).toHaveLength(1);
  });
});

describe("the connection", () => {
  test.each([
    ["HTTP/1.1", get("/"), "idle", null],
    ["HTTP/1.1 with close", get("/", "Connection: close"), "closed", "close"],
    ["HTTP/1.1 with Close among others", get("/", "Connection: a, Close"), "closed", "close"],
    [
      "HTTP/1.1 with close in a second field",
      get("/", "Connection: keep-alive", "Connection: close"),
      "closed",
      "close",
    ],
    ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "closed", "close"],
    ["HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "idle", "keep-alive"],
    ["HTTP/1.0 with both", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "closed", "close"],
  ])("of %s", async (_title, request, end, connection) => {
    const { address } = await serve(ignoreApp);
    const exchange = await rawRequest(address, request, { timeoutMs: 300 });
    expect(exchange.end).toBe(end);
    expect(/^Connection: (.*)\r$/im.exec(exchange.text)?.[1] ?? null).toBe(connection);
  });

  test("of HTTP/1.0 ends with a body of unknown length", async () => {
    const { address } = await serve(answering(() => [Buffer.alloc(40_000, 97), Buffer.alloc(40_000, 98)]));
    const { text, end } = await rawRequest(address, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(end).toBe("closed");
    expect(text).toMatch(/Connection: close\r\n/);
    expect(text).not.toMatch(/Transfer-Encoding/i);
    expect(text.length - text.indexOf("\r\n\r\n") - 4).toBe(80_000);
  });

  test("ends after maxRequestsPerConnection, and says so", async () => {
    const { address } = await serve(pathApp, { limits: { maxRequestsPerConnection: 3 } });
    const { text, end } = await rawRequest(address, get("/1") + get("/2") + get("/3") + get("/4"));
    expect(end).toBe("closed");
    expect(bodiesOf(text)).toEqual(["/1", "/2", "/3"]);
    expect(text.match(/Connection: close/g)).toHaveLength(1);
  });

  test("ends without an answer when the client ends it within a head", async () => {
    const { address, server, entries } = await serve(pathApp);
    const { text, end } = await rawRequest(address, "GET / HTTP/1.1\r\nHost: h\r\n", { halfClose: true });
    expect([text, end]).toEqual(["", "closed"]);
    await eventually(() => server.connectionCount === 0);
    expect(entries).toEqual([]);
  });

  test("ends with 400 when the client ends it within a body that is read", async () => {
    const { address, errors } = await serve(echoApp);
    const request = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel";
    const { text, end } = await rawRequest(address, request, { halfClose: true });
    expect(end).toBe("closed");
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(errors()).toBe("");
  });

  test("is closed by a server that stops: idle ones at once, the others behind their answer", async () => {
    const { address, server } = await serve(latePathApp);
    const idle = await Wire.open(address);
    const busy = await Wire.open(address);
    idle.send(get("/idle"));
    await idle.until("/idle");
    busy.send(get("/1") + get("/2"));
    await busy.until("/1");
    const closed = server.close(5);
    await Promise.all([idle.ended(), busy.ended(), closed]);
    expect(bodiesOf(busy.text)).toEqual(["/1", "/2"]);
    expect(server.connectionCount).toBe(0);
  });

  describe("of a server that begins to stop within an answer, which has promised a next one", () => {
    async function begin(): Promise<{ server: WSGIServer; wire: Wire; finish: () => void }> {
      let finish: () => void = () => {};
      const streamApp = answering(async function* streaming() {
        yield Buffer.from("first");
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        yield Buffer.from("last");
      });
      const { address, server } = await serve(
        (environ, startResponse) => (environ.PATH_INFO === "/stream" ? streamApp : pathApp)(environ, startResponse),
        { limits: { keepAliveTimeoutSeconds: 1000 } },
      );
      const wire = await Wire.open(address);
      wire.send(get("/stream"));
      await wire.until("first");
      return { server, wire, finish: () => finish() };
    }

    test("answers that one, and says that it is the last", async () => {
      const { server, wire, finish } = await begin();
      const closed = server.close(1000);
      finish();
      await wire.until("last\r\n0\r\n\r\n");
      wire.send(get("/next") + get("/never"));
      const text = await wire.ended();
      expect(wire.ending).toBe("closed");
      expect(wire.statuses).toEqual([200, 200]);
      expect(text).toMatch(/Connection: close\r\n\r\n\/next$/);
      await closed;
    });

    test("ends when that one does not come", async () => {
      const { server, wire, finish } = await begin();
      const closed = server.close(1000);
      finish();
      await closed;
      expect(await wire.ended()).toMatch(/last\r\n0\r\n\r\n$/);
    });
  });

  test("does not hold up a server that stops by a head which has only begun", async () => {
    const { address, server } = await serve(pathApp, { limits: { headTimeoutSeconds: 1000, lingerSeconds: 0.5 } });
    const fresh = await Wire.open(address);
    const used = await Wire.open(address);
    fresh.send("GET / HT");
    used.send(`${get("/1")}GET /2 HT`);
    await used.until("/1");
    await eventually(() => server.connectionCount === 2);
    // Its first bytes have been read when a later connection has been answered.
    expect((await rawRequest(address, get("/", "Connection: close"))).end).toBe("closed");
    await server.close(1000);
    await Promise.all([fresh.ended(), used.ended()]);
    expect([fresh.statuses, used.statuses]).toEqual([[408], [200, 408]]);
  });

  test.each([
    ["has come to its end", "3\r\nabc\r\n0\r\n\r\n", null],
    ["has not begun", "", "close"],
    ["has come in part", "3\r\nabc\r\n", "close"],
    ["is nonsense", "xyz\r\n", "close"],
  ])("is promised to go on when a body in chunks that nobody reads %s", async (_title, body, connection) => {
    for (const application of [ignoreApp, latePathApp]) {
      const { address } = await serve(application);
      const request = `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
      const { text, end } = await rawRequest(address, request, { timeoutMs: 300 });
      expect(/^Connection: (.*)\r$/im.exec(text)?.[1] ?? null).toBe(connection);
      expect(end).toBe(connection === null ? "idle" : "closed");
    }
  });

  test.each([["twice"], ["for ever", Number.POSITIVE_INFINITY], ["for a month", 2_678_400]])(
    "is not cut, and is waited for, by an engine that is told to close %s",
    async (_title, graceSeconds = 1000) => {
      let finish: (() => void) | null = null;
      const server = new HttpServer({
        newVariables: () => ({}),
        handle(exchange) {
          exchange.announce("200 OK", []);
          finish = () => exchange.sendWhole(Buffer.from("whole"));
        },
      });
      const bound = (await server.listen({ host: "127.0.0.1", port: 0 })).address();
      const port = typeof bound === "object" ? (bound?.port ?? 0) : 0;
      const wire = await Wire.open({ host: "127.0.0.1", port });
      wire.send(get("/"));
      await eventually(() => finish !== null);
      const closed = [server.close(graceSeconds), server.close(graceSeconds)];
      // A timer that has overflowed would have fired by now.
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
      (finish as (() => void) | null)?.();
      expect(await wire.ended()).toMatch(/Connection: close\r\n\r\nwhole$/);
      await Promise.all(closed);
    },
  );
});
