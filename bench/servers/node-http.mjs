// @ts-check
// node:http with the smallest handler that answers the workloads; also the peer for idle connections and transfers.
import { once } from "node:events";
import { createServer } from "node:http";

import { HELLO, TEN_KILOBYTES, download, megabyte } from "../apps/payloads.js";

const BYTES = "application/octet-stream";

const server = createServer((request, response) => {
  const url = request.url ?? "";
  if (url === "/hello") {
    response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 13 });
    response.end(HELLO);
  } else if (url === "/10k") {
    response.writeHead(200, { "Content-Type": BYTES, "Content-Length": TEN_KILOBYTES.length });
    response.end(TEN_KILOBYTES);
  } else if (url === "/echo") {
    /** @type {Buffer[]} */
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      response.writeHead(200, { "Content-Type": BYTES, "Content-Length": body.length });
      response.end(body);
    });
  } else if (url === "/stream") {
    void send(response, megabyte());
  } else if (url.startsWith("/download?")) {
    void send(response, download(Number(url.slice(10))));
  } else if (url === "/sink") {
    let bytes = 0;
    request.on("data", (chunk) => (bytes += chunk.length));
    request.on("end", () => response.end(String(bytes)));
  } else {
    response.writeHead(404).end();
  }
});

if (process.env.KEEP_ALIVE_SECONDS) server.keepAliveTimeout = Number(process.env.KEEP_ALIVE_SECONDS) * 1000;
server.listen(Number(process.env.PORT), "127.0.0.1", 2048);

/**
 * @param {import("node:http").ServerResponse} response where to
 * @param {Iterable<Buffer>} chunks what
 */
async function send(response, chunks) {
  response.writeHead(200, { "Content-Type": BYTES });
  for (const chunk of chunks) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.end();
}
