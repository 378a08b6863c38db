import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { MemorySessionStore } from "./memory-session-store.ts";
import { RedisSessionStore } from "./redis-session-store.ts";
import { sessionOf } from "./session.ts";
import type { SessionStorage } from "./session-storage.ts";
import { filterFactory, sessionStore, type SessionStoreOptions } from "./session-store.ts";
import { SqliteSessionStore } from "./sqlite-session-store.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-sessions-"));
afterAll(() => rmSync(directory, { recursive: true }));

let file = 0;
const STORAGES: [string, () => SessionStorage][] = [
  ["memory", () => new MemorySessionStore()],
  ["SQLite", () => new SqliteSessionStore(join(directory, `${file++}.db`))],
];

const application: WSGIApplication = validator(async (environ, startResponse) => {
  const [, verb, value = ""] = environ.PATH_INFO.split("/");
  const session = sessionOf(environ);
  if (verb === "login") {
    session.renew();
    session.set("user", value);
  }
  if (verb === "set") session.set("value", value);
  if (verb === "logout") session.clear();
  const told = JSON.stringify(Object.fromEntries(session.keys().map((key) => [key, session.get(key)])));
  await new Promise(setImmediate);
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [Buffer.from(told)];
});

let now = Date.now();
const clientOf = (options: SessionStoreOptions, inner = application): TestClient =>
  new TestClient(sessionStore(options, () => now)(inner));

describe.each(STORAGES)("a storage in %s", (_, open) => {
  it("gives what was written until it expires or is removed", async () => {
    const storage = open();
    const later = Date.now() + 60_000;
    await storage.write("a", "one", later);
    await storage.write("a", "two – ünï", later);
    await storage.write("b", "", later);
    expect([await storage.read("a"), await storage.read("b"), await storage.read("c")]).toEqual([
      "two – ünï",
      "",
      null,
    ]);
    await storage.remove("a");
    await storage.remove("never");
    expect(await storage.read("a")).toBeNull();
    await storage.write("b", "old", Date.now() - 1);
    expect(await storage.read("b")).toBeNull();
    await storage.close?.();
  });

  it("carries sessions from one worker to the next", async () => {
    const storage = open();
    const one = clientOf({ storage });
    expect((await one.get("/look")).headers.has("Set-Cookie")).toBe(false);
    const login = await one.get("/login/ada");
    const name = login.cookies.get("session")?.value ?? "";
    expect(name).toMatch(/^[\w-]{43}$/);
    const other = clientOf({ storage });
    expect((await other.get("/look", { headers: { Cookie: `session=${name}` } })).json()).toEqual({ user: "ada" });
    await one.get("/logout");
    expect((await other.get("/look", { headers: { Cookie: `session=${name}` } })).json()).toEqual({});
    await storage.close?.();
  });
});

