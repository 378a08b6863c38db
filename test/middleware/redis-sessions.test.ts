// Sessions in a real Redis.
import { createClient } from "@redis/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RedisSessionStore } from "../../src/middleware/sessions/redis-session-store.ts";
import { sessionOf } from "../../src/middleware/sessions/session.ts";
import { sessionStore } from "../../src/middleware/session-store.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { validator } from "../../src/wsgi/validator.ts";
import { checkTexts } from "./check-texts.ts";
import { HAS_REDIS, RedisServer } from "./redis-server.ts";

const application: WSGIApplication = validator((environ, startResponse) => {
  const [, verb, value] = environ.PATH_INFO.split("/");
  const session = sessionOf(environ);
  if (verb === "login") session.set("user", value);
  if (verb === "logout") session.clear();
  const user = session.get<string>("user") ?? "nobody";
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(user)];
});

describe.skipIf(!HAS_REDIS)("RedisSessionStore", () => {
  const redis = new RedisServer();
  beforeAll(() => redis.start());
  afterAll(() => redis.remove());

  it("keeps each text until it expires or is taken", async () => {
    const storage = new RedisSessionStore(redis.url);
    await expect(checkTexts(storage)).resolves.toBeUndefined();
    await storage.close();
  });

  it("takes a client that is connected already, and leaves it open", async () => {
    const client = createClient({ url: redis.url });
    await client.connect();
    const storage = new RedisSessionStore(client, "mine:");
    await storage.create("a", "one", Date.now() + 60_000);
    await storage.close();
    expect(await client.get("mine:a")).toBe("one");
    expect((await storage.read("a"))?.text).toBe("one");
    await client.close();
  });

  it("carries sessions from one worker to the next", async () => {
    const storages = [1, 2].map(() => new RedisSessionStore(redis.url));
    const [one, two] = storages.map((storage) => new TestClient(sessionStore({ storage })(application)));
    const name = (await one?.get("/login/ada"))?.cookies.get("session")?.value;
    const headers = { Cookie: `session=${name}` };
    expect((await two?.get("/look", { headers }))?.text()).toBe("ada");
    await one?.get("/logout");
    expect((await two?.get("/look", { headers }))?.text()).toBe("nobody");
    for (const storage of storages) await storage.close();
  });

  it("fails at once while Redis is away, and works again when it is back", async () => {
    const storage = new RedisSessionStore(redis.url);
    const client = new TestClient(sessionStore({ storage })(application));
    await client.get("/login/ada");
    await redis.stop();
    expect((await client.get("/look")).status).toBe(500);
    await redis.start();
    await expect.poll(async () => (await client.get("/look")).status, { timeout: 20_000 }).toBe(200);
    await storage.close();
  });
});
