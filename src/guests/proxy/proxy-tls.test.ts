// TLS to upstreams, with real servers on both sides of each rule.
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import { createServer as createSocketServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { Authority } from "../../../test/guests/authority.ts";
import { clientOf, proxyTo } from "../../../test/guests/proxied.ts";
import { loadApp } from "../../deploy/load.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { appFactory, proxyApplication, type ProxyOptions } from "./proxy-application.ts";

const authority = new Authority();
afterAll(() => authority.remove());
const { ca } = authority;
const local = authority.certify("local", "DNS:localhost,IP:127.0.0.1");
const other = authority.certify("other", "DNS:app.internal");
const expired = authority.certify("expired", "IP:127.0.0.1", "200101000000Z", "200201000000Z");
const early = authority.certify("early", "IP:127.0.0.1", "490101000000Z");
const visitor = authority.certify("visitor", "DNS:visitor");
const stranger = new Authority();
afterAll(() => stranger.remove());

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

interface Said {
  readonly servername: string | false | null;
  readonly alpn: string | false | null;
  readonly peer: string;
  readonly host: string;
  readonly bytes: number;
}

/** Answers with what it was told. */
async function secure(files: { cert: string; key: string }, options: ServerOptions = {}): Promise<number> {
  const server = createServer({ ...authority.read(files), ...options }, (request, response) => {
    const socket = request.socket as TLSSocket & { servername: string | false | null };
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on("end", () => {
      const peer = String(socket.getPeerCertificate().subject?.CN ?? "");
      const { host = "" } = request.headers;
      const words: Said = { servername: socket.servername, alpn: socket.alpnProtocol, peer, host, bytes };
      response.end(JSON.stringify(words));
    });
  });
  onTestFinished(() => server.closeAllConnections());
  return await portOf(server);
}

async function said(application: WSGIApplication, body?: Buffer): Promise<Said> {
  const client = clientOf(application);
  const response = await (body === undefined ? client.get("/x") : client.post("/x", { body }));
  expect([response.status, response.errors]).toEqual([200, ""]);
  return JSON.parse(response.text()) as Said;
}

describe("An upstream of https:", () => {
  test("is asked for by its name, and by HTTP/1.1", async () => {
    const port = await secure(local, { ALPNProtocols: ["h2", "http/1.1"] });
    const application = proxyTo(`https://localhost:${port}`, { ca, host: "upstream" });
    expect(await said(application)).toEqual({
      servername: "localhost",
      alpn: "http/1.1",
      peer: "",
      host: `localhost:${port}`,
      bytes: 0,
    });
    await said(application);
    expect(application.stats()).toMatchObject({ requests: 2, connects: 1 });
  });

  test("is an address, which is checked but not asked for", async () => {
    const port = await secure(local);
    expect((await said(proxyTo(`https://127.0.0.1:${port}`, { ca }))).servername).toBe(false);
  });

  test("has another name than its host", async () => {
    const port = await secure(other);
    expect(await said(proxyTo(`https://127.0.0.1:${port}`, { ca, serverName: "app.internal" }))).toMatchObject({
      servername: "app.internal",
    });
  });

  test("gets a body of a few megabytes, and a certificate when it wants one", async () => {
    const port = await secure(local, { ca: authority.read({ cert: ca, key: ca }).cert, requestCert: true });
    const options = { ca, cert: visitor.cert, key: visitor.key };
    expect(await said(proxyTo(`https://127.0.0.1:${port}`, options), Buffer.alloc(3_000_000))).toMatchObject({
      peer: "visitor",
      bytes: 3_000_000,
    });
  });

  test("is written the same way in an INI file, with paths beside the file", async () => {
    const port = await secure(local);
    mkdirSync(join(authority.folder, "etc"), { recursive: true });
    const file = join(authority.folder, "etc", "app.ini");
    writeFileSync(file, `[app:main]\nuse = egg:tsgi#proxy\nupstream = https://localhost:${port}\nca = ../ca.crt\n`);
    expect(await said(await loadApp(`config:${file}`))).toMatchObject({ servername: "localhost" });
  });

  test("need not prove who it is when that is spelled out", async () => {
    const port = await secure(expired);
    const conf = { upstream: `https://127.0.0.1:${port}`, verify: "false" };
    expect(await said(appFactory({}, conf))).toMatchObject({ bytes: 0 });
  });
});

describe("Who does not prove to be the upstream is sent nothing, and is a 502 with one line in the log", () => {
  test.each([
    ["has expired", expired, "127.0.0.1", "has a certificate that has expired (CERT_HAS_EXPIRED)"],
    ["is not valid yet", early, "127.0.0.1", "has a certificate that is not valid yet (CERT_NOT_YET_VALID)"],
    ["is for another name", other, "localhost", "has a certificate for other names; the option"],
    ["is for a name, not for this address", other, "127.0.0.1", "(ERR_TLS_CERT_ALTNAME_INVALID)"],
  ])("the certificate %s", async (_what, files, host, problem) => {
    const port = await secure(files);
    expect(await refusal(`https://${host}:${port}`, { ca })).toMatch(problem);
  });

  test("its authority is not trusted", async () => {
    const port = await secure(local);
    expect(await refusal(`https://localhost:${port}`, { ca: stranger.ca })).toMatch(
      "that nobody who is trusted has signed",
    );
    expect(await refusal(`https://localhost:${port}`, {})).toMatch("that nobody who is trusted has signed");
  });

  test("it speaks plain HTTP, or nothing", async () => {
    const plain = createPlainServer((_, response) => void response.end("plain"));
    expect(await refusal(`https://127.0.0.1:${await portOf(plain)}`, { ca })).toMatch(
      "does not speak TLS at this address",
    );
    const silent = createSocketServer((socket) => void socket.on("error", () => {}).resume());
    const port = await portOf(silent);
    const application = proxyTo(`https://127.0.0.1:${port}`, { ca, connectSeconds: 1 });
    const response = await clientOf(application).get("/");
    expect([response.status, response.errors]).toEqual([504, expect.stringContaining("connected to in 1 s") as string]);
    const leaving = createSocketServer((socket) => void socket.on("error", () => {}).end());
    expect(await refusal(`https://127.0.0.1:${await portOf(leaving)}`, { ca })).toMatch(
      "closed the connection in the TLS handshake",
    );
  });

  test("it wants a certificate that is not shown", async () => {
    const port = await secure(local, { ca: authority.read({ cert: ca, key: ca }).cert, requestCert: true });
    expect(await refusal(`https://127.0.0.1:${port}`, { ca })).toMatch(
      /\(ERR_SSL_\w+CERTIFICATE_REQUIRED\)|\(ECONNRESET\)|\(EPIPE\)/,
    );
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED changes nothing", async () => {
    const port = await secure(expired);
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      expect(await refusal(`https://127.0.0.1:${port}`, { ca })).toMatch("CERT_HAS_EXPIRED");
    } finally {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    }
  });

  /** The only line of the log about a request that got 502. */
  async function refusal(upstream: string, options: Omit<ProxyOptions, "upstream">): Promise<string> {
    const response = await clientOf(proxyTo(upstream, options)).get("/secret");
    const [line = "", ...others] = response.errors.trimEnd().split("\n");
    return response.status === 502 && response.text() === "502 Bad Gateway\n" && others.length === 0
      ? line
      : `${response.status} ${response.errors}`;
  }
});

