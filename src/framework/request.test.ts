// What a handler reads of a request, and what it may set: the cases of Werkzeug's and Flask's tests of requests, cookies, flashing and
// files that carry over, as tables.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sessionCookie } from "../middleware/session-cookie.ts";
import { TestClient } from "../testing/test-client.ts";
import { App } from "./app.ts";
import { sendFile, sendFromDirectory } from "./files.ts";
import { flash, getFlashed } from "./flash.ts";
import { getRequest } from "./request-context.ts";
import type { Request } from "./request.ts";
import { Response } from "./response.ts";
import type { Result } from "./result.ts";

const telling = (tell: (request: Request) => Result | Promise<Result>): TestClient =>
  new App().route("/<path:p>", { methods: ["GET", "POST"] }, tell).test();

describe("request", () => {
  it.each([
    [
      "a=1&a=2&b=",
      [
        ["a", "1"],
        ["a", "2"],
        ["b", ""],
      ],
    ],
    [
      "a=b+c%20d&%C3%BC=%E2%98%83",
      [
        ["a", "b c d"],
        ["ü", "☃"],
      ],
    ],
    [
      "a=100%&b=%zz",
      [
        ["a", "100%"],
        ["b", "%zz"],
      ],
    ],
    ["__proto__=x", [["__proto__", "x"]]],
    ["a;b=1", [["a;b", "1"]]],
  ])("args of %s", async (query, expected) => {
    expect((await telling((request) => [...request.args]).get(`/x?${query}`)).json()).toEqual(expected);
  });

  it.each(["a=%E9", "%FF=1", "a=%C3"])("answers 400 for the query %s", async (query) => {
    expect((await telling((request) => [...request.args]).get(`/x?${query}`)).status).toBe(400);
  });

  it("has headers by name, cookies, and what is known of the client", async () => {
    const client = telling((request) => ({
      agent: request.headers.get("user-agent"),
      none: request.headers.get("X-None"),
      names: request.headers.entries().map(([name]) => name),
      cookies: [...request.cookies],
      type: request.type,
      url: request.url,
      rest: [request.method, request.path, request.remoteAddr, request.isSecure, request.id, request.signal.aborted],
    }));
    const headers = { "User-Agent": "me", Cookie: "a=1; b=%C3%BC; __proto__=x; a=2" };
    const told = (await client.post("/x/y?z=1", { headers, json: {} })).json();
    expect(told).toEqual({
      agent: "me",
      none: null,
      names: ["host", "user-agent", "cookie", "content-type", "content-length"],
      cookies: [
        ["a", "1"],
        ["b", "ü"],
        ["__proto__", "x"],
      ],
      type: "application/json",
      url: "http://localhost/x/y?z=1",
      rest: ["POST", "/x/y", "127.0.0.1", false, "", false],
    });
  });

  it.each([
    ["text/html,application/json;q=0.9", "text/html"],
    ["application/json", "application/json"],
    ["text/*;q=0.5, application/json;q=0.4", "text/html"],
    ["*/*", "text/html"],
    ["image/png", ""],
    ["text/html;q=0, */*", "application/json"],
  ])("accepts, of %s: %s", async (accept, expected) => {
    const client = telling((request) => request.accepts("text/html", "application/json") ?? "");
    expect((await client.get("/x", { headers: { Accept: accept } })).text()).toBe(expected);
  });

  it("reads a body once, as bytes, text and JSON", async () => {
    const client = telling(async (request) => [
      (await request.bytes()).length,
      await request.text(),
      await request.json(),
    ]);
    expect((await client.post("/x", { json: "ü" })).json()).toEqual([4, '"ü"', "ü"]);
  });

  it("reads a form once", async () => {
    const client = telling(async (request) => [(await request.form()).getAll("a"), [...(await request.form())]]);
    expect((await client.post("/x", { form: { a: ["1", "2"], b: "ü" } })).json()).toEqual([
      ["1", "2"],
      [
        ["a", "1"],
        ["a", "2"],
        ["b", "ü"],
      ],
    ]);
    expect((await client.post("/x", { json: {} })).status).toBe(415);
  });

  it("getRequest gives it to deep code, where that was asked for", async () => {
    const deep = async (): Promise<string> => {
      await Promise.resolve();
      return getRequest().path;
    };
    expect((await new App({ hasRequestContext: true }).get("/deep", deep).test().get("/deep")).text()).toBe("/deep");
    expect((await new App().get("/deep", deep).test().get("/deep")).status).toBe(500);
  });
});

