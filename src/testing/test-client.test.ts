// The client against the kinds of application that it must understand; each runs under the validator.
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { WSGIApplication } from "../wsgi/types.ts";
import { NoResponseError, RedirectError } from "./errors.ts";
import { TestClient } from "./test-client.ts";

const TEXT: [string, string] = ["Content-Type", "text/plain; charset=utf-8"];

/** Answers with the request as JSON. */
const mirror: WSGIApplication = async (environ, startResponse) => {
  const body = Buffer.from(await environ["wsgi.input"].read()).toString("latin1");
  const variables = Object.entries(environ).filter(([, value]) => typeof value === "string");
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return [Buffer.from(JSON.stringify({ ...Object.fromEntries(variables), body }))];
};

type Mirrored = Record<string, string> & { body: string };

/** Redirects `/CODE/path` to `/path` with that status, and mirrors the rest. */
const redirector: WSGIApplication = (environ, startResponse) => {
  const [, status, rest] = /^\/(3\d\d)(\/.*)$/.exec(environ.PATH_INFO) ?? [];
  if (!status || !rest) return mirror(environ, startResponse);
  startResponse(`${status} Moved`, [["Location", rest.replace("/other.test", "http://other.test")], TEXT]);
  return [];
};

describe("TestClient sends", () => {
  const client = new TestClient(mirror, { headers: { "X-Common": "yes" }, auth: { user: "ada", password: "pää" } });
  const sent = async (...request: Parameters<TestClient["request"]>): Promise<Mirrored> =>
    (await client.request(...request)).json<Mirrored>();

  test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const)("%s", async (method) => {
    expect(await sent(method, "/")).toMatchObject({ REQUEST_METHOD: method, HTTP_X_COMMON: "yes" });
  });

  test("a query beside the one in the address", async () => {
    const { QUERY_STRING } = await sent("GET", "/?a=1", { query: { b: [2, "three & four"] } });
    expect(QUERY_STRING).toBe("a=1&b=2&b=three+%26+four");
  });

  test("JSON", async () => {
    expect(await sent("POST", "/", { json: { a: [1] } })).toMatchObject({
      CONTENT_TYPE: "application/json",
      CONTENT_LENGTH: "9",
      body: '{"a":[1]}',
    });
  });

  test("a form", async () => {
    expect(await sent("POST", "/", { form: { name: "tea & cake", size: [1, 2] } })).toMatchObject({
      CONTENT_TYPE: "application/x-www-form-urlencoded",
      body: "name=tea+%26+cake&size=1&size=2",
    });
  });

  test("files, as multipart", async () => {
    const files = { upload: { filename: 'a"b.txt', content: "hello" } };
    const { CONTENT_TYPE, body } = await sent("POST", "/", { form: { note: "hi" }, files });
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(CONTENT_TYPE ?? "")?.[1];
    expect(body.split("\r\n")).toEqual([
      `--${boundary}`,
      'Content-Disposition: form-data; name="note"',
      "",
      "hi",
      `--${boundary}`,
      'Content-Disposition: form-data; name="upload"; filename="a%22b.txt"',
      "Content-Type: text/plain",
      "",
      "hello",
      `--${boundary}--`,
      "",
    ]);
  });

  test("a stream, without a length", async () => {
    async function* parts() {
      yield Buffer.from("one ");
      yield Buffer.from("two");
    }
    const mirrored = await sent("PUT", "/", { body: parts() });
    expect(mirrored.body).toBe("one two");
    expect(mirrored).not.toHaveProperty("CONTENT_LENGTH");
  });

  test("basic authentication in UTF-8", async () => {
    const { HTTP_AUTHORIZATION } = await sent("GET", "/");
    expect(HTTP_AUTHORIZATION).toBe(`Basic ${Buffer.from("ada:pää").toString("base64")}`);
  });

  test("an absolute URL as host and scheme", async () => {
    expect(await sent("GET", "https://shop.test:8443/a")).toMatchObject({
      HTTP_HOST: "shop.test:8443",
      SERVER_NAME: "shop.test",
      SERVER_PORT: "8443",
      PATH_INFO: "/a",
    });
  });

  test("refuses two bodies at once", async () => {
    await expect(sent("POST", "/", { json: 1, body: "2" })).rejects.toThrow("Expected only one of body, json and form");
  });
});

