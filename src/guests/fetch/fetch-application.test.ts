// Fetch handlers as guests, and the conformance list through our own fetch gateway as a guest.
import { connect } from "node:net";
import { Readable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { Hono } from "hono";
import { stream as streamOf } from "hono/streaming";
import { describe, expect, test } from "vitest";
import { toFetchHandler } from "../../gateways/fetch/fetch-handler.ts";
import { makeServer } from "../../server/make-server.ts";
import { runConformance } from "../../testing/conformance/run-conformance.ts";
import { TestClient } from "../../testing/test-client.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import { fetchApplication, type FetchContext, type FetchFunction } from "./index.ts";

const clientOf = (handler: FetchFunction | { fetch: FetchFunction }): TestClient =>
  new TestClient(fetchApplication(handler), { validate: false });

/** What Requests and Responses cannot carry. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "A hundred headers arrive in order": "Headers join the fields of one name with commas",
};

describe("A fetch handler behind the HTTP gateway", () => {
  const register = (name: string, run: () => Promise<void>): void => {
    if (DIFFERENT[name] !== undefined) return;
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the case brings title and assertions
    test(name, run);
  };
  const leftOut = runConformance(register, {
    lacks: ["early-hints"],
    async serve(application) {
      const errors = new StringErrorStream();
      const server = makeServer("127.0.0.1", 0, fetchApplication(toFetchHandler(application, { errors })), { errors });
      await server.listen();
      return { client: new TestClient(server.url), close: () => server.close(0) };
    },
  });
  test("no other case is left out", () => expect(leftOut).toHaveLength(1));
});

describe("fetchApplication serves Hono", () => {
  const app = new Hono();
  app.get("/", (context) => context.text("hello"));
  app.get("/json", (context) => {
    context.header("Set-Cookie", "a=1", { append: true });
    context.header("Set-Cookie", "b=2", { append: true });
    return context.json({ url: context.req.url, query: context.req.query("x"), host: context.req.header("Host") });
  });
  app.post("/text", async (context) => context.text(await context.req.text()));
  app.post("/form", async (context) => context.json(await context.req.parseBody()));
  app.get("/empty", (context) => context.body(null, 204));
  app.get("/again", (context) => context.text(new Request(context.req.raw).url));
  const client = clientOf(app);

  test("text, JSON, cookies, forms, and no content", async () => {
    const hello = await client.get("/");
    expect([hello.text(), hello.headers.get("Content-Type")]).toEqual(["hello", "text/plain;charset=UTF-8"]);
    const json = await client.get("/json?x=1");
    expect(json.json()).toEqual({ url: "http://localhost/json?x=1", query: "1", host: "localhost" });
    expect(json.headers.getAll("Set-Cookie")).toEqual(["a=1", "b=2"]);
    expect((await client.post("/text", { body: "posted" })).text()).toBe("posted");
    expect((await client.post("/form", { form: { a: "1" } })).json()).toEqual({ a: "1" });
    expect((await client.get("/empty")).status).toBe(204);
    expect((await client.get("/again")).text()).toBe("http://localhost/again");
    expect((await client.get("/nowhere")).status).toBe(404);
  });
});

describe("fetchApplication", () => {
  test.each([
    ["//evil.test/x", "http://localhost//evil.test/x"],
    ["/b?c=%20", "http://localhost/b?c=%20"],
    ["/a/..b/.c/...", "http://localhost/a/..b/.c/..."],
    ["/a\\..\\b", "http://localhost/a%5C..%5Cb"],
    ["/a/%252e%252e/b", "http://localhost/a/%252e%252e/b"],
    ["/caf%C3%A9", "http://localhost/caf%C3%A9"],
    ["/x?a=b'c", "http://localhost/x?a=b%27c"],
  ])("the URL of %s is what the standard makes of it, on our host", async (target, url) => {
    expect((await clientOf((request) => new Response(request.url)).get(target)).text()).toBe(url);
  });

  test.each(
    ["a.test", "A.test", "a.test:80", "a.test:443", "a.test:8080", "a.test:59999", "a.test:65535", "127.0.0.1:30000"]
      .concat(["10.20.30.255", "1.2.3", "0x7f.1", "xn--mnchen-3ya.de", "[::1]:8080", "a.test:", "a-b.c-d:1"])
      .flatMap((host) => ["/", "/a/b?c=d&e", "/a%20b", "//c"].map((target) => [host, target] as const)),
  )("Host %s and target %s are the URL that the standard makes of them", async (host, target) => {
    const response = await clientOf((request) => new Response(request.url)).get(target, { headers: { Host: host } });
    expect(response.text()).toBe(new URL(`http://${host}${target}`).href);
  });

  // Of the Punycode, Node 24 takes what Node 20 does not.
  test.each(["256.1.1.1", "1.2.3.4.5", "xn--a.test"].filter((host) => !URL.canParse(`http://${host}`)))(
    "Host %s, of which no URL can be made, is refused",
    async (host) => {
      const client = clientOf((request) => new Response(request.url));
      expect((await client.get("/", { headers: { Host: host } })).status).toBe(400);
    },
  );

  test.each(["/a/../b", "/%2e%2e/b", "/a/.%2E", "/./b", "/a/%2e"])(
    "%s is refused: the standard would make another path of it than filters in front have seen",
    async (target) => {
      expect((await clientOf((request) => new Response(request.url)).get(target)).status).toBe(400);
    },
  );

  test("a Host that no URL can have is refused", async () => {
    const client = clientOf((request) => new Response(request.url));
    expect((await client.get("/", { headers: { Host: "a:99999" } })).status).toBe(400);
  });

  test("a handler that returns no Response fails", async () => {
    expect((await clientOf(() => "text").get("/")).status).toBe(500);
    expect((await clientOf(() => Promise.reject(new Error("no"))).get("/")).status).toBe(500);
  });

  test("responses of another implementation are taken, with bodies of Node's streams too", async () => {
    const foreign = (body: unknown): unknown => ({
      status: 202,
      statusText: "",
      headers: new Map([["x-a", "1"]]),
      body,
      text: () => "",
    });
    for (const [body, text] of [
      [null, ""],
      [new Blob(["blob"]).stream(), "blob"],
      [Readable.from(["no", "de"]), "node"],
    ] as const) {
      const response = await clientOf(() => foreign(body)).get("/");
      expect([response.status, response.headers.get("X-A"), response.text()]).toEqual([202, "1", text]);
    }
  });

  test.each([
    ["an ArrayBuffer", () => new Response(new Uint8Array([65, 66]).buffer), "AB", null],
    ["Response.json", () => Response.json({ a: 1 }), '{"a":1}', "application/json"],
    ["Response.json with headers", () => Response.json(1, { headers: { "Content-Type": "a/b" } }), "1", "a/b"],
  ])("%s has its length", async (_what, handler, text, type) => {
    const response = await clientOf(handler).get("/");
    expect([response.text(), response.headers.get("Content-Type")]).toEqual([text, type]);
    expect(response.headers.get("Content-Length")).toBe(String(text.length));
  });

  test.each<[string, () => Response | Promise<Response>]>([
    ["whose status was looked at", () => seen(new Response("text"), (response) => response.status)],
    ["whose headers were looked at", () => seen(new Response("text"), (response) => response.headers.get("a"))],
    ["whose body was looked at", () => seen(new Response("text"), (response) => response.body)],
    ["of a Blob", () => new Response(new Blob(["te", "xt"]))],
    ["of a Blob that was looked at", () => seen(new Response(new Blob(["te", "xt"])), (response) => response.body)],
    ["of a Blob with its length", () => new Response(new Blob(["text"]), { headers: { "Content-Length": "4" } })],
    ["of the body of another", () => new Response(new Response("text").body, new Response("text"))],
    ["that is a clone", () => new Response("text").clone()],
    ["that comes later", () => Promise.resolve(new Response(new Blob(["text"])))],
  ])("a response %s has its length", async (_what, handler) => {
    const response = await clientOf(handler).get("/");
    expect([response.text(), response.headers.get("Content-Length")]).toEqual(["text", "4"]);
  });

  test.each<[string, () => Response]>([
    ["in chunks", () => new Response(new Response("text").body, { headers: { "Transfer-Encoding": "chunked" } })],
    ["as a stream", () => new Response(new Blob(["text"]).stream())],
  ])("a response that is given %s has none", async (_what, handler) => {
    const response = await clientOf(handler).get("/");
    expect([response.text(), response.headers.get("Content-Length")]).toEqual(["text", null]);
  });

  test("headers that are changed after the response was made, read or cloned are sent", async () => {
    const handler = (request: Request): Response => {
      const response = new Response("text", { headers: { "X-A": "1" } });
      const { headers } = response;
      headers.append("Set-Cookie", "a=1");
      if (request.url.endsWith("/body")) void response.body;
      headers.append("Set-Cookie", "b=2");
      response.headers.set("X-A", "2");
      const last = request.url.endsWith("/clone") ? response.clone() : response;
      return request.url.endsWith("/again") ? new Response(last.body, last) : last;
    };
    for (const path of ["/", "/body", "/clone", "/again"]) {
      const response = await clientOf(handler).get(path);
      const { headers } = response;
      expect([response.text(), headers.get("X-A"), headers.getAll("Set-Cookie")]).toEqual([
        "text",
        "2",
        ["a=1", "b=2"],
      ]);
      expect(headers.getAll("Content-Type")).toEqual(["text/plain;charset=UTF-8"]);
    }
  });

  test("a response says of itself what a native one does", () => {
    const native = Object.getPrototypeOf(Response.prototype) as { constructor: typeof Response };
    const facts = (response: Response): unknown[] => [
      response.status,
      response.ok,
      response.statusText,
      [...response.headers],
      response.type,
      response.url,
      response.bodyUsed,
    ];
    const stream = (): ReadableStream => new Blob(["a"]).stream();
    for (const make of [
      (made: typeof Response) => new made("text"),
      (made: typeof Response) => new made(null),
      (made: typeof Response) => new made(stream(), { status: 404, statusText: "No" }),
      (made: typeof Response) => new made("a", { headers: { "Content-Type": "a/b", "X-Y": "z" } }),
    ]) {
      expect(facts(make(Response))).toEqual(facts(make(native.constructor)));
    }
    expect([Response.name, Request.name]).toEqual(["Response", "Request"]);
    const used = stream();
    used.getReader();
    expect(() => new Response(used)).toThrow(TypeError);
  });

  test("a stream that fails early never looks whole, and ends nothing else", async () => {
    const chunks = (count: number): ReadableStream =>
      new ReadableStream({
        pull(controller) {
          if ((count -= 1) < 0) controller.error(new Error("in the middle"));
          else controller.enqueue(Buffer.from("x"));
        },
      });
    for (const count of [1, 2, 3, 4]) {
      for (const handler of [() => new Response(chunks(count)), () => new Response(chunks(count)).clone()]) {
        const response = await clientOf(handler).get("/");
        // How much of it comes is the stream's affair: an error empties its queue.
        expect([response.status, response.isComplete]).not.toEqual([200, true]);
      }
    }
    expect((await clientOf(() => new Response(chunks(0))).get("/")).status).toBe(500);
  });

  test("a stream that is silent is cancelled when its client leaves, as Hono's onAbort wants it", async () => {
    let aborted = 0;
    const app = new Hono().get("/", (context) =>
      streamOf(context, (source) => {
        source.onAbort(() => void (aborted += 1));
        return new Promise<void>((resolve) => source.onAbort(resolve));
      }),
    );
    const errors = new StringErrorStream();
    const server = makeServer("127.0.0.1", 0, fetchApplication(app), { errors });
    await server.listen();
    try {
      const leaving = new AbortController();
      expect((await fetch(server.url, { signal: leaving.signal })).status).toBe(200);
      leaving.abort();
      await expect.poll(() => aborted).toBe(1);
      expect(errors.text).toBe("");
    } finally {
      await server.close(0);
    }
  });

  test("a client that has closed only its sending side gets what goes on coming", async () => {
    const handler = (): Response =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => void setTimeout(resolve, 200));
            if ((count -= 1) < 0) controller.close();
            else controller.enqueue(Buffer.from("x"));
          },
        }),
      );
    let count = 8;
    const server = makeServer("127.0.0.1", 0, fetchApplication(handler));
    await server.listen();
    try {
      const socket = connect({ port: Number(new URL(server.url).port), host: "127.0.0.1", allowHalfOpen: true });
      socket.end("GET / HTTP/1.0\r\n\r\n");
      expect(await textOf(socket)).toMatch(/\r\n\r\nx{8}$/);
    } finally {
      await server.close(0);
    }
  });

  test("the environ is in the context: Hono shows it as executionCtx", async () => {
    const app = new Hono().get("/", (context) => {
      const { environ } = context.executionCtx as unknown as FetchContext;
      return context.text(`${environ.REMOTE_ADDR} ${environ.PATH_INFO}`);
    });
    expect((await clientOf(app).get("/")).text()).toBe("127.0.0.1 /");
  });

  test("Response.json refuses what JSON does not have", async () => {
    expect((await clientOf(() => Response.json(undefined)).get("/")).status).toBe(500);
  });

  test("a stream that fails after its first chunk is broken off; one that is left is cancelled", async () => {
    let isCancelled = false;
    const streamThat = (end: "fail" | "wait"): ReadableStream =>
      new ReadableStream({
        start: (controller) => controller.enqueue(Buffer.from("begun")),
        pull: () => (end === "fail" ? Promise.reject(new Error("on purpose")) : new Promise(() => {})),
        cancel() {
          isCancelled = true;
        },
      });
    const failed = await clientOf(() => new Response(streamThat("fail"))).get("/");
    expect([failed.status, failed.isComplete]).toEqual([200, false]);
    await clientOf(() => new Response(streamThat("wait"))).get("/", { leaveAfterBytes: 5 });
    await expect.poll(() => isCancelled).toBe(true);
  });

  test("native responses and lazy ones are instances of both classes", () => {
    fetchApplication(() => null);
    const response = new Response("text", { status: 201, headers: { "X-A": "1" } });
    expect(response).toBeInstanceOf(Response);
    expect([response.status, response.headers.get("X-A"), response.ok]).toEqual([201, "1", true]);
    expect(Response.json({})).toBeInstanceOf(Response);
  });
});

function seen(response: Response, look: (response: Response) => unknown): Response {
  look(response);
  return response;
}
