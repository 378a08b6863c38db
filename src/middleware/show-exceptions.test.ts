// Answers for what is thrown: telling while developing, silent in production.
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { HeaderList, StartResponse, WSGIApplication, WSGIEnvironment } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, showExceptions } from "./show-exceptions.ts";

const TYPE: HeaderList = [["Content-Type", "text/plain"]];
const SECRET = "Password is <b>hunter2</b>";

/** Each moment at which an application may throw before anything has left. */
const MOMENTS: readonly [string, WSGIApplication][] = [
  [
    "when called",
    () => {
      throw new Error(SECRET);
    },
  ],
  ["in its promise", () => Promise.reject(new Error(SECRET))],
  [
    "after its head",
    (_environ, startResponse) => {
      startResponse("200 OK", TYPE);
      throw new Error(SECRET);
    },
  ],
  [
    "in its generator",
    // oxlint-disable-next-line eslint/require-yield -- what comes before the first chunk is the point
    function* generating(_environ: WSGIEnvironment, startResponse: StartResponse) {
      startResponse("200 OK", TYPE);
      throw new Error(SECRET);
    } as WSGIApplication,
  ],
  [
    "in its asynchronous generator",
    async function* generating(_environ: WSGIEnvironment, startResponse: StartResponse) {
      startResponse("200 OK", TYPE);
      yield Buffer.alloc(0);
      throw new Error(SECRET);
    } as WSGIApplication,
  ],
];

describe.each(MOMENTS)("showExceptions, when the application throws %s,", (_, application) => {
  const client = (development: boolean): TestClient =>
    new TestClient(showExceptions({ development })(validator(application)), { raiseErrors: true });

  test("says nothing in production, and logs all", async () => {
    const response = await client(false).get("/path", { headers: { Accept: "text/html" } });
    expect([response.status, response.text()]).toEqual([500, "Internal Server Error\n"]);
    expect(response.errors).toContain(`Error handling GET /path: Error: ${SECRET}`);
    expect(response.errors).toContain("show-exceptions.test.ts");
  });

  test("shows the stack in development, as text", async () => {
    const response = await client(true).get("/");
    expect(response.headers.get("Content-Type")).toBe("text/plain; charset=utf-8");
    expect(response.text()).toContain("show-exceptions.test.ts");
  });

  test("draws a page in development, escaped and without credentials", async () => {
    const secret = randomUUID(); // not one that stands here, since the page may show this source
    const headers = { Accept: "text/html", Cookie: `session=${secret}`, "X-Note": "<script>alert(1)</script>" };
    const response = await client(true).get("/", { headers });
    const html = response.text();
    expect([response.status, response.headers.get("Cache-Control")]).toEqual([500, "no-store"]);
    expect(html).toContain("Password is &lt;b&gt;hunter2&lt;/b&gt;");
    expect(html).not.toMatch(/<b>hunter2|<script>alert\(1\)/);
    expect(html).not.toContain(secret);
  });
});

describe("showExceptions", () => {
  const failing = (error: unknown): WSGIApplication =>
    validator(() => {
      throw error;
    });

  test.each<[error: unknown, status: number]>([
    [Object.assign(new Error("x"), { status: 418 }), 418],
    [Object.assign(new Error("x"), { status: 200 }), 500],
    [Object.assign(new Error("x"), { status: "404" }), 500],
    ["a string", 500],
    [undefined, 500],
  ])("answers %s with %i", async (error, status) => {
    expect((await new TestClient(showExceptions()(failing(error))).get("/")).status).toBe(status);
  });

  test("draws a page without credentials, wherever the client put them", async () => {
    const client = new TestClient(showExceptions({ development: true })(failing(new Error("x"))));
    const secret = randomUUID(); // not one that stands here, since the page shows this source
    const headers = {
      Accept: "text/html",
      Authorization: `Bearer ${secret}`,
      Cookie: `id=${secret}`,
      "X-Api-Key": secret,
      "X-Auth-Token": secret,
      "X-Hub-Signature": secret,
      "Proxy-Authorization": `Basic ${secret}`,
      Referer: `https://ada:${secret}@shop.test/?access_token=${secret}&page=seen`,
      "X-Plain": "seen too",
    };
    const html = (await client.get(`/?api_key=${secret}&q=tea`, { headers })).text();
    expect(html).not.toContain(secret);
    for (const shown of ["page=seen", "seen too", "q=tea"]) expect(html).toContain(shown);
  });

  test("leaves what a client did to the server", async () => {
    const error = Object.assign(new Error("Too large"), { fault: "remote", status: 413 });
    const client = new TestClient(filterFactory({}, { development: "yes" })(failing(error)), { raiseErrors: true });
    await expect(client.get("/")).rejects.toThrow("Too large");
  });

  test("lets an answer that has begun break off", async () => {
    const application = validator(async function* late(_environ, startResponse) {
      startResponse("200 OK", TYPE);
      yield Buffer.from("begun");
      throw new Error("late");
    } as WSGIApplication);
    const response = await new TestClient(showExceptions()(application)).get("/");
    expect([response.status, response.isComplete, String(response.error)]).toEqual([200, false, "Error: late"]);
  });

  test("passes answers on as they are, and closes them once", async () => {
    const closed: string[] = [];
    const application = validator((_environ, startResponse) => {
      startResponse("200 OK", TYPE);
      return {
        *[Symbol.iterator]() {
          yield Buffer.from("a");
          yield Buffer.from("b");
        },
        close: () => void closed.push("closed"),
      };
    });
    const response = await new TestClient(showExceptions()(application), { raiseErrors: true }).get("/");
    expect([response.text(), closed]).toEqual(["ab", ["closed"]]);
  });
});