describe("TestClient reads", () => {
  test("status, reason, headers, text, chunks and errors", async () => {
    const client = new TestClient(async function* greet(environ, startResponse) {
      environ["wsgi.errors"].write("noted\n");
      startResponse("418 I'm a teapot", [
        ["Content-Type", "text/plain; charset=iso-8859-1"],
        ["X-A", "1"],
        ["X-A", "2"],
      ]);
      yield Buffer.from([0xe9]);
      yield Buffer.from("t");
    });
    const response = await client.get("/");
    expect([response.status, response.reason]).toEqual([418, "I'm a teapot"]);
    expect(response.headers.getAll("x-a")).toEqual(["1", "2"]);
    expect(response.chunks).toHaveLength(2);
    expect(response.text()).toBe("ét");
    expect(response.errors).toBe("noted\n");
    expect(response.isComplete).toBe(true);
  });

  test("an application that throws, as a 500 with the error beside it", async () => {
    const client = new TestClient(() => {
      throw new Error("secret");
    });
    const response = await client.get("/");
    expect(response.status).toBe(500);
    expect(response.text()).not.toContain("secret");
    expect(response.errors).toContain("secret");
    await expect(client.get("/", { raiseErrors: true })).rejects.toThrow("secret");
  });

  test("a body that breaks off, as incomplete", async () => {
    const client = new TestClient(
      (_, startResponse) => {
        startResponse("200 OK", [TEXT, ["Content-Length", "5"]]);
        return [Buffer.from("abc")];
      },
      { validate: false },
    );
    const response = await client.get("/");
    expect([response.isComplete, response.text()]).toEqual([false, "abc"]);
  });

  test("early hints", async () => {
    const client = new TestClient((environ, startResponse) => {
      environ["wsgi.early_hints"]?.([["Link", "</a.css>; rel=preload"]]);
      startResponse("200 OK", [TEXT]);
      return [Buffer.from("hi")];
    });
    expect((await client.get("/")).earlyHints).toEqual([[["Link", "</a.css>; rel=preload"]]]);
  });

  test("no body for HEAD, though the length", async () => {
    const response = await new TestClient(mirror, { validate: false }).head("/");
    expect([response.status, response.bytes().length, response.isComplete]).toEqual([200, 0, true]);
  });
});

describe("TestClient leaves", () => {
  const steps: string[] = [];
  const endless: WSGIApplication = (environ, startResponse) => {
    environ["tsgi.signal"]?.addEventListener("abort", () => steps.push("signal"));
    startResponse("200 OK", [TEXT]);
    return (async function* ticks() {
      try {
        for (;;) {
          await new Promise(setImmediate);
          yield Buffer.from("tick");
        }
      } finally {
        steps.push("closed");
      }
    })();
  };

  test("after some bytes: the signal fires and the body is closed", async () => {
    const response = await new TestClient(endless).get("/", { leaveAfterBytes: 8 });
    expect([response.isComplete, response.status]).toEqual([false, 200]);
    expect(response.text()).toMatch(/^(tick){2}/);
    expect(steps.toSorted()).toEqual(["closed", "signal"]);
  });

  test("before the response, when its own signal fires", async () => {
    const left = new AbortController();
    const client = new TestClient(() => new Promise(() => {}));
    const request = client.get("/", { signal: left.signal });
    left.abort();
    await expect(request).rejects.toThrow(NoResponseError);
  });
});

