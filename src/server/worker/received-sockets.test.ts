// Sockets that somebody else accepts: a listener that serves nothing stands for the other process.
import { type AddressInfo, createServer } from "node:net";
import { connect as connectTls, type TlsOptions } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { makeIdentities } from "../../../test/engine/certificates.ts";
import { Wire } from "../../../test/engine/wire.ts";
import { HttpGateway } from "../../gateways/http/gateway.ts";
import type { SocketProtocol } from "../../http/served-connection.ts";
import { HttpServer } from "../../http/server.ts";
import { ReceivedSockets } from "./received-sockets.ts";

const GET = "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

/** Hands sockets over; gives the port where they are accepted, and how many have been released. */
async function handing(tls: TlsOptions | null = null, protocol: SocketProtocol | null = null) {
  const gateway = new HttpGateway((environ, startResponse) => {
    startResponse("200 OK", []);
    return [Buffer.from(`${environ["wsgi.url_scheme"]} ${environ.PATH_INFO}`)];
  });
  const server = new HttpServer(gateway);
  const released: string[] = [];
  const received = new ReceivedSockets(server, tls, () => void released.push("one"));
  const other = createServer({ pauseOnConnect: true }, (socket) => received.receive(socket, protocol));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    await server.close(0);
    other.close();
  });
  return { port: (other.address() as AddressInfo).port, released, server };
}

test("a received socket is served as one of the server's own, and released when it has ended", async () => {
  const { port, released, server } = await handing();
  const wire = await Wire.open({ host: "127.0.0.1", port });
  await expect.poll(() => server.connectionCount).toBe(1);
  expect(released).toEqual([]);
  wire.send(GET);
  await expect.poll(() => wire.text).toMatch(/\r\n\r\nhttp \/a$/);
  wire.socket.end();
  await expect.poll(() => released).toEqual(["one"]);
});

test("a client that has closed its side still gets its answer", async () => {
  const { port } = await handing();
  const wire = await Wire.open({ host: "127.0.0.1", port });
  wire.send(GET).socket.end();
  await expect.poll(() => wire.text).toMatch(/\r\n\r\nhttp \/a$/);
});

test("TLS is spoken where the server speaks it", async () => {
  const { site: identity } = makeIdentities("site");
  const { port, released } = await handing({ key: identity.key, cert: identity.cert });
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  const wire = new Wire(socket);
  wire.send(GET);
  await expect.poll(() => wire.text).toMatch(/\r\n\r\nhttps \/a$/);
  socket.end();
  await expect.poll(() => released).toEqual(["one"]);
});

test("a socket whose handshake fails is released too, though it never became a connection", async () => {
  const { site: identity } = makeIdentities("site");
  const { port, released } = await handing({ key: identity.key, cert: identity.cert });
  const wire = await Wire.open({ host: "127.0.0.1", port });
  wire.send("not TLS at all\r\n\r\n").socket.end();
  await expect.poll(() => released).toEqual(["one"]);
});

test("a socket from an address with another protocol is given to that", async () => {
  const protocol: SocketProtocol = {
    serve(socket, share) {
      const connection = { isIdle: true, place: -1, close() {}, destroy() {}, refuse() {}, tick() {} };
      share.ticker.add(connection);
      socket.once("close", () => {
        share.ticker.delete(connection);
        share.closed();
      });
      socket.end("no HTTP");
      return connection;
    },
  };
  const { port, released } = await handing(null, protocol);
  const wire = await Wire.open({ host: "127.0.0.1", port });
  await expect.poll(() => wire.text).toBe("no HTTP");
  wire.socket.end();
  await expect.poll(() => released).toEqual(["one"]);
});
