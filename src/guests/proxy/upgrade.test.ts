// Connections that go over to another protocol through the proxy: real WebSockets, and upstreams and clients that break the rules.
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { OK, proxyTo, scripted, urlOf } from "../../../test/guests/proxied.ts";
import type { UpstreamScript } from "../../../test/guests/scripted-upstream.ts";
import { compress } from "../../middleware/compress.ts";
import { conditionalGet } from "../../middleware/conditional-get.ts";
import { contentLength } from "../../middleware/content-length.ts";
import { etag } from "../../middleware/etag.ts";
import { makeServer } from "../../server/make-server.ts";
import { rawRequest } from "../../testing/raw-request.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { validator } from "../../wsgi/validator.ts";
import { proxyApplication } from "./proxy-application.ts";

const OFFER = "GET /chat?room=1 HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nX-Own: 1\r\n\r\n";

/** Serves an application until the test is over. */
async function serve(application: WSGIApplication): Promise<{ readonly port: number; readonly errors: string[] }> {
  const errors: string[] = [];
  const server = makeServer("127.0.0.1", 0, application, {
    errors: { write: (text) => void errors.push(text), writelines() {}, flush() {} },
  });
  await server.listen();
  onTestFinished(() => server.close());
  const { address } = server;
  if (!("port" in address)) throw new Error("Expected a port");
  return { port: address.port, errors };
}

/** A client that has said something, and hears. */
async function speak(
  port: number,
  text: string,
): Promise<{ socket: Socket; heard: () => string; ended: () => boolean }> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let heard = "";
  let isEnded = false;
  socket.on("data", (chunk) => (heard += chunk.toString("latin1")));
  socket.on("end", () => (isEnded = true));
  socket.on("error", () => (isEnded = true));
  await once(socket, "connect");
  socket.write(text);
  return { socket, heard: () => heard, ended: () => isEnded };
}

