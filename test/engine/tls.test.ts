import { connect as connectPlain } from "node:net";
import { connect, createSecureContext, type ConnectionOptions, type TLSSocket } from "node:tls";

import { describe, expect, onTestFinished, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import { program } from "../needs.ts";
import { answering, pathApp } from "./applications.ts";
import { makeIdentities } from "./certificates.ts";
import { eventually, serve, type Served } from "./serve.ts";
import { statusesOf, Wire } from "./wire.ts";

const GET = "GET /secret HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

describe.skipIf(program("openssl") === undefined)("over TLS", () => {
  const identities = makeIdentities("localhost", "other.test", "client");
  const { localhost, client } = identities;

  function portOf({ address }: Served): number {
    if (!("port" in address)) throw new Error("Expected a TCP server");
    return address.port;
  }

  function open(served: Served, options: ConnectionOptions = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect(
        { port: portOf(served), host: "127.0.0.1", servername: "localhost", ca: localhost.cert, ...options },
        () => resolve(socket),
      );
      socket.once("error", reject);
      onTestFinished(() => {
        socket.destroy();
      });
    });
  }

  async function ask(socket: TLSSocket): Promise<string> {
    socket.write(GET);
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    return text;
  }

  test("an application is served with the scheme https", async () => {
    const schemes: unknown[] = [];
    const served = await serve(
      (environ, startResponse) => {
        schemes.push(environ["wsgi.url_scheme"]);
        return pathApp(environ, startResponse);
      },
      { tls: localhost },
    );
    expect(await ask(await open(served))).toMatch(/^HTTP\/1\.1 200 .*\/secret$/s);
    expect(schemes).toEqual(["https"]);
    expect(served.server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  });

  test("no protocol is chosen by ALPN, and a client that offers HTTP/2 gets HTTP/1.1", async () => {
    const served = await serve(pathApp, { tls: localhost });
    const socket = await open(served, { ALPNProtocols: ["h2", "http/1.1"] });
    expect(socket.alpnProtocol).toBe(false);
    expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("the certificate is chosen by the name that the client asks for (SNI)", async () => {
    const served = await serve(pathApp, {
      tls: {
        ...localhost,
        SNICallback: (name, done) =>
          done(null, name === "other.test" ? createSecureContext(identities["other.test"]) : undefined),
      },
    });
    const other = await open(served, { servername: "other.test", ca: identities["other.test"].cert });
    expect(other.getPeerCertificate().subject.CN).toBe("other.test");
    expect((await open(served)).getPeerCertificate().subject.CN).toBe("localhost");
  });

  test("the certificate of a client is in the environ, and none without one", async () => {
    const seen: unknown[] = [];
    const served = await serve(
      (environ, startResponse) => {
        seen.push([environ["SSL_CLIENT_VERIFY"], environ["SSL_CLIENT_S_DN"], environ["SSL_CLIENT_CERT"]]);
        return pathApp(environ, startResponse);
      },
      { tls: { ...localhost, requestCert: true, rejectUnauthorized: false, ca: client.cert } },
    );
    await ask(await open(served, client));
    await ask(await open(served, identities["other.test"]));
    await ask(await open(served));
    expect(seen).toEqual([
      ["SUCCESS", "CN=client", String(client.cert)],
      [expect.stringMatching(/^FAILED:/), "CN=other.test", String(identities["other.test"].cert)],
      [undefined, undefined, undefined],
    ]);
  });

  test("a client without the certificate that is asked for is turned away, one with it is served", async () => {
    const served = await serve(pathApp, {
      tls: { ...localhost, requestCert: true, rejectUnauthorized: true, ca: client.cert },
    });
    // The server refuses after the client has taken the handshake to be complete, so an early end is what the client sees.
    expect(
      await open(served)
        .then(ask)
        .catch(() => ""),
    ).toBe("");
    expect(
      await open(served, identities["other.test"])
        .then(ask)
        .catch(() => ""),
    ).toBe("");
    expect(await ask(await open(served, client))).toMatch(/^HTTP\/1\.1 200 /);
    await eventually(() => served.server.connectionCount === 0);
  });

  test("a client that speaks plain HTTP is turned away, and the server goes on", async () => {
    const served = await serve(pathApp, { tls: localhost });
    const { text } = await rawRequest(served.address, GET);
    expect(statusesOf(text)).toEqual([]);
    expect(await ask(await open(served))).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("a handshake that does not come ends the connection", async () => {
    const served = await serve(pathApp, { tls: localhost, limits: { headTimeoutSeconds: 0.5 } });
    const wire = await Wire.open(served.address);
    await wire.ended();
    expect(wire.text).toBe("");
  });

  test("a server that stops does not wait for a handshake", async () => {
    const served = await serve(pathApp, { tls: localhost });
    const socket = connectPlain(portOf(served), "127.0.0.1");
    onTestFinished(() => {
      socket.destroy();
    });
    await new Promise((resolve) => {
      socket.once("connect", resolve);
    });
    await served.server.close(1000);
    expect(served.server.connectionCount).toBe(0);
  });

  test("a large answer arrives whole", async () => {
    const size = 5_000_000;
    const served = await serve(
      answering(() => [Buffer.alloc(size, 120)]),
      { tls: localhost },
    );
    const text = await ask(await open(served));
    expect(text.length - text.indexOf("\r\n\r\n") - 4).toBe(size);
  });

  test("a TLS greeting at a plain port is refused", async () => {
    const served = await serve(pathApp);
    await expect(open(served)).rejects.toThrow(/./);
    await eventually(() => served.server.connectionCount === 0);
  });
});
