// The client over TCP, a unix socket and TLS, against Node's own HTTP server, which shares no code with ours.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type RequestListener, type Server, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TestClient } from "./test-client.ts";

const folder = mkdtempSync(join(tmpdir(), "tsgi-client-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function withServer<T>(server: Server, where: number | string, use: (port: number) => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => server.listen(where, resolve));
  const address = server.address();
  try {
    return await use(typeof address === "object" && address !== null ? address.port : 0);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const answer: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString();
    response.setHeader("Set-Cookie", "seen=1");
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
  });
};

test("SocketTransport speaks TCP, keeps cookies and the connection", async () => {
  let connections = 0;
  const server = createServer(answer).on("connection", () => (connections += 1));
  await withServer(server, 0, async (port) => {
    const client = new TestClient(`http://127.0.0.1:${port}`);
    expect((await client.post("/a?b", { body: "hello" })).json()).toEqual({
      method: "POST",
      url: "/a?b",
      headers: { connection: "keep-alive", "content-length": "5", host: `127.0.0.1:${port}` },
      body: "hello",
    });
    const next = (await client.get("/")).json<{ headers: Record<string, string> }>();
    expect(next.headers["cookie"]).toBe("seen=1");
    client.close();
  });
  expect(connections).toBe(1);
});

test("SocketTransport speaks over a unix socket", async () => {
  const path = join(folder, "socket");
  await withServer(createServer(answer), path, async () => {
    const client = new TestClient(`unix:${path}`);
    expect((await client.put("/", { json: [1] })).json()).toMatchObject({ method: "PUT", body: "[1]" });
    client.close();
  });
});

test("SocketTransport speaks TLS, and refuses a certificate that it cannot trust", async () => {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...newKey, "-keyout", key, "-out", cert, "-days", "2", ...subject], {
    stdio: "pipe",
  });
  const ca = readFileSync(cert);
  await withServer(createTlsServer({ key: readFileSync(key), cert: ca }, answer), 0, async (port) => {
    const client = new TestClient(`https://localhost:${port}`, { tls: { ca } });
    expect((await client.get("/")).json()).toMatchObject({ method: "GET" });
    client.close();
    const wary = new TestClient(`https://localhost:${port}`);
    await expect(wary.get("/")).rejects.toThrow("self-signed certificate");
    wary.close();
  });
});

test("SocketTransport sees early hints, and an answer that breaks off", async () => {
  const server = createServer((_, response) => {
    response.writeEarlyHints({ link: "</a.css>; rel=preload" }, () => {
      response.writeHead(200, { "Content-Length": 10 });
      response.write("abc", () => response.destroy());
    });
  });
  await withServer(server, 0, async (port) => {
    const client = new TestClient(`http://127.0.0.1:${port}`);
    const response = await client.get("/");
    expect([response.status, response.text(), response.isComplete]).toEqual([200, "abc", false]);
    expect(response.earlyHints).toEqual([[["Link", "</a.css>; rel=preload"]]]);
    client.close();
  });
});

test("SocketTransport asks only the server under test", async () => {
  const client = new TestClient("http://127.0.0.1:9");
  await expect(client.get("http://elsewhere.test/")).rejects.toThrow("Expected an address of the server under test");
  await expect(client.get("/")).rejects.toThrow("The exchange ended without a response");
});
