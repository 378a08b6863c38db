// Sessions in a real Redis, which listens on a unix socket.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RedisSessionStore } from "../../src/middleware/redis-session-store.ts";
import { sessionOf } from "../../src/middleware/session.ts";
import { sessionStore } from "../../src/middleware/session-store.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { validator } from "../../src/wsgi/validator.ts";
import { program } from "../needs.ts";

const redisServer = program("redis-server", "valkey-server");

const application: WSGIApplication = validator((environ, startResponse) => {
  const [, verb, value] = environ.PATH_INFO.split("/");
  const session = sessionOf(environ);
  if (verb === "login") session.set("user", value);
  if (verb === "logout") session.clear();
  const user = session.get<string>("user") ?? "nobody";
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(user)];
});

describe.skipIf(redisServer === undefined)("RedisSessionStore", () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-redis-"));
  const socket = join(directory, "redis.sock");
  let server: ChildProcess;

  function start(): Promise<void> {
    server = spawn(redisServer ?? "", ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory]);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.stdout?.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("eady to accept connections")) resolve();
      });
    });
  }
  async function stop(): Promise<void> {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill();
    await ended;
  }

  beforeAll(start);
  afterAll(async () => {
    await stop();
    rmSync(directory, { recursive: true });
  });

  it("gives what was written until it expires or is removed", async () => {
    const storage = new RedisSessionStore(`unix://${socket}`);
    const later = Date.now() + 60_000;
    await storage.write("a", "one", later);
    await storage.write("a", "two – ünï", later);
    expect([await storage.read("a"), await storage.read("b")]).toEqual(["two – ünï", null]);
    await storage.remove("a");
    expect(await storage.read("a")).toBeNull();
    await storage.write("b", "old", Date.now() - 1);
    expect(await storage.read("b")).toBeNull();
    await storage.close();
  });

  it("carries sessions from one worker to the next", async () => {
    const storages = [1, 2].map(() => new RedisSessionStore(`unix://${socket}`));
    const [one, two] = storages.map((storage) => new TestClient(sessionStore({ storage })(application)));
    const name = (await one?.get("/login/ada"))?.cookies.get("session")?.value;
    const headers = { Cookie: `session=${name}` };
    expect((await two?.get("/look", { headers }))?.text()).toBe("ada");
    await one?.get("/logout");
    expect((await two?.get("/look", { headers }))?.text()).toBe("nobody");
    for (const storage of storages) await storage.close();
  });

  it("fails at once while Redis is away, and works again when it is back", async () => {
    const storage = new RedisSessionStore(`unix://${socket}`);
    const client = new TestClient(sessionStore({ storage })(application));
    await client.get("/login/ada");
    await stop();
    expect((await client.get("/look")).status).toBe(500);
    await start();
    await expect.poll(async () => (await client.get("/look")).status, { timeout: 20_000 }).toBe(200);
    await storage.close();
  });
});
