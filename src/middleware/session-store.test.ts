import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { TestResponse } from "../testing/test-response.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { checkTexts } from "../../test/middleware/check-texts.ts";
import { validator } from "../wsgi/validator.ts";
import { MemorySessionStore } from "./sessions/memory-session-store.ts";
import { RedisSessionStore } from "./sessions/redis-session-store.ts";
import { sessionOf } from "./sessions/session.ts";
import type { KeptText, SessionStorage } from "./sessions/session-storage.ts";
import { filterFactory, sessionStore, type SessionStoreOptions } from "./session-store.ts";
import { SqliteSessionStore } from "./sessions/sqlite-session-store.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-sessions-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** A storage that has nothing. */
function storageWith(methods: Partial<SessionStorage>): SessionStorage {
  const none = { read: (): KeptText | null => null, create: () => undefined, replace: () => false, touch: () => false };
  return { ...none, take: () => null, ...methods };
}

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
  if (verb === "delete") session.delete(value);
  if (verb === "renew") session.renew();
  if (verb === "list") session.set("list", [value]);
  if (verb === "change") session.set("user", session.get("user"));
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
  it("keeps each text until it expires or is taken", async () => {
    const storage = open();
    await expect(checkTexts(storage)).resolves.toBeUndefined();
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

/** Waits before its response until the test lets it go; what it does to the session comes then, as the path says. */
class SlowRequests {
  #begun: (() => void)[] = [];
  #waiting: (() => void)[] = [];
  readonly application: WSGIApplication = async (environ, startResponse) => {
    if (environ.QUERY_STRING === "slow") {
      sessionOf(environ).keys();
      for (const begun of this.#begun.splice(0)) begun();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return application(environ, startResponse);
  };

  /** Begins a request; resolves, when the application has it, with what ends it. */
  async begin(request: () => Promise<TestResponse>): Promise<() => Promise<TestResponse>> {
    const hasBegun = new Promise<void>((resolve) => this.#begun.push(resolve));
    const response = request();
    await hasBegun;
    return () => {
      for (const go of this.#waiting.splice(0)) go();
      return response;
    };
  }
}

describe.each(STORAGES)("a slow request of sessionStore in %s", (_, open) => {
  const ENDS: [string, string][] = [
    ["a log-out", "/logout"],
    ["a new name", "/login/ada"],
    ["the deletion of the last value", "/delete/user"],
  ];
  const LATE = ["/set/1", "/renew", "/change", "/logout", "/delete/user"];

  it.each(ENDS.flatMap(([what, path]) => LATE.map((late) => [late, what, path] as const)))(
    "that ends with %s brings nothing back after %s",
    async (late, _what, path) => {
      const slow = new SlowRequests();
      const storage = open();
      const browser = clientOf({ storage }, slow.application);
      await browser.get("/login/ada");
      const headers = { Cookie: `session=${browser.cookies.get("session")}` };
      const end = await slow.begin(() => clientOf({ storage }, slow.application).get(`${late}?slow`, { headers }));
      await browser.get(path);
      const seen = (await browser.get("/look")).text();
      expect((await end()).headers.has("Set-Cookie")).toBe(false);
      expect((await browser.get("/look")).text()).toBe(seen);
      expect((await clientOf({ storage }).get("/look", { headers })).json()).toEqual({});
      await storage.close?.();
    },
  );

  it("logs in also when another log-in of the same browser was faster, without what that one had", async () => {
    const slow = new SlowRequests();
    const storage = open();
    const browser = clientOf({ storage }, slow.application);
    await browser.get("/set/1");
    const headers = { Cookie: `session=${browser.cookies.get("session")}` };
    const end = await slow.begin(() => browser.get("/login/bob?slow"));
    await clientOf({ storage }).get("/login/ada", { headers });
    await end();
    expect((await browser.get("/look")).json()).toEqual({ user: "bob" });
    await storage.close?.();
  });

  it("that only prolongs, or changes another value, keeps what others have changed", async () => {
    const slow = new SlowRequests();
    const storage = open();
    const browser = clientOf({ storage, maxAgeSeconds: 100_000 }, slow.application);
    await browser.get("/set/1");
    now += 20_000_000;
    const ends = [
      await slow.begin(() => browser.get("/look?slow")),
      await slow.begin(() => browser.get("/list/x?slow")),
    ];
    await browser.get("/set/2");
    for (const end of ends) await end();
    expect((await browser.get("/look")).json()).toEqual({ value: "2", list: ["x"] });
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
    const storage = storageWith({ create: (key) => void kept.push(key) });
    const name = (await clientOf({ storage }).get("/set/1")).cookies.get("session")?.value;
    expect(kept).toHaveLength(1);
    expect(kept).not.toContain(name);
  });

  it("changes what is kept only when something changed, and prolongs it when a tenth of the time is over", async () => {
    const calls: string[] = [];
    const memory = new MemorySessionStore(10, () => now);
    const noted = <Result>(name: string, result: Result): Result => {
      calls.push(name);
      return result;
    };
    const storage: SessionStorage = {
      read: (key) => memory.read(key),
      create: (...values) => noted("create", memory.create(...values)),
      replace: (...values) => noted("replace", memory.replace(...values)),
      touch: (...values) => noted("touch", memory.touch(...values)),
      take: (...values) => noted("take", memory.take(...values)),
    };
    const client = clientOf({ storage, maxAgeSeconds: 100 });
    for (const path of ["/set/1", "/set/1", "/set/2"]) await client.get(path);
    expect(calls).toEqual(["create", "replace"]);
    now += 11_000;
    expect((await client.get("/look")).headers.get("Set-Cookie")).toContain("Max-Age=100;");
    expect(calls).toEqual(["create", "replace", "touch"]);
    now += 101_000;
    client.cookies.set("session", client.cookies.get("session") ?? "");
    expect((await client.get("/look")).json()).toEqual({});
  });

  it("says on a public page that the cookie of a prolonged session is for one browser", async () => {
    const publicPage: WSGIApplication = (environ, startResponse) => {
      if (environ.PATH_INFO === "/login") sessionOf(environ).set("user", "ada");
      startResponse("200 OK", [
        ["Content-Type", "text/plain"],
        ["Cache-Control", "public, max-age=60"],
      ]);
      return [Buffer.from("for everybody")];
    };
    const client = clientOf({ maxAgeSeconds: 100 }, validator(publicPage));
    const headersOf = async (path: string): Promise<(string | null)[]> => {
      const { headers } = await client.get(path);
      return [headers.has("Set-Cookie") ? "cookie" : null, headers.get("Vary"), headers.getAll("Cache-Control").join()];
    };
    expect(await headersOf("/login")).toEqual(["cookie", "Cookie", "public, max-age=60,private"]);
    expect(await headersOf("/")).toEqual([null, null, "public, max-age=60"]);
    now += 11_000;
    expect(await headersOf("/")).toEqual(["cookie", "Cookie", "public, max-age=60,private"]);
  });

  it("ends a session after its lifetime, however much it is used; a log-in begins it anew", async () => {
    const client = clientOf({ maxAgeSeconds: 100, lifetimeSeconds: 250 });
    const seen: string[] = [];
    for (const path of [
      "/set/1",
      "/look",
      "/look",
      "/set/2",
      "/look",
      "/look",
      "/set/3",
      "/login/ada",
      "/look",
      "/look",
    ]) {
      seen.push((await client.get(path)).text());
      now += 55_000;
    }
    const values = [{ value: "1" }, { value: "1" }, { value: "1" }, { value: "2" }, { value: "2" }, {}];
    const ada = { value: "3", user: "ada" };
    expect(seen.map((text) => JSON.parse(text) as unknown)).toEqual([...values, { value: "3" }, ada, ada, ada]);
  });

  it("leaves the cookie to the browser's session when told so", async () => {
    const client = clientOf({ browserSession: true, maxAgeSeconds: 100 });
    expect((await client.get("/set/1")).headers.get("Set-Cookie")).not.toMatch(/Max-Age|Expires/i);
    now += 60_000;
    expect((await client.get("/look")).headers.has("Set-Cookie")).toBe(false);
    now += 60_000;
    expect((await client.get("/look")).json()).toEqual({ value: "1" });
  });

  const failing = storageWith({ create: () => Promise.reject(new Error("the disk is full")) });
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
  for (const key of ["a", "b"]) store.create(key, key, Date.now() + 1000);
  store.touch("a", Date.now() + 1000);
  store.create("c", "c", Date.now() + 1000);
  expect([store.read("a")?.text, store.read("b"), store.read("c")?.text, store.size]).toEqual(["a", null, "c", 2]);
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

it("keeps a database from those who are not its owner, an old one too", async () => {
  const path = join(directory, "private.db");
  const modes = (): number[] => ["", "-wal", "-shm"].map((end) => statSync(path + end).mode & 0o777);
  const store = new SqliteSessionStore(path);
  await store.create("key", "value", Date.now() + 60_000);
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
  await store.close();
  chmodSync(path, 0o664);
  const again = new SqliteSessionStore(path);
  expect(await again.read("key")).toMatchObject({ text: "value" });
  expect(statSync(path).mode & 0o777).toBe(0o660);
  await again.close();
});