describe("Options of TLS that are refused", () => {
  const upstream = "https://127.0.0.1:1";
  const { key } = local;
  test.each([
    ["verify=no", { upstream, verify: "no" }, 'Option "verify" is "no"; expected "true", or "false" spelled out'],
    ["verify=", { upstream, verify: "" }, "spelled out"],
    ["verify=False", { upstream, verify: "False" }, "spelled out"],
    ["two that contradict", { upstream, verify: "false", ca }, 'Option "ca" means nothing when "verify" is false'],
    [
      "for plain HTTP",
      { upstream: "http://127.0.0.1:1", ca },
      'Option "ca" means nothing without an upstream of https:',
    ],
    ["a key alone", { upstream, key }, 'Option "cert" is missing'],
    ["a key of another", { upstream, cert: other.cert, key }, "a certificate with its own key"],
    ["no such file", { upstream, ca: "/no/such" }, 'Cannot read the file of option "ca"'],
    ["no PEM", { upstream, ca: import.meta.filename }, "is not in PEM"],
    ["an address as a name", { upstream, server_name: "10.0.0.1" }, 'Option "server_name" is "10.0.0.1"'],
  ])("%s", (_what, conf, message) => {
    expect(() => appFactory({}, conf)).toThrow(message);
  });

  test("a value that is no boolean, in a program", () => {
    const options = { upstream, verify: 0 } as unknown as ProxyOptions;
    expect(() => proxyApplication(options)).toThrow('Option "verify" is 0; expected true, or false spelled out');
  });
});
