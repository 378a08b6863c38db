import { connect, createServer, type AddressInfo, type Socket } from "node:net";

import { describe, expect, onTestFinished, test } from "vitest";

import { clientCertificateOf, endpointsBetween, endpointsOf, plainAddress } from "./endpoints.ts";

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:127.0.0.1", "127.0.0.1"],
  ["::ffff:7f00:1", "127.0.0.1"],
  ["2001:0db8:0:0:0:0:0:1", "2001:db8::1"],
  ["::1", "::1"],
  ["", ""],
  ["host:80", "host:80"],
])("plainAddress makes %j %j", (address, plain) => {
  expect(plainAddress(address)).toBe(plain);
});

describe("endpointsBetween", () => {
  test.each([
    [["10.0.0.1", "8000", "192.0.2.1", "5"], false, { serverName: "10.0.0.1", serverPort: "8000" }],
    [["::1", "8000", "::2", "5"], false, { serverName: "[::1]", remoteAddress: "::2" }],
    [["", "", "", ""], false, { serverName: "localhost", serverPort: "80", remoteAddress: "", remotePort: "" }],
    [["", "", "", ""], true, { serverName: "localhost", serverPort: "443" }],
  ])("names %j, TLS %j, as CGI does", ([local, localPort, remote, remotePort], isSecure, expected) => {
    const found = endpointsBetween(local ?? "", localPort ?? "", remote ?? "", remotePort ?? "", isSecure, null);
    expect(found).toMatchObject({ isSecure, clientCertificate: null, ...expected });
  });
});

test("endpointsOf reads a socket", async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const client = connect({ host: "127.0.0.1", port });
  onTestFinished(() => void client.destroy());
  expect(endpointsOf(await accepted)).toEqual({
    serverName: "127.0.0.1",
    serverPort: String(port),
    remoteAddress: "127.0.0.1",
    remotePort: String(client.localPort),
    isSecure: false,
    clientCertificate: null,
  });
});

test("endpointsOf a socket without addresses are those of a unix socket", () => {
  expect(endpointsOf({} as Socket)).toMatchObject({ serverName: "localhost", serverPort: "80", remoteAddress: "" });
});

describe("clientCertificateOf", () => {
  // What node:tls offers of a socket; a handshake with certificates of all kinds needs a process of its own (test/engine/tls.test.ts).
  const secure = (certificate: object | undefined, authorizationError: string | null): Socket =>
    ({
      encrypted: true,
      authorized: authorizationError === null,
      authorizationError,
      getPeerX509Certificate: () => certificate,
    }) as unknown as Socket;
  const certificate = { subject: "C=DE\nCN=J\u{f6}rg", issuer: "CN=ca\n", serialNumber: "01", toString: () => "PEM" };

  test("tells what mod_ssl tells", () => {
    expect(clientCertificateOf(secure(certificate, null))).toEqual({
      SSL_CLIENT_VERIFY: "SUCCESS",
      SSL_CLIENT_S_DN: "C=DE,CN=J\xc3\xb6rg",
      SSL_CLIENT_I_DN: "CN=ca",
      SSL_CLIENT_M_SERIAL: "01",
      SSL_CLIENT_CERT: "PEM",
    });
    expect(clientCertificateOf(secure(certificate, "CERT_HAS_EXPIRED"))).toMatchObject({
      SSL_CLIENT_VERIFY: "FAILED:CERT_HAS_EXPIRED",
    });
  });

  test("is null without one", () => {
    expect(clientCertificateOf(secure(undefined, null))).toBeNull();
  });
});