describe("sessionStore", () => {
  it("gives a session a new name at log-in, and the old one ends", async () => {
    const storage = new MemorySessionStore();
    const client = clientOf({ storage });
    const before = (await client.get("/set/1")).cookies.get("session")?.value;
    const after = (await client.get("/login/ada")).cookies.get("session")?.value;
    expect(after).not.toBe(before);
    expect((await client.get("/look")).json()).toEqual({ value: "1", user: "ada" });
    expect((await clientOf({ storage }).get("/look", { headers: { Cookie: `session=${before}` } })).json()).toEqual({});
    expect(storage.size).toBe(1);
  });

  it.each(["x".repeat(43), "short", "../../etc/passwd"])("never takes the name %s from the client", async (name) => {
    const response = await clientOf({}).get("/set/1", { headers: { Cookie: `session=${name}` } });
    expect(response.cookies.get("session")?.value).not.toBe(name);
  });

  it("keeps only digests of the names", async () => {
    const kept: string[] = [];
    const storage: SessionStorage = { read: () => null, write: (key) => void kept.push(key), remove: () => undefined };
    const name = (await clientOf({ storage }).get("/set/1")).cookies.get("session")?.value;
    expect(kept).toHaveLength(1);
    expect(kept).not.toContain(name);
  });

  it("writes again only when something changed or a tenth of the time is over", async () => {
    const writes: number[] = [];
    const memory = new MemorySessionStore(10, () => now);
    const storage: SessionStorage = {
      read: (key) => memory.read(key),
      write(key, value, expiresAt) {
        writes.push(expiresAt);
        memory.write(key, value, expiresAt);
      },
      remove: (key) => memory.remove(key),
    };
    const client = clientOf({ storage, maxAgeSeconds: 100 });
    await client.get("/set/1");
    await client.get("/set/1");
    now += 11_000;
    await client.get("/look");
    expect(writes).toHaveLength(2);
    now += 101_000;
    client.cookies.set("session", client.cookies.get("session") ?? "");
    expect((await client.get("/look")).json()).toEqual({});
  });

  const failing: SessionStorage = {
    read: () => null,
    write: () => Promise.reject(new Error("the disk is full")),
    remove: () => undefined,
  };
  const writing: WSGIApplication = async (environ, startResponse) => {
    sessionOf(environ).set("a", 1);
    const write = startResponse("200 OK", [["Content-Type", "text/plain"]]);
    await write(Buffer.from("written"));
    return [];
  };
  const lazy: WSGIApplication = async function* lazyBody(environ, startResponse) {
    sessionOf(environ).set("a", 1);
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    yield Buffer.from("lazy");
  };
  const forms: [string, WSGIApplication][] = [
    ["returned", application],
    ["written", writing],
    ["yielded", lazy],
  ];

  it.each(forms)("answers 500 when a session cannot be saved before the response is %s", async (_, inner) => {
    const response = await clientOf({ storage: failing }, validator(inner)).get("/set/1");
    expect([response.status, String(response.error)]).toEqual([500, "Error: the disk is full"]);
  });

  it.each(forms.slice(1))("saves the session of a response that is %s", async (form, inner) => {
    const storage = new MemorySessionStore();
    const client = clientOf({ storage }, validator(inner));
    expect((await client.get("/")).text()).toBe(form === "written" ? "written" : "lazy");
    expect([storage.size, client.cookies.get("session")]).toEqual([1, expect.stringMatching(/^[\w-]{43}$/)]);
  });
});

it("MemorySessionStore forgets the oldest when there are too many", () => {
  const store = new MemorySessionStore(2);
  for (const key of ["a", "b", "a", "c"]) store.write(key, key, Date.now() + 1000);
  expect([store.read("a"), store.read("b"), store.read("c"), store.size]).toEqual(["a", null, "c", 2]);
});

it("RedisSessionStore takes a client that is connected already", async () => {
  const kept = new Map<string, string>();
  const store = new RedisSessionStore({
    get: (key) => Promise.resolve(kept.get(key) ?? null),
    set: (key, value) => Promise.resolve(kept.set(key, value)),
    del: (key) => Promise.resolve(kept.delete(key)),
  });
  await store.write("a", "one", 1);
  expect([...kept]).toEqual([["tsgi:session:a", "one"]]);
  await store.close();
  expect(await store.read("a")).toBe("one");
});

it("RedisSessionStore says that nobody listens, and tries again", async () => {
  const store = new RedisSessionStore("redis://127.0.0.1:1");
  await expect(store.read("a")).rejects.toThrow("ECONNREFUSED");
  await expect(store.read("a")).rejects.toThrow("ECONNREFUSED");
});

describe("filterFactory", () => {
  it.each(["memory", `sqlite:${join(directory, "ini.db")}`])("opens %s", async (storage) => {
    const client = new TestClient(filterFactory({}, { storage, cookie_name: "sid" })(application));
    await client.get("/login/ada");
    expect((await client.get("/look")).json()).toEqual({ user: "ada" });
  });

  it.each([{ storage: "disk" }, { storage: "sqlite:" }, { max_age_seconds: "0" }])("refuses %j", (conf) => {
    expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/expected/);
  });
});
