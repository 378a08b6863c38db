import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { Wire } from "../../test/engine/wire.ts";
import { HttpGateway } from "../gateways/http/gateway.ts";
import { rawRequest } from "../testing/raw-request.ts";
import type { Limits } from "./limits.ts";
import { HttpServer } from "./server.ts";

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

interface Running {
  readonly server: HttpServer;
  readonly listener: Server;
  readonly port: number;
  readonly refusals: string[];
  /** Lets the answer to `/stream` end. */
  readonly finish: () => void;
  readonly open: () => Promise<Wire>;
}

/** A server that answers with the path; the answer to `/stream` waits for `finish`. */
async function serve(limits: Partial<Limits> = {}): Promise<Running> {
  let finish: () => void = () => {};
  const refusals: string[] = [];
  const server = new HttpServer(
    new HttpGateway(
      (environ, startResponse) => {
        startResponse("200 OK", []);
        if (environ.PATH_INFO !== "/stream") return [Buffer.from(environ.PATH_INFO)];
        return (async function* streaming() {
          yield Buffer.from("first");
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
        })();
      },
      { refused: ({ code }) => void refusals.push(code) },
    ),
    { limits: { keepAliveTimeoutSeconds: 1000, ...limits } },
  );
  onTestFinished(() => server.close(0));
  const listener = await server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = listener.address() as AddressInfo; // it listens on TCP
  const open = (): Promise<Wire> => Wire.open({ host: "127.0.0.1", port });
  return { server, listener, port, refusals, finish: () => finish(), open };
}

async function serveStream(): Promise<Running & { readonly wire: Wire }> {
  const running = await serve();
  const wire = await running.open();
  wire.send(get("/stream"));
  await wire.until("first");
  return { ...running, wire };
}

describe("HttpServer.drain", () => {
  test("that began within an answer lets the next request come, and says that it is the last", async () => {
    const { server, wire, finish } = await serveStream();
    server.beginDrain(1000);
    finish();
    await wire.until("0\r\n\r\n");
    wire.send(get("/next"));
    expect(await wire.ended()).toMatch(/Connection: close\r\n\r\n\/next$/);
  });

  test("that leaves no time to idle connections ends behind the answer", async () => {
    const { server, wire, finish, port } = await serveStream();
    server.beginDrain(0);
    expect(server.isClosing).toBe(true);
    expect((await rawRequest({ host: "127.0.0.1", port }, get("/x"))).text).toContain("Connection: close");
    finish();
    expect(await wire.ended()).toMatch(/0\r\n\r\n$/);
  });

  test("is done as soon as nobody is there any more", async () => {
    const { server, listener, wire, finish } = await serveStream();
    listener.close();
    const drained = server.drain(1000, 1000);
    finish();
    await wire.until("0\r\n\r\n");
    wire.socket.destroy();
    await drained;
    expect(server.connectionCount).toBe(0);
  });

  test("leaves idle connections their time, and then ends them", async () => {
    const { server, open } = await serve();
    const wire = await open();
    wire.send(get("/a"));
    await wire.until("/a");
    const drained = server.drain(0.2, 1000);
    expect(server.connectionCount).toBe(1);
    await wire.ended();
    wire.socket.destroy();
    await drained;
    expect(server.connectionCount).toBe(0);
  });

  test("cuts what is open when its time is over", async () => {
    const { server, wire } = await serveStream();
    await server.drain(0, 0.1);
    expect(await wire.ended()).toMatch(/first\r\n$/);
  });
});

describe("HttpServer.close", () => {
  test("waits for answers in hand, and a second call with less time cuts them", async () => {
    const { server, wire } = await serveStream();
    const first = server.close(1000);
    const second = server.close(0);
    await Promise.all([first, second]);
    expect([server.connectionCount, await wire.ended()]).toEqual([0, expect.stringMatching(/first\r\n$/)]);
  });

  test("takes no time where nobody is connected, also without an end to its time", async () => {
    const { server } = await serve();
    await server.close(Number.POSITIVE_INFINITY);
    expect(server.isClosing).toBe(true);
  });
});

