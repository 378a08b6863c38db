// Sessions and tokens of TSGI's middleware in Python applications behind it: what a browser gets to see of them.
import { afterEach, describe, expect, test } from "vitest";
import { pythonMiddleware } from "../../src/guests/python/python-middleware.ts";
import { csrf, csrfToken } from "../../src/middleware/csrf.ts";
import { responseCache } from "../../src/middleware/response-cache.ts";
import { securityHeaders } from "../../src/middleware/security-headers.ts";
import { sessionCookie } from "../../src/middleware/session-cookie.ts";
import { sessionStore } from "../../src/middleware/session-store.ts";
import { sessionOf } from "../../src/middleware/sessions/session.ts";
import { compose } from "../../src/wsgi/compose.ts";
import type { Middleware, WSGIApplication } from "../../src/wsgi/types.ts";
import {
  APPS,
  eventually,
  PYTHON,
  type Received,
  send,
  type Sending,
  serveApplication,
  servePython,
} from "./serve-python.ts";
import type { Served } from "./serve-python.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

/** Keeps cookies, as a browser does. */
class Browser {
  readonly cookies = new Map<string, string>();
  readonly #port: number;

  constructor(port: number, cookies: Iterable<[string, string]> = []) {
    this.#port = port;
    for (const [name, value] of cookies) this.cookies.set(name, value);
  }

  async get(path: string, sending: Sending = {}): Promise<Received> {
    const Cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...sending.headers, ...(Cookie === "" ? {} : { Cookie }) };
    const received = await send(this.#port, path, { ...sending, headers });
    for (const line of received.headers["set-cookie"] ?? []) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return received;
  }

  async json(path: string): Promise<unknown> {
    const { status, text } = await this.get(path);
    return status === 200 ? JSON.parse(text) : status;
  }
}

async function serve(target: string, middleware: Middleware, threads = 2): Promise<Served> {
  const served = await servePython({ target: `sessions:${target}`, threads }, middleware);
  open.push(served);
  return served;
}

const KINDS: [string, () => Middleware][] = [
  ["session-store", () => sessionStore()],
  ["session-cookie", () => sessionCookie({ secrets: SECRET })],
];

describe.each(KINDS)("a Python application behind %s", (_, sessions) => {
  test("reads and changes the session, also in place, and ends it", async () => {
    const { port } = await serve("application", sessions());
    const browser = new Browser(port);
    const look = await browser.get("/look");
    expect([look.text, look.headers["set-cookie"], look.headers.vary]).toEqual(["{}", undefined, "Cookie"]);
    expect((await browser.get("/public")).headers.vary).toBeUndefined();
    expect(await browser.json("/set/gr%C3%BCn")).toEqual({ value: "gr\u00c3\u00bcn" });
    const item = (text: string) => ({ text, tags: ["tsgi:int", 1.5, null, true, ["a", "b"]] });
    await browser.get("/append/one");
    await browser.get("/append/two");
    expect(await browser.json("/delete/value")).toEqual({ list: [item("one"), item("two")] });
    expect(await browser.json("/tag/no-number")).toMatchObject({ tag: { "tsgi:int": "no-number" } });
    expect(await browser.json("/look")).toMatchObject({ tag: { "tsgi:int": "no-number" } });
    expect(await browser.json("/delete/list")).toEqual({ tag: { "tsgi:int": "no-number" } });
    expect(await browser.json("/odd")).toMatchObject(
      JSON.parse('{ "__proto__": { "a": 1 }, "lone": "\\ud800" }') as object,
    );
    expect((await browser.get("/look")).text).toContain('"__proto__": {"a": 1}');
    await browser.get("/logout");
    expect([await browser.json("/look"), browser.cookies.size]).toEqual([{}, 0]);
  });

  test.each(["datetime", "bytes", "set", "object", "nan", "infinity", "large", "keys", "cycle", "huge"])(
    "is told where it stands that no session holds a value such as %s",
    async (value) => {
      const served = await serve("application", sessions(), 1);
      const browser = new Browser(served.port);
      await browser.get("/set/1");
      const { pid } = served.guest.stats().processes[0] ?? {};
      for (const path of [`/wrong/${value}`, `/wrong-inside/${value}`]) expect(await browser.json(path)).toBe(500);
      expect(served.errors.text).toMatch(/(?:Type|Value|Recursion)Error: .*(?:session|recursion|Circular)/);
      expect([await browser.json("/look"), served.guest.stats().processes[0]?.pid]).toEqual([{ value: "1" }, pid]);
    },
  );

  test("is told when it changes the session too late", async () => {
    const served = await serve("application", sessions());
    const browser = new Browser(served.port);
    await expect(browser.get("/late/change")).resolves.toMatchObject({ status: 500 });
    expect(served.errors.text).toContain("Change the session before start_response is called");
    expect((await browser.get("/name")).status).toBe(500);
    expect(served.errors.text).toContain("A name in the session is 1, expected a str");
    expect(await browser.json("/look")).toEqual({});
  });

  test("gets no page of another user out of a cache", async () => {
    const { port } = await serve("application", compose(sessions(), responseCache()));
    const [ada, bob] = [new Browser(port), new Browser(port)];
    await ada.get("/login/ada");
    await bob.get("/login/bob");
    for (const path of ["/look", "/late/look"]) {
      const texts = [(await ada.get(path)).text, (await bob.get(path)).text];
      expect(texts).toEqual(path === "/look" ? ['{"user": "ada"}', '{"user": "bob"}'] : ["ada", "bob"]);
    }
    await ada.get("/public");
    expect((await bob.get("/public")).headers["cache-status"]).toContain("hit");
  });
});

