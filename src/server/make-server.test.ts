import { connect } from "node:net";

import { describe, expect, onTestFinished, test, vi } from "vitest";

import { rawRequest } from "../testing/raw-request.ts";
import type { WSGIApplication, WSGIBody } from "../wsgi/types.ts";
import { makeServer, type WSGIServer } from "./make-server.ts";

const GET = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const application: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [Buffer.from(environ.PATH_INFO)];
};

function made(port = 0): WSGIServer {
  const server = makeServer("127.0.0.1", port, application);
  onTestFinished(() => server.close(0));
  return server;
}

describe("makeServer", () => {
  test("takes an application as function, object and class", async () => {
    class Application {
      readonly #path: string;
      constructor(...[environ, startResponse]: Parameters<WSGIApplication>) {
        startResponse("200 OK", []);
        this.#path = environ.PATH_INFO;
      }
      *[Symbol.iterator](): Iterator<Uint8Array> {
        yield Buffer.from(this.#path);
      }
    }
    const object = {
      call: (...given: Parameters<WSGIApplication>): WSGIBody | Promise<WSGIBody> => application(...given),
    };
    for (const each of [application, object, Application]) {
      const server = makeServer("127.0.0.1", 0, each);
      onTestFinished(() => server.close(0));
      await server.listen();
      expect((await rawRequest(server.address, GET)).text).toContain("/x");
    }
  });

  test("refuses what is no application, at once", () => {
    expect(() => makeServer("127.0.0.1", 0, "text" as unknown as WSGIApplication)).toThrow(/application/i);
  });

  test("has no address before it listens", () => {
    expect(() => made().address).toThrow("listen()");
  });

  test("listens once, however often it is asked", async () => {
    const server = made();
    await Promise.all([server.listen(), server.listen()]);
    const { url } = server;
    await server.listen();
    expect(server.url).toBe(url);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test("says which port is taken", async () => {
    const first = made();
    await first.listen();
    const { address } = first;
    if (!("port" in address)) throw new Error("Expected a TCP server");
    await expect(made(address.port).listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("serveForever", () => {
  test("listens, serves, and resolves when the server is closed", async () => {
    const server = made();
    const served = server.serveForever();
    await server.listen();
    expect((await rawRequest(server.address, GET)).text).toContain("/x");
    await server.close();
    await served;
    await expect(rawRequest(server.address, GET)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("fails when it cannot listen", async () => {
    const first = made();
    await first.listen();
    const { address } = first;
    if (!("port" in address)) throw new Error("Expected a TCP server");
    await expect(made(address.port).serveForever()).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("close", () => {
  test("before listen() does nothing, twice does it once", async () => {
    const server = made();
    await Promise.all([server.close(), server.close()]);
    expect(server.connectionCount).toBe(0);
  });

  test("cuts what is not complete after the grace", async () => {
    let call: () => void = () => {};
    const called = new Promise<void>((resolve) => {
      call = resolve;
    });
    const server = makeServer("127.0.0.1", 0, () => {
      call();
      return new Promise<never>(() => {});
    });
    await server.listen();
    const { address } = server;
    if (!("port" in address)) throw new Error("Expected a TCP server");
    const socket = connect(address.port, address.host);
    socket.on("error", () => {});
    socket.write(GET);
    await called;
    await server.close(0.1);
    expect(server.connectionCount).toBe(0);
    socket.destroy();
  });

  test("stops every clock that was started", async () => {
    const started = vi.spyOn(globalThis, "setInterval");
    const stopped = vi.spyOn(globalThis, "clearInterval");
    onTestFinished(() => {
      started.mockRestore();
      stopped.mockRestore();
    });
    const server = makeServer("127.0.0.1", 0, application);
    await server.listen();
    await rawRequest(server.address, GET);
    await server.close();
    const timers = started.mock.results.map(({ value }) => value as unknown);
    expect(timers.length).toBeGreaterThan(0);
    expect(stopped.mock.calls.map(([timer]) => timer)).toEqual(expect.arrayContaining(timers));
  });
});