describe("HttpServer.hold", () => {
  test("lets connections wait until they are released, with what their clients have sent", async () => {
    const { server, open } = await serve();
    server.hold();
    const wire = await open();
    wire.send(get("/held"));
    const other = await open();
    expect(server.connectionCount).toBe(0);
    server.release();
    await wire.until("/held");
    other.send(get("/other"));
    await other.until("/other");
    expect(server.connectionCount).toBe(2);
  });

  test("forgets those whose clients do not wait", async () => {
    const { server, listener, open } = await serve();
    server.hold();
    const accepted = once(listener, "connection") as Promise<[Socket]>;
    const wire = await open();
    const [socket] = await accepted;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    // Reading finds the reset, which nobody but the server listens for.
    socket.resume();
    wire.socket.resetAndDestroy();
    await closed;
    server.release();
    expect(server.connectionCount).toBe(0);
  });
});

describe("HttpServer: connections above the limit", () => {
  test("take the place of an idle one", async () => {
    const { open, refusals } = await serve({ maxConnections: 1 });
    const idle = await open();
    idle.send(get("/a"));
    await idle.until("/a");
    const wire = await open();
    wire.send(get("/b"));
    await wire.until("/b");
    await idle.ended();
    expect(refusals).toEqual([]);
  });

  test("are answered with 503 where all others are busy", async () => {
    const { open, server, refusals } = await serve({ maxConnections: 1 });
    const busy = await open();
    busy.send(get("/stream"));
    await busy.until("first");
    const wire = await open();
    expect(await wire.ended()).toContain("503 Service Unavailable");
    expect(refusals).toEqual(["ERR_HTTP_TOO_MANY_CONNECTIONS"]);
    expect(server.connectionCount).toBeGreaterThan(0);
  });
});

describe("HttpServer.listen", () => {
  test("fails with the system's error, and so does a path that is too long", async () => {
    const { server, port } = await serve();
    await expect(server.listen({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await expect(server.listen({ fd: 1_000_000 })).rejects.toMatchObject({ syscall: "listen" });
    await expect(server.listen({ path: join(tmpdir(), "x".repeat(200)) })).rejects.toMatchObject({
      code: "ERR_HTTP_SOCKET_PATH",
    });
  });

  test("serves unix sockets", async () => {
    const { server } = await serve();
    const path = join(tmpdir(), `tsgi-server-test-${process.pid}.sock`);
    onTestFinished(() => rmSync(path, { force: true }));
    await server.listen({ path });
    expect(
      (await rawRequest({ path }, get("/unix").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"))).text,
    ).toMatch(/\/unix$/);
  });

  test("tells when a connection cannot be accepted, and goes on", async () => {
    const failures: Error[] = [];
    const server = new HttpServer({
      newVariables: () => ({}),
      handle() {},
      acceptFailed: (error) => void failures.push(error),
    });
    onTestFinished(() => server.close(0));
    const listener = await server.listen({ host: "127.0.0.1", port: 0 });
    const failure = new Error("accept EMFILE");
    listener.emit("error", failure);
    expect([failures, listener.listening]).toEqual([[failure], true]);
  });
});

describe("sockets that another process has accepted", () => {
  test("are served as a listener's own", async () => {
    const { server } = await serve();
    const receive = server.receiver();
    const acceptor = createServer({ pauseOnConnect: true }, receive);
    onTestFinished(() => void acceptor.close());
    await new Promise<void>((resolve) => acceptor.listen(0, "127.0.0.1", resolve));
    const wire = await Wire.open({ host: "127.0.0.1", port: (acceptor.address() as AddressInfo).port });
    wire.send(get("/received"));
    await wire.until("/received");
    expect(server.connectionCount).toBe(1);
    wire.socket.destroy();
  });

  test("may have ended on their way", async () => {
    const { server, port } = await serve();
    const socket = connect({ host: "127.0.0.1", port });
    await once(socket, "connect");
    socket.destroy();
    server.accept(socket);
    await expect.poll(() => server.connectionCount).toBe(0);
  });
});

test("HttpServer tells its listener the time while it listens", async () => {
  let ticked: (now: number) => void = () => {};
  const tick = new Promise<number>((resolve) => (ticked = resolve));
  const server = new HttpServer({ newVariables: () => ({}), handle() {}, tick: (now) => ticked(now) });
  await server.listen({ host: "127.0.0.1", port: 0 });
  expect(await tick).toBeGreaterThan(0);
  await server.close(0);
});