describe("a Python application behind session-store", () => {
  test("gives the session a new name at log-in: the old one is worth nothing", async () => {
    const { port } = await serve("application", sessionStore());
    const victim = new Browser(port);
    await victim.get("/set/1");
    const attacker = new Browser(port, victim.cookies);
    await victim.get("/login/ada");
    expect(await victim.json("/look")).toEqual({ value: "1", user: "ada" });
    expect(await attacker.json("/look")).toEqual({});
  });

  test("brings nothing back by a slow request that began before the log-out, and two tabs keep both changes", async () => {
    const served = await serve("application", sessionStore(), 4);
    const browser = new Browser(served.port);
    await browser.get("/login/ada");
    const tab = new Browser(served.port, browser.cookies);
    let slow = tab.get("/append/one?slow");
    await eventually(() => served.errors.text.includes("begun"), "the slow request");
    await browser.get("/set/2");
    await new Browser(served.port).get("/go");
    expect((await slow).status).toBe(200);
    expect(await browser.json("/look")).toMatchObject({ user: "ada", value: "2", list: [{ text: "one" }] });

    await new Browser(served.port).get("/stop");
    slow = tab.get("/set/3?slow");
    await eventually(() => served.errors.text.split("begun").length === 3, "the second slow request");
    await browser.get("/logout");
    await new Browser(served.port).get("/go");
    expect((await slow).headers["set-cookie"]).toBeUndefined();
    expect(await tab.json("/look")).toEqual({});
  });

  test("saves nothing of a request that failed", async () => {
    const { port } = await serve("application", sessionStore());
    const browser = new Browser(port);
    await browser.get("/set/1");
    expect((await browser.get("/fails")).status).toBe(500);
    expect(await browser.json("/look")).toEqual({ value: "1" });
  });

  test("keeps the sessions of many requests at once apart", async () => {
    const { port } = await serve("application", sessionStore());
    const browsers = Array.from({ length: 60 }, () => new Browser(port));
    await Promise.all(browsers.map((browser, index) => browser.get(`/set/${index}`)));
    const seen = await Promise.all(browsers.map((browser) => browser.json("/look")));
    expect(seen).toEqual(browsers.map((_, index) => ({ value: String(index) })));
  });
});

/** Posts the token of a form back, and does so without it. */
async function usesForm(port: number, path: string): Promise<void> {
  const browser = new Browser(port);
  const page = await browser.get(path);
  expect(page.headers["set-cookie"]?.join()).toMatch(/^csrf=/);
  expect(page.headers.vary).toContain("Cookie");
  const post = (token: string): Promise<Received> =>
    browser.get(path, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-www-form-urlencoded",
        Origin: `http://127.0.0.1:${port}`,
        Host: `127.0.0.1:${port}`,
      },
      body: new URLSearchParams({ csrf_token: token, name: "ada" }).toString(),
    });
  expect(await post(page.text)).toMatchObject({ status: 200, text: "ada" });
  expect((await browser.get(path)).headers["set-cookie"]).toBeUndefined();
  expect((await post("")).status).toBe(403);
  expect((await post((await new Browser(port).get(path)).text)).status).toBe(403);
}

describe("a Python application behind csrf", () => {
  test("gives out tokens, and gets what is posted with them", async () => {
    const { port } = await serve("form", csrf());
    await usesForm(port, "/");
    const none = await send(port, "/none");
    expect([none.headers["set-cookie"], none.headers.vary]).toEqual([undefined, undefined]);
  });

  test("is told when it asks for the first token too late; a browser with a cookie gets one at any time", async () => {
    const served = await serve("form", csrf());
    const browser = new Browser(served.port);
    expect((await browser.get("/late")).status).toBe(500);
    expect(served.errors.text).toContain("before start_response is called");
    await browser.get("/");
    expect((await browser.get("/late")).status).toBe(200);
  });
});

