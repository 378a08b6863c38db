// Exact bytes out, exact bytes in, against a server that does what the case needs.
import { type Socket, createServer } from "node:net";
import { expect, test } from "vitest";
import { type RawRequestOptions, rawRequest } from "./raw-request.ts";
import type { ServerAddress } from "./socket-transport.ts";

async function withServer<T>(serve: (socket: Socket) => void, use: (address: ServerAddress) => Promise<T>): Promise<T> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.setNoDelay(true);
    serve(socket.on("error", () => {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Expected a TCP address");
  try {
    return await use({ host: "127.0.0.1", port: address.port });
  } finally {
    server.close();
  }
}

const echo = (socket: Socket): void => void socket.pipe(socket);

test.each<[string, RawRequestOptions]>([
  ["in one piece", {}],
  ["byte by byte", { split: 1 }],
  ["cut at offsets", { split: [2, 2, 5] }],
])("rawRequest sends exactly the bytes %s", async (_, options) => {
  const exchange = await withServer(echo, (address) =>
    rawRequest(address, "a\r\nb\u00ff\0c", { ...options, halfClose: true }),
  );
  expect(exchange).toMatchObject({ text: "a\r\nb\u00ff\0c", end: "closed" });
});

test.each<[RawRequestOptions, (socket: Socket) => void, string, string]>([
  [{}, (socket) => socket.end("bye"), "closed", "bye"],
  [{ timeoutMs: 20 }, (socket) => socket.write("part"), "idle", "part"],
  [{ until: (text) => text.endsWith("!") }, (socket) => socket.write("done!"), "until", "done!"],
  [{}, (socket) => socket.once("data", () => socket.resetAndDestroy()), "reset", ""],
])("rawRequest with %o says how it ended", async (options, serve, end, text) => {
  const exchange = await withServer(serve, (address) => rawRequest(address, "x", options));
  expect([exchange.end, exchange.text]).toEqual([end, text]);
});

test("rawRequest throws when nobody listens", async () => {
  const address = await withServer(echo, async (listening) => listening);
  await expect(rawRequest(address, "x")).rejects.toThrow("ECONNREFUSED");
});
