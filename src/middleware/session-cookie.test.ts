import { describe, expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { sessionOf } from "./sessions/session.ts";
import { filterFactory, sessionCookie, type SessionCookieOptions } from "./session-cookie.ts";

const SECRET = "0123456789abcdef0123456789abcdef";

/** Does with the session what the path says, and tells what it holds. */
const application: WSGIApplication = validator((environ, startResponse) => {
  const [, verb, value = ""] = environ.PATH_INFO.split("/");
  if (verb !== "ignore") {
    const session = sessionOf(environ);
    if (verb === "login") session.set("user", value);
    if (verb === "logout") session.clear();
    if (verb === "append") session.get<string[]>("list")?.push(value);
    if (verb === "start") session.set("list", []);
    if (verb === "fill") session.set("big", "x".repeat(Number(value)));
  }
  const told =
    verb === "ignore"
      ? []
      : sessionOf(environ)
          .keys()
          .map((key) => [key, sessionOf(environ).get(key)]);
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  if (verb === "late") sessionOf(environ).set("late", true);
  return [Buffer.from(JSON.stringify(Object.fromEntries(told as [string, unknown][])))];
});

let now = 1_700_000_000_000;
const clientOf = (options: Partial<SessionCookieOptions> = {}): TestClient =>
  new TestClient(sessionCookie({ secrets: SECRET, ...options }, () => now)(application));

describe("sessionCookie", () => {
  it("keeps what the application remembers, and sets a cookie only when something changes", async () => {
    const client = clientOf();
    expect((await client.get("/look")).headers.has("Set-Cookie")).toBe(false);
    const login = await client.get("/login/ada");
    expect(login.headers.get("Set-Cookie")).toMatch(
      /^session=s\.[^;]+; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const look = await client.get("/look");
    expect([look.json(), look.headers.has("Set-Cookie"), look.headers.get("Vary")]).toEqual([
      { user: "ada" },
      false,
      "Cookie",
    ]);
    const logout = await client.get("/logout");
    expect(logout.headers.get("Set-Cookie")).toContain("Max-Age=0");
    expect((await client.get("/look")).json()).toEqual({});
  });

  it("says nothing of cookies when the application does not look", async () => {
    const client = clientOf();
    await client.get("/login/ada");
    expect((await client.get("/ignore")).headers.has("Vary")).toBe(false);
  });

  it("sees values that were changed in place", async () => {
    const client = clientOf();
    await client.get("/start");
    await client.get("/append/one");
    await client.get("/append/two");
    expect((await client.get("/look")).json()).toEqual({ list: ["one", "two"] });
  });

  it("gives a session that is used more time, and forgets one that is not", async () => {
    const client = clientOf({ maxAgeSeconds: 100 });
    await client.get("/login/ada");
    now += 60_000;
    expect((await client.get("/look")).headers.has("Set-Cookie")).toBe(true);
    const [cookie] = client.cookies;
    now += 101_000;
    const response = await client.get("/look", { headers: { Cookie: `session=${cookie?.value}` } });
    expect(response.json()).toEqual({});
  });

  it("ends a session after its lifetime, however much it is used", async () => {
    const client = clientOf({ maxAgeSeconds: 100, lifetimeSeconds: 150 });
    const login = await client.get("/login/ada");
    const seen: unknown[] = [login.json()];
    const ages: unknown[] = [/Max-Age=\d+/.exec(login.headers.get("Set-Cookie") ?? "")?.[0]];
    for (let times = 0; times < 3; times += 1) {
      now += 60_000;
      const look = await client.get("/look");
      seen.push(look.json());
      ages.push(/Max-Age=\d+/.exec(look.headers.get("Set-Cookie") ?? "")?.[0]);
    }
    expect(seen).toEqual([{ user: "ada" }, { user: "ada" }, { user: "ada" }, {}]);
    expect(ages).toEqual(["Max-Age=100", "Max-Age=90", "Max-Age=30", undefined]);
  });

  it("lets the browser forget it when told so", async () => {
    const login = await clientOf({ browserSession: true }).get("/login/ada");
    expect(login.headers.get("Set-Cookie")).toMatch(/^session=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it.each([
    ["nonsense", "session=nonsense"],
    ["another name", "other=1; sessions=2"],
    ["nothing", "session="],
    ["a forged user", `session=s.${Buffer.from('{"user":"root"}').toString("base64url")}.zzzzzz.AAAA`],
  ])("takes %s for no session", async (_, cookie) => {
    const response = await clientOf().get("/look", { headers: { Cookie: cookie } });
    expect([response.status, response.json()]).toEqual([200, {}]);
  });

  it("hides the session when told so, and reads it with an older secret", async () => {
    const client = clientOf({ encrypted: true });
    const value = (await client.get("/login/ada")).cookies.get("session")?.value ?? "";
    expect(value.startsWith("e.")).toBe(true);
    const rotated = clientOf({ encrypted: true, secrets: ["another secret of more than 32 letters", SECRET] });
    expect((await rotated.get("/look", { headers: { Cookie: `session=${value}` } })).json()).toEqual({ user: "ada" });
  });

  it("is Secure over https, and as it is told otherwise", async () => {
    const secure = new TestClient(sessionCookie({ secrets: SECRET })(application), { baseUrl: "https://shop.test" });
    expect((await secure.get("/login/ada")).headers.get("Set-Cookie")).toContain("; Secure");
    const strict = clientOf({ cookieName: "sid", cookiePath: "/login", sameSite: "strict", cookieDomain: "localhost" });
    const line = (await strict.get("/login/ada")).headers.get("Set-Cookie");
    expect(line).toMatch(/^sid=.*Domain=localhost; Path=\/login; HttpOnly; SameSite=Strict$/);
  });

  it("refuses what comes after startResponse, and what no browser would keep", async () => {
    const late = await clientOf().get("/late");
    expect([late.status, String(late.error)]).toEqual([500, expect.stringContaining("before startResponse")]);
    const big = await clientOf().get("/fill/4000");
    expect([big.status, String(big.error)]).toEqual([500, expect.stringContaining("expected at most 4096")]);
  });
});

it("filterFactory reads secrets and the cookie", async () => {
  const client = new TestClient(
    filterFactory(
      {},
      { secrets: SECRET, cookie_name: "sid", encrypted: "yes", lifetime_seconds: "3600", browser_session: "yes" },
    )(application),
  );
  await client.get("/login/ada");
  expect((await client.get("/look")).json()).toEqual({ user: "ada" });
  expect(client.cookies.get("sid")).toMatch(/^e\./);
});

it.each([
  {},
  { secrets: "short" },
  { secrets: SECRET, same_site: "none", secure: "no" },
  { secrets: SECRET, cookie_name: "a b" },
  { secrets: SECRET, max_age_seconds: "0" },
  { secrets: SECRET, lifetime_seconds: "0" },
])("filterFactory refuses %j", (conf) => {
  expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/expected/);
});

it("sessionOf says what is missing", () => {
  expect(() => sessionOf({} as never)).toThrow("put sessionCookie or sessionStore around the application");
});