describe("A real WebSocket", () => {
  test("speaks through the proxy, in both directions, however long its messages are", async () => {
    const upstream = createServer();
    const sockets = new WebSocketServer({ server: upstream });
    sockets.on("connection", (socket, request) => {
      socket.send(`hello ${request.url}`);
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    onTestFinished(() => void upstream.close());
    const proxy = proxyTo(urlOf(upstream.address() as AddressInfo));
    const { port } = await serve(proxy);
    const client = new WebSocket(`ws://127.0.0.1:${port}/chat?a=b`);
    const messages: Buffer[] = [];
    client.on("message", (data: Buffer) => void messages.push(data));
    await once(client, "open");
    const long = Buffer.alloc(3_000_000, "0123456789");
    client.send("short");
    client.send(long);
    await expect.poll(() => messages.length).toBe(3);
    expect([String(messages[0]), String(messages[1]), messages[2]?.equals(long)]).toEqual([
      "hello /chat?a=b",
      "short",
      true,
    ]);
    expect(proxy.stats().addresses[0]).toMatchObject({ active: 0, tunnels: 1 });
    client.close(1000, "done");
    await once(client, "close");
    await expect.poll(() => proxy.stats().addresses[0]?.tunnels).toBe(0);
  });
});

describe("Another protocol", () => {
  test("is asked for with the client's words, and what came early is not lost", async () => {
    const upstream = await scripted(async ({ saw, say, end }) => {
      await saw("\r\n\r\n");
      say(`${SWITCH}first`);
      await saw("early");
      say(" second");
      end();
    });
    const { port } = await serve(proxyTo(urlOf(upstream)));
    const { heard, ended } = await speak(port, `${OFFER}early`);
    await expect.poll(ended).toBe(true);
    expect(upstream.connections[0]?.text).toContain("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    expect(upstream.connections[0]?.text).toMatch(/\r\n\r\nearly$/);
    expect(heard()).toMatch(
      /^HTTP\/1\.1 101 Switching Protocols\r\nX-Own: 1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst second$/,
    );
  });

  test("the end of the client's side reaches the upstream, which can go on", async () => {
    const upstream = await scripted(async ({ saw, say, end, closed }) => {
      await saw("\r\n\r\n");
      say(SWITCH);
      await closed();
      say("last words");
      end();
    });
    const { port } = await serve(proxyTo(urlOf(upstream)));
    const { socket, heard, ended } = await speak(port, OFFER);
    socket.end();
    await expect.poll(ended).toBe(true);
    expect(heard()).toMatch(/\r\n\r\nlast words$/);
  });

  test.each<[string, (socket: Socket) => void]>([
    ["cuts the connection", (socket) => void socket.resetAndDestroy()],
    ["is gone", (socket) => void socket.destroy()],
  ])("a client that %s ends the upstream's connection, without a word in the log", async (_what, leave) => {
    const upstream = await scripted(async ({ saw, say, closed }) => {
      await saw("\r\n\r\n");
      say(SWITCH);
      await closed();
    });
    const { port, errors } = await serve(proxyTo(urlOf(upstream), { readSeconds: 1 }));
    const { socket, heard } = await speak(port, OFFER);
    await expect.poll(heard).toContain("101");
    leave(socket);
    await expect.poll(() => upstream.connections[0]?.closed()).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test("a client that has left before the upstream goes over is no fault, and no word in the log", async () => {
    let leave = (): void => {};
    const left = new Promise<void>((resolve) => void (leave = resolve));
    const upstream = await scripted(async ({ saw, say }) => {
      await saw("\r\n\r\n");
      await left;
      say(SWITCH);
    });
    const proxy = proxyTo(urlOf(upstream));
    const { port, errors } = await serve((environ, startResponse) => {
      environ["tsgi.signal"]?.addEventListener("abort", () => leave());
      return proxy(environ, startResponse);
    });
    const { socket } = await speak(port, OFFER);
    await expect.poll(() => upstream.connections[0]?.text).toMatch(/\r\n\r\n$/);
    socket.resetAndDestroy();
    await left;
    await upstream.connections[0]?.closed();
    expect(errors).toEqual([]);
  });

  test("an upstream that cuts the connection ends that of the client", async () => {
    const upstream = await scripted(async ({ saw, say, reset }) => {
      await saw("\r\n\r\n");
      say(`${SWITCH}x`);
      await saw("go");
      reset();
    });
    const { port } = await serve(proxyTo(urlOf(upstream)));
    const { socket, heard, ended } = await speak(port, OFFER);
    await expect.poll(heard).toMatch(/x$/);
    socket.write("go");
    await expect.poll(ended).toBe(true);
  });

  test("passes middleware that changes bodies, and waits for none of it", async () => {
    const upstream = await scripted(async ({ saw, say, end }) => {
      await saw("\r\n\r\n");
      say(SWITCH);
      await saw("hello");
      say("x".repeat(5000));
      end();
    });
    const around = [validator, compress(), etag(), contentLength(), conditionalGet()];
    const { port, errors } = await serve(
      around.reduce((inner, wrap) => wrap(inner), proxyTo(urlOf(upstream)) as WSGIApplication),
    );
    const offer = OFFER.replace("\r\n\r\n", "\r\nAccept-Encoding: gzip\r\n\r\n");
    const { socket, heard, ended } = await speak(port, offer);
    await expect.poll(heard).toContain("\r\n\r\n");
    socket.write("hello");
    await expect.poll(ended).toBe(true);
    expect(heard()).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\nx{5000}$/);
    expect(errors).toEqual([]);
  });

  test("silence on both sides ends it after its own time, not after that of answers", async () => {
    const upstream = await scripted(async ({ saw, say }) => {
      await saw("\r\n\r\n");
      say(SWITCH);
    });
    const proxy = proxyTo(urlOf(upstream), { readSeconds: 0.1, totalSeconds: 0.2, tunnelSeconds: 1.5 });
    const { port, errors } = await serve(proxy);
    const { socket, heard, ended } = await speak(port, OFFER);
    await expect.poll(heard).toContain("101");
    for (let times = 0; times < 8; times += 1) {
      await new Promise((resolve) => void setTimeout(resolve, 100));
      socket.write("x");
    }
    expect(ended()).toBe(false);
    await expect.poll(ended).toBe(true);
    expect(errors).toEqual([]);
  });

  test("takes no place from requests", async () => {
    const upstream = await scripted(async ({ saw, say }) => {
      await saw("\r\n\r\n");
      const { text } = upstream.connections.at(-1) ?? { text: "" };
      say(text.includes("Upgrade") ? SWITCH : OK);
    });
    const proxy = proxyTo(urlOf(upstream), { maxConnections: 1, maxQueue: 1, readSeconds: 1 });
    const { port } = await serve(proxy);
    for (let times = 0; times < 3; times += 1) {
      const { heard } = await speak(port, OFFER);
      await expect.poll(heard).toContain("101");
    }
    expect(proxy.stats().addresses[0]).toMatchObject({ active: 0, tunnels: 3 });
    const { text } = await rawRequest(
      { host: "127.0.0.1", port },
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  test("a client that does not read holds the upstream up", async () => {
    let written = 0;
    const upstream = await scripted(async ({ saw, say, socket }) => {
      await saw("\r\n\r\n");
      say(SWITCH);
      const chunk = Buffer.alloc(1_000_000);
      for (let times = 0; times < 60; times += 1) {
        if (!socket.write(chunk)) await once(socket, "drain");
        written += chunk.length;
      }
    });
    const { port } = await serve(proxyTo(urlOf(upstream)));
    const { socket, heard } = await speak(port, OFFER);
    await expect.poll(heard).toContain("101");
    socket.pause();
    let before = -1;
    await expect
      .poll(async () => {
        const isStill = before === written;
        before = written;
        return isStill;
      })
      .toBe(true);
    expect(written).toBeLessThan(40_000_000);
  });
});

describe("What is not handed over to another protocol", () => {
  const refusing = (text: string): UpstreamScript => {
    return async ({ saw, say, end }) => {
      await saw("\r\n\r\n");
      say(text);
      end();
    };
  };
  const ask = async (text: string, sent = OFFER, options: Parameters<typeof proxyTo>[1] = {}) => {
    const upstream = await scripted(refusing(text));
    const { port, errors } = await serve(proxyTo(urlOf(upstream), options));
    const exchange = await rawRequest({ host: "127.0.0.1", port }, sent, { until: (got) => got.includes("\r\n\r\n") });
    return { text: exchange.text, asked: upstream.connections[0]?.text ?? "", errors };
  };

  test("a request that the upstream declines is answered in HTTP, and the next one is a request of its own", async () => {
    const declined = `HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno`;
    const upstream = await scripted(async ({ saw, say }) => {
      await saw("\r\n\r\n");
      say(declined);
      await saw("\r\n\r\n", 2);
      say(OK);
    });
    const { port } = await serve(proxyTo(urlOf(upstream)));
    const next = "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    const { text } = await rawRequest({ host: "127.0.0.1", port }, OFFER + next);
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(["426", "200"]);
    expect(upstream.connections.map((connection) => connection.text).join("")).toContain(
      "GET /next HTTP/1.1\r\nHost: h\r\n",
    );
  });

  test.each([
    ["another protocol than was asked for", SWITCH.replace("WebSocket", "h2c"), 'switched to the protocol "h2c"'],
    ["no protocol", SWITCH.replace("Upgrade: WebSocket\r\n", ""), 'switched to the protocol ""'],
    ["two protocols", SWITCH.replace("WebSocket", "websocket, x"), 'switched to the protocol "websocket, x"'],
  ])("an upstream that goes over to %s: 502", async (_what, text, message) => {
    const answer = await ask(text);
    expect(answer.text).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer.errors.join("")).toContain(message);
  });

  test.each([
    ["h2c, which would carry requests past this proxy", OFFER.replace("websocket", "h2c"), {}],
    ["what the proxy is told not to", OFFER, { upgrade: [] }],
    ["what Connection does not name", OFFER.replace("keep-alive, Upgrade", "keep-alive"), {}],
    ["what comes with a body", OFFER.replace("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\nx"), {}],
    ["what a client of HTTP/1.0 asks for", OFFER.replace("HTTP/1.1", "HTTP/1.0"), {}],
    ["what comes with HEAD, whose answer has no body", OFFER.replace("GET", "HEAD"), {}],
  ])("%s is a plain request", async (_what, sent, options) => {
    const { text, asked } = await ask(OK, sent, options);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(asked).not.toMatch(/upgrade/i);
    const switched = await ask(SWITCH, sent, options);
    expect(switched.text).toMatch(/^HTTP\/1\.1 502 /);
  });

  test("a name that is no protocol is refused", () => {
    expect(() => proxyApplication({ upstream: "http://127.0.0.1:1", upgrade: ["web socket"] })).toThrow(
      'Option "upgrade" has "web socket"; expected names of protocols such as "websocket"',
    );
  });
});