describe("a response", () => {
  it("sets and deletes cookies; nothing in them ends the header", async () => {
    const app = new App().get("/", () =>
      new Response("x")
        .setCookie("a", "1; Path=/evil\r\nX-Evil: 1", { maxAge: 60 })
        .setCookie("b", "2", { httpOnly: false, sameSite: "none" })
        .deleteCookie("c"),
    );
    const response = await app.test({ baseUrl: "https://shop.test" }).get("/");
    expect(response.headers.getAll("Set-Cookie")).toEqual([
      "a=1%3B%20Path%3D%2Fevil%0D%0AX-Evil%3A%201; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax",
      "b=2; Path=/; Secure; SameSite=None",
      "c=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax",
    ]);
    expect(response.headers.get("Vary")).toBe("Cookie");
    expect(() => new Response().setCookie("a;b", "x")).toThrow("cannot be set");
    expect(() => new Response("x", { headers: { "X-A": "1\r\nX-B: 2" } }).headers.set("X-C", "\n")).toThrow(/control/);
  });
});

describe("flash", () => {
  const app = new App()
    .get("/say", (request) => {
      flash(request, "one");
      flash(request, "two", "error");
      return "said";
    })
    .get("/errors", (request) => getFlashed(request, "error"))
    .get("/all", (request) => getFlashed(request));
  const client = new TestClient(sessionCookie({ secrets: "0123456789abcdef0123456789abcdef" })(app));

  it("shows a message once, by category or all", async () => {
    await client.get("/say");
    expect((await client.get("/errors")).json()).toEqual([{ category: "error", message: "two" }]);
    expect((await client.get("/all")).json()).toEqual([{ category: "message", message: "one" }]);
    expect((await client.get("/all")).json()).toEqual([]);
  });
});

describe("files", () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-files-"));
  writeFileSync(join(directory, "page.html"), "<p>page</p>");
  writeFileSync(join(directory, "ü 1.txt"), "0123456789");
  writeFileSync(join(directory, ".hidden"), "secret");
  symlinkSync("/etc/passwd", join(directory, "link"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const app = new App()
    .static("/static", directory, { maxAgeSeconds: 60 })
    .get("/one", () => sendFile(join(directory, ".hidden"), { type: "text/x-secret", download: 'a"ü.txt' }))
    .get("/gone", () => sendFile(join(directory, "gone")))
    .get("/named/<path:name>", (_, { name }) => sendFromDirectory(directory, name, { download: true }));
  app.errorHandler(404, () => ["nothing here", 404]);
  const client = app.test();

  it("of a directory, with ranges, conditions and HEAD", async () => {
    const page = await client.get("/static/page.html");
    expect([page.status, page.text(), page.headers.get("Cache-Control")]).toEqual([
      200,
      "<p>page</p>",
      "public, max-age=60",
    ]);
    const part = await client.get("/static/%C3%BC%201.txt", { headers: { Range: "bytes=2-4" } });
    expect([part.status, part.text()]).toEqual([206, "234"]);
    const since = page.headers.get("Last-Modified") ?? "";
    expect((await client.get("/static/page.html", { headers: { "If-Modified-Since": since } })).status).toBe(304);
    const head = await client.head("/static/page.html");
    expect([head.headers.get("Content-Length"), head.text()]).toEqual(["11", ""]);
    expect(app.urlFor("static", { filename: "ü 1.txt" })).toBe("/static/%C3%BC%201.txt");
  });

  it.each([
    "/static/nothing",
    "/static/.hidden",
    "/static/link",
    "/static/..%2f..%2fetc/passwd",
    "/static/%2e%2e/x",
    "/static/",
    "/static/a%00b",
    "/static/..%5cx",
    "/gone",
    "/named/.hidden",
  ])("%s is not found, as the application says it", async (path) => {
    const response = await client.get(path);
    expect([response.status, response.text()]).toEqual([404, "nothing here"]);
  });

  it("of the application's choice, under another name", async () => {
    const one = await client.get("/one");
    expect([one.text(), one.headers.get("Content-Type")]).toEqual(["secret", "text/x-secret"]);
    expect(one.headers.get("Content-Disposition")).toBe(
      `attachment; filename="a__.txt"; filename*=UTF-8''a%22%C3%BC.txt`,
    );
    const named = await client.get("/named/page.html");
    expect(named.headers.get("Content-Disposition")).toBe('attachment; filename="page.html"');
  });
});
