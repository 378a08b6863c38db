// What a response cache must not give to others: what sessions, tokens or authentication outside of it made of a response.
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { Middleware, WSGIApplication, WSGIEnvironment } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { authBasic } from "./auth-basic.ts";
import { compose } from "../wsgi/compose.ts";
import { csrf, csrfToken } from "./csrf.ts";
import { responseCache } from "./response-cache.ts";
import { sessionCookie } from "./session-cookie.ts";
import { sessionStore } from "./session-store.ts";
import { sessionOf } from "./sessions/session.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const PAGE: [string, string][] = [
  ["Content-Type", "text/plain"],
  ["Cache-Control", "max-age=60"],
];

/** Says that everybody may have the page, although `personal` has looked at the user. */
function page(personal: (environ: WSGIEnvironment) => unknown): WSGIApplication {
  let calls = 0;
  return validator((environ, startResponse) => {
    calls += 1;
    const { PATH_INFO: path, QUERY_STRING: user } = environ;
    if (path === "/login") sessionOf(environ).set("user", user);
    const text = path === "/page" ? `${String(personal(environ))}, call ${calls}` : `call ${calls}`;
    startResponse("200 OK", path === "/login" ? [["Content-Type", "text/plain"]] : PAGE);
    return [Buffer.from(text)];
  });
}

const SESSIONS: [string, () => Middleware][] = [
  ["session-cookie", () => sessionCookie({ secrets: SECRET })],
  ["session-store", () => sessionStore()],
];

describe.each(SESSIONS)("responseCache inside of %s", (_, sessions) => {
  test.each<[what: string, personal: (environ: WSGIEnvironment) => unknown]>([
    ["a value", (environ) => sessionOf(environ).get("user")],
    ["whether there is a value", (environ) => sessionOf(environ).has("user")],
    ["the names of the values", (environ) => sessionOf(environ).keys()],
    ["whether there is a session", (environ) => sessionOf(environ).isNew],
    ["whether the session is empty", (environ) => sessionOf(environ).isEmpty],
  ])("gives nobody the page that depends on %s of another", async (_what, personal) => {
    const application = compose(sessions(), responseCache())(page(personal));
    const [ada, bob] = [new TestClient(application), new TestClient(application)];
    await ada.get("/login?ada");
    const first = await ada.get("/page");
    const second = await bob.get("/page");
    expect(first.text()).toContain("call 2");
    expect(second.text()).toContain("call 3");
    expect([first.headers.get("Vary"), second.headers.get("Vary")]).toEqual(["Cookie", "Cookie"]);
    expect((await ada.get("/page")).text()).toContain("call 4");
  });

  test("gives everybody the page that depends on no user", async () => {
    const application = compose(sessions(), responseCache())(page(() => ""));
    const [ada, bob] = [new TestClient(application), new TestClient(application)];
    await ada.get("/login?ada");
    expect([(await ada.get("/public")).text(), (await bob.get("/public")).text()]).toEqual(["call 2", "call 2"]);
  });

  test("keeps nothing when the session is looked at while the body is sent", async () => {
    const late = validator(async function* lateBody(environ, startResponse) {
      if (environ.PATH_INFO === "/login") sessionOf(environ).set("user", environ.QUERY_STRING);
      startResponse("200 OK", environ.PATH_INFO === "/login" ? [["Content-Type", "text/plain"]] : PAGE);
      yield Buffer.from(String(sessionOf(environ).get("user")));
    } as WSGIApplication);
    const application = compose(sessions(), responseCache())(late);
    const [ada, bob] = [new TestClient(application), new TestClient(application)];
    await ada.get("/login?ada");
    expect([(await ada.get("/page")).text(), (await bob.get("/page")).text()]).toEqual(["ada", "undefined"]);
  });

  test("answers from memory neither what was personal before it, nor what a copy of the environ made personal", async () => {
    const greeting: Middleware = (application) => (environ, startResponse) => {
      environ["test.greeting"] = `Hello ${String(sessionOf(environ).get("user"))}`;
      return application({ ...environ }, startResponse);
    };
    const copying: Middleware = (application) => (environ, startResponse) => application({ ...environ }, startResponse);
    const outside = compose(sessions(), greeting, responseCache())(page((environ) => environ["test.greeting"]));
    const inside = compose(
      sessions(),
      copying,
      responseCache(),
      copying,
    )(page((environ) => sessionOf(environ).get("user")));
    for (const application of [outside, inside]) {
      const [ada, bob] = [new TestClient(application), new TestClient(application)];
      await ada.get("/login?ada");
      await ada.get("/page");
      expect((await bob.get("/page")).text()).toMatch(/undefined, call 3/);
    }
  });
});

describe("responseCache", () => {
  test("inside of csrf gives nobody the token of another", async () => {
    const application = compose(csrf(), responseCache())(page(csrfToken));
    const [ada, bob] = [new TestClient(application), new TestClient(application)];
    await ada.get("/page");
    const second = await bob.get("/page");
    expect(second.text()).toContain("call 2");
    expect(second.cookies.has("csrf")).toBe(true);
  });

  test("inside of authentication by whatever sets REMOTE_USER keeps nothing", async () => {
    const byCookie: Middleware = (application) => (environ, startResponse) => {
      environ["REMOTE_USER"] = environ.HTTP_COOKIE ?? "";
      return application(environ, startResponse);
    };
    const application = compose(byCookie, responseCache())(page((environ) => environ["REMOTE_USER"]));
    const texts: string[] = [];
    for (const Cookie of ["ada", "bob"]) {
      texts.push((await new TestClient(application).get("/page", { headers: { Cookie } })).text());
    }
    expect(texts).toEqual(["ada, call 1", "bob, call 2"]);
  });

  test("keeps nothing for clients that show a certificate", async () => {
    const byTls: Middleware = (application) => (environ, startResponse) => {
      environ["SSL_CLIENT_S_DN"] = `CN=${environ.QUERY_STRING}`;
      return application(environ, startResponse);
    };
    const client = new TestClient(compose(byTls, responseCache())(page((environ) => environ["SSL_CLIENT_S_DN"])));
    const texts = [(await client.get("/page")).text(), (await client.get("/page")).text()];
    expect(texts).toEqual(["CN=, call 1", "CN=, call 2"]);
  });

  test("inside of auth-basic keeps nothing", async () => {
    const users = { ada: "secret one", bob: "secret two" };
    const application = compose(authBasic({ users }), responseCache())(page((environ) => environ["REMOTE_USER"]));
    const texts: string[] = [];
    for (const user of ["ada:secret one", "bob:secret two"]) {
      const headers = { Authorization: `Basic ${Buffer.from(user).toString("base64")}` };
      texts.push((await new TestClient(application).get("/page", { headers })).text());
    }
    expect(texts).toEqual(["ada, call 1", "bob, call 2"]);
  });
});
