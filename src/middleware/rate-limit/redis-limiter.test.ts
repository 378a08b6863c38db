import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { RedisLimiter } from "./redis-limiter.ts";

const LIMITS = { limit: 2, windowSeconds: 60, blockSeconds: 0, prefix: "test" };

describe("RedisLimiter", () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
  });

  async function listen(): Promise<string> {
    server = createServer((socket) => sockets.add(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return `redis://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  test("does not try again for a second after a failure, so that no request waits", async () => {
    let now = 0;
    const url = await listen();
    server?.close();
    const limiter = new RedisLimiter(url, LIMITS, () => now);
    const first: unknown = await limiter.consume("a").catch((error: unknown) => error);
    expect(String(first)).toContain("ECONNREFUSED");
    expect(await limiter.consume("a").catch((error: unknown) => error)).toBe(first);
    now = 1001;
    expect(await limiter.consume("a").catch((error: unknown) => error)).not.toBe(first);
  });
});
