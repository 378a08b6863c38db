// The engine behind balancers that announce connections, over real sockets: plain and TLS.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect as connectTls, type TlsOptions } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";

import { TrustedProxies } from "../gateways/trusted-proxies.ts";
import { HttpGateway } from "../gateways/http/gateway.ts";
import { HttpServer } from "./server.ts";
import { makeIdentities } from "../../test/engine/certificates.ts";
import { Wire } from "../../test/engine/wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const FROM = "PROXY TCP4 203.0.113.9 10.0.0.1 5001 443\r\n";

interface Running {
  readonly port: number;
  readonly refused: string[];
}

/** A server that says whom it thinks it talks to. */
async function serve(allowed: string, tls: TlsOptions | null = null, headTimeoutSeconds = 10): Promise<Running> {
  const refused: string[] = [];
  const gateway = new HttpGateway(
    (environ, startResponse) => {
      startResponse("200 OK", []);
      const { REMOTE_ADDR, REMOTE_PORT, SERVER_NAME, SERVER_PORT } = environ;
      const scheme = environ["wsgi.url_scheme"];
      return [Buffer.from(`${scheme} ${REMOTE_ADDR} ${String(REMOTE_PORT)} ${SERVER_NAME} ${SERVER_PORT}`)];
    },
    { refused: (error) => refused.push(error.code) },
  );
  const trusted = TrustedProxies.parse(allowed);
  const server = new HttpServer(gateway, {
    limits: { headTimeoutSeconds },
    proxyProtocol: { version: "auto", isAllowed: (address) => trusted.isTrusted(address) },
  });
  const listener = await server.listen({ port: 0, host: "127.0.0.1" }, tls);
  onTestFinished(() => server.close(0));
  return { port: (listener.address() as AddressInfo).port, refused };
}

async function open(port: number): Promise<Wire> {
  return await Wire.open({ host: "127.0.0.1", port });
}

describe("HttpServer with the PROXY protocol", () => {
  test("serves the client that the header names", async () => {
    const wire = await open((await serve("127.0.0.1")).port);
    wire.send(FROM + GET);
    await expect.poll(() => wire.text).toMatch(/\r\n\r\nhttp 203\.0\.113\.9 5001 10\.0\.0\.1 443$/);
  });

  test("reads a header in pieces, and several requests behind it", async () => {
    const wire = await open((await serve("127.0.0.1")).port);
    for (const byte of FROM.slice(0, -1)) {
      wire.send(byte);
      await new Promise(setImmediate);
    }
    wire.send("\n");
    wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    wire.send(GET);
    await expect.poll(() => wire.statuses).toEqual([200, 200]);
    expect(wire.text.match(/203\.0\.113\.9 5001/g)).toHaveLength(2);
  });

  test("takes a balancer that speaks for itself as it is", async () => {
    const wire = await open((await serve("127.0.0.1")).port);
    wire.send(Buffer.concat([Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex"), Buffer.from(GET)]));
    await expect.poll(() => wire.text).toMatch(/http 127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+$/);
  });

  test("closes on a peer that must send a header and does not, and says so", async () => {
    const { port, refused } = await serve("127.0.0.1");
    const wire = await open(port);
    wire.send(GET);
    await expect.poll(() => wire.ending).not.toBeNull();
    expect(wire.text).toBe("");
    expect(refused).toEqual(["ERR_HTTP_PROXY_PROTOCOL"]);
  });

  test("refuses a header from a peer that may send none as the bad request that it is", async () => {
    const wire = await open((await serve("10.0.0.1")).port);
    wire.send(FROM + GET);
    await expect.poll(() => wire.statuses).toEqual([400]);
    expect(wire.text).not.toContain("203.0.113.9");
  });

  test("serves a peer that may send none without one", async () => {
    const wire = await open((await serve("10.0.0.1")).port);
    wire.send(GET);
    await expect.poll(() => wire.text).toMatch(/http 127\.0\.0\.1/);
  });

  test("does not wait for a header for ever", async () => {
    const wire = await open((await serve("127.0.0.1", null, 0.2)).port);
    wire.send("PROXY TC");
    await expect.poll(() => wire.ending).not.toBeNull();
  });

  test("reads the header before the TLS handshake", async () => {
    const { server: identity } = makeIdentities("server");
    const { port } = await serve("127.0.0.1", identity);
    const wire = await open(port);
    wire.send(FROM);
    const secure = connectTls({ socket: wire.socket, rejectUnauthorized: false });
    await once(secure, "secureConnect");
    let text = "";
    secure.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    secure.write(GET);
    await expect.poll(() => text).toMatch(/https 203\.0\.113\.9 5001 10\.0\.0\.1 443$/);
  });

  test("reads header and handshake out of one packet", async () => {
    const { server: identity } = makeIdentities("server");
    const { port } = await serve("127.0.0.1", identity);
    const wire = await open(port);
    wire.socket.cork();
    wire.send(FROM);
    const secure = connectTls({ socket: wire.socket, rejectUnauthorized: false });
    setTimeout(() => wire.socket.uncork(), 20);
    await once(secure, "secureConnect");
    let text = "";
    secure.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    secure.write(GET);
    await expect.poll(() => text).toMatch(/https 203\.0\.113\.9 5001/);
  });
});