test("a Python application gets the nonce of its page, and the policy names it", async () => {
  const policy = "script-src 'nonce-{nonce}'";
  const { port, errors } = await serve("scripts", securityHeaders({ contentSecurityPolicy: policy }));
  const pages = [await send(port, "/"), await send(port, "/")];
  for (const { headers, text } of pages) {
    expect(text).toMatch(/^[\w-]{22}$/);
    expect(headers["content-security-policy"]).toBe(`script-src 'nonce-${text}'`);
    expect(headers["cache-control"]).toBe("max-age=60, private");
  }
  expect(pages[0]?.text).not.toBe(pages[1]?.text);
  const plain = await send(port, "/none");
  expect(plain.headers["content-security-policy"]).toMatch(/^script-src 'sha256-A+='$/);
  expect(plain.headers["cache-control"]).toBe("max-age=60");
  expect((await send(port, "/late")).status).toBe(500);
  expect(errors.text).toContain("before start_response is called");
});

describe.each(["flask_app()", "django_app()"])("%s", (target) => {
  test("uses tokens and the session", async () => {
    const { port } = await serve(target, compose(sessionStore(), csrf()));
    await usesForm(port, "/form");
    const browser = new Browser(port);
    const counts = [(await browser.get("/count")).text, (await browser.get("/count")).text];
    expect(counts.map((text) => text.replace("count ", ""))).toEqual(["1", "2"]);
    if (target !== "flask_app()") return;
    const before = browser.cookies.get("session");
    await browser.get("/login/ada");
    expect(browser.cookies.get("session")).not.toBe(before);
    expect((await browser.get("/who")).text).toBe("ada ['Hello ada']");
    expect((await browser.get("/who")).text).toBe("ada []");
    await browser.get("/logout");
    expect(browser.cookies.has("session")).toBe(false);
  });
});

describe("a Python filter around a TypeScript application, inside of session-store", () => {
  const inner: WSGIApplication = (environ, startResponse) => {
    const session = sessionOf(environ);
    if (environ.PATH_INFO === "/set") session.set("inner", `inner of ${String(session.get("before"))}`);
    const told = Object.fromEntries(session.keys().map((key) => [key, session.get(key)]));
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from(JSON.stringify(told))];
  };

  async function around(filter: string | string[], application: WSGIApplication): Promise<Browser> {
    const python = pythonMiddleware({ filter, directory: APPS, python: PYTHON, log: () => {} });
    open.push(python);
    await python.ready;
    const server = await serveApplication(compose(sessionStore(), python)(application));
    open.push(server);
    return new Browser(server.port);
  }

  test("sees what the application made of the session, as that sees what the filter did", async () => {
    const browser = await around("sessions:filter_session", inner);
    expect((await browser.get("/set")).text).toBe('{"before":1,"inner":"inner of 1"} after: saw inner of 1');
    const second = await browser.get("/look");
    expect(second.text).toBe('{"before":2,"inner":"inner of 1","after":"saw inner of 1"} after: saw inner of 1');
  });

  test("gives out the same tokens as the application", async () => {
    const python = pythonMiddleware({ filter: "sessions:add_token", directory: APPS, python: PYTHON, log: () => {} });
    open.push(python);
    await python.ready;
    const giving: WSGIApplication = (environ, startResponse) => {
      const text = environ.REQUEST_METHOD === "GET" && environ.PATH_INFO === "/" ? csrfToken(environ) : "none";
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [Buffer.from(text)];
    };
    const server = await serveApplication(compose(csrf({ checks: "token" }), python)(giving));
    open.push(server);
    for (const path of ["/", "/filter-only"]) {
      const browser = new Browser(server.port);
      const page = await browser.get(path);
      const tokens = [String(page.headers["x-token"]), ...(path === "/" ? [page.text] : [])];
      for (const token of tokens) {
        const posted = await browser.get("/", { method: "POST", headers: { "X-CSRF-Token": token } });
        expect([path, posted.status]).toEqual([path, 200]);
      }
    }
    expect((await send(server.port, "/", { method: "POST" })).status).toBe(403);
  });

  test("leaves the session alone when it does not look at it", async () => {
    const browser = await around(["sessions:passing"], (_environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [Buffer.from("public")];
    });
    expect((await browser.get("/")).headers.vary).toBeUndefined();
    const using = await around(["sessions:passing"], inner);
    await using.get("/set");
    expect((await using.get("/look")).text).toBe('{"inner":"inner of undefined"}');
  });

  test("and a Python application behind that sees the same session", async () => {
    const { guest } = await serve("application", (application) => application);
    const browser = await around("sessions:filter_session", guest.application);
    expect((await browser.get("/set/1")).text).toBe('{"before": 1, "value": "1"} after: saw None');
    expect((await browser.get("/look")).text).toBe('{"before": 2, "value": "1", "after": "saw None"} after: saw None');
  });
});