describe("TestClient follows redirects", () => {
  const client = new TestClient(redirector, { followRedirects: true });

  test.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [302, "PUT", "PUT", "data"],
    [307, "POST", "POST", "data"],
    [308, "POST", "POST", "data"],
  ])("%i of %s asks with %s", async (status, method, becomes, body) => {
    const response = await client.request(method, `/${status}/end?x`, { body: "data" });
    expect(response.json()).toMatchObject({ REQUEST_METHOD: becomes, PATH_INFO: "/end", body });
    expect(response.history.map((one) => one.status)).toEqual([status]);
    expect(response.url).toBe("http://localhost/end");
  });

  test("only when asked", async () => {
    expect((await client.get("/302/end", { followRedirects: false })).status).toBe(302);
  });

  test("without credentials to another origin", async () => {
    const auth = { user: "ada", password: "x" };
    const mirrored = (await client.get("/302/other.test/end", { auth })).json<Mirrored>();
    expect(mirrored.HTTP_HOST).toBe("other.test");
    expect(mirrored).not.toHaveProperty("HTTP_AUTHORIZATION");
  });

  test("not in circles", async () => {
    const circle = new TestClient((_, startResponse) => {
      startResponse("302 Found", [["Location", "/"], TEXT]);
      return [];
    });
    await expect(circle.get("/", { followRedirects: true })).rejects.toThrow(RedirectError);
  });
});

test("TestClient keeps cookies between requests", async () => {
  const client = new TestClient((environ, startResponse) => {
    const headers: [string, string][] = [TEXT];
    if (environ.PATH_INFO === "/login") headers.push(["Set-Cookie", "id=7; Path=/; HttpOnly"]);
    if (environ.PATH_INFO === "/logout") headers.push(["Set-Cookie", "id=; Path=/; Max-Age=0"]);
    startResponse("200 OK", headers);
    return [Buffer.from(environ.HTTP_COOKIE ?? "none")];
  });
  expect((await client.get("/login")).cookies.get("id")).toMatchObject({ value: "7", httpOnly: true });
  expect((await client.get("/")).text()).toBe("id=7");
  expect(client.cookies.get("id")).toBe("7");
  await client.get("/logout");
  expect((await client.get("/")).text()).toBe("none");
});

describe("TestResponse decodes", () => {
  const text = "tea ".repeat(50);
  const codings: readonly [coding: string, encode: (bytes: Uint8Array) => Uint8Array][] = [
    ["gzip", (bytes) => gzipSync(bytes)],
    ["x-gzip", (bytes) => gzipSync(bytes)],
    ["deflate", (bytes) => deflateSync(bytes)],
    ["br", (bytes) => brotliCompressSync(bytes)],
    ["identity", (bytes) => bytes],
    ["gzip, br", (bytes) => brotliCompressSync(gzipSync(bytes))],
  ];
  const answering = (coding: string, body: Uint8Array): TestClient =>
    new TestClient((_, startResponse) => {
      startResponse("200 OK", [TEXT, ["Content-Encoding", coding]]);
      return [body];
    });

  test.each(codings)("%s", async (coding, encode) => {
    const encoded = encode(Buffer.from(text));
    const response = await answering(coding, encoded).get("/");
    expect(response.text()).toBe(text);
    expect(Buffer.from(response.bytes()).equals(encoded)).toBe(true);
    expect((await answering(coding, encoded).head("/")).text()).toBe("");
  });

  test.each([
    ["zip", "x", 'Cannot decode the Content-Encoding "zip"; expected gzip, deflate or br'],
    ["constructor", "x", 'Cannot decode the Content-Encoding "constructor"'],
    ["gzip", "plain", 'The body is not in the Content-Encoding "gzip"'],
  ])("not %s of %s", async (coding, body, message) => {
    const response = await answering(coding, Buffer.from(body)).get("/");
    expect(() => response.text()).toThrow(message);
    expect(Buffer.from(response.bytes()).toString()).toBe(body);
  });
});
