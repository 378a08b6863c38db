// Applications as fetch handlers: called directly, and under @hono/node-server, which carries Requests and Responses over sockets.
import { createAdaptorServer } from "@hono/node-server";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { runConformance } from "../../testing/conformance/run-conformance.ts";
import { TestClient } from "../../testing/test-client.ts";
import { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { type FetchHandler, type FetchHandlerOptions, toFetchHandler } from "./fetch-handler.ts";

const quiet = (): FetchHandlerOptions => ({ errors: new StringErrorStream() });

/** What a Response cannot carry, or @hono/node-server does not. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "A hundred headers arrive in order": "Headers join the fields of one name with commas",
  ...Object.fromEntries(
    [
      "A generator that throws after its first chunk",
      "An async generator that throws after its first chunk",
      "excInfo after the first chunk is thrown again, which",
      "A streamed body shorter than its Content-Length",
    ].map((what) => [
      `${what} breaks the answer off`,
      "it waits for two chunks before it sends, and answers 500 when one fails",
    ]),
  ),
};

describe("toFetchHandler under @hono/node-server", () => {
  const register = (name: string, run: () => Promise<void>): void => {
    if (DIFFERENT[name] !== undefined) return;
    // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the case brings title and assertions
    test(name, run);
  };
  const leftOut = runConformance(register, {
    lacks: ["early-hints", "reason-phrase"],
    serve: (application) => serve(toFetchHandler(application, quiet())),
  });
  test("no other case is left out", () => expect(leftOut).toHaveLength(2));
});

async function serve(fetch: FetchHandler): Promise<{ client: TestClient; close: () => void }> {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return { client: new TestClient(`http://127.0.0.1:${port}`), close: () => void server.close() };
}

const application: WSGIApplication = (environ, startResponse) => {
  const how = environ.PATH_INFO.slice(1);
  if (how === "environ") {
    startResponse("200 OK", [["Content-Type", "application/json"]]);
    return [
      Buffer.from(
        JSON.stringify(environ, (key, value: unknown) => (key === "" || typeof value === "string" ? value : undefined)),
      ),
    ];
  }
  startResponse(`${how} Some Reason`, [
    ["Content-Type", "text/plain"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ]);
  return [Buffer.from("body")];
};

describe("toFetchHandler", () => {
  const handle = toFetchHandler(application, quiet());
  const environOf = async (request: Request, ...platform: unknown[]): Promise<Record<string, string>> => {
    const response = await handle(request, ...platform);
    return (await response.json()) as Record<string, string>;
  };

  test("answers at once when the application does", () => {
    expect(handle(new Request("http://a/200"))).toBeInstanceOf(Response);
  });

  test("cuts the URL apart", async () => {
    const request = new Request("https://shop.test:8443/environ?x=%20&y=?#part", { headers: { Host: "other" } });
    expect(await environOf(request)).toMatchObject({
      "wsgi.url_scheme": "https",
      HTTP_HOST: "shop.test:8443",
      SERVER_NAME: "shop.test",
      SERVER_PORT: "8443",
      QUERY_STRING: "x=%20&y=?",
      REQUEST_URI: "/environ?x=%20&y=?",
    });
    expect(await environOf(new Request("http://[::1]/environ?"))).toMatchObject({
      HTTP_HOST: "[::1]",
      SERVER_NAME: "[::1]",
      SERVER_PORT: "80",
      REQUEST_URI: "/environ?",
    });
    expect((await handle(new Request("http://a/%00"))).status).toBe(400);
  });

  test.each([
    ["Bun's server", [{ requestIP: () => ({ address: "203.0.113.9", port: 1234 }) }], "203.0.113.9", "1234"],
    ["Deno's info", [{ remoteAddr: { hostname: "2001:db8::9", port: 1 } }], "2001:db8::9", "1"],
    ["an unknown argument", [{}], "", ""],
    ["nothing", [], "", ""],
  ])("knows the client by %s", async (_, platform, address, port) => {
    const environ = await environOf(new Request("http://a/environ"), ...platform);
    expect([environ["REMOTE_ADDR"], environ["REMOTE_PORT"]]).toEqual([address, port]);
  });

  test("tells a length without zeros in front", async () => {
    const headers = { "Content-Length": "0003" };
    const environ = await environOf(new Request("http://a/environ", { method: "POST", body: "abc", headers }));
    expect(environ["CONTENT_LENGTH"]).toBe("3");
  });

  test("believes Cloudflare's field only on Cloudflare", async () => {
    const request = new Request("http://a/environ", { headers: { "CF-Connecting-IP": "203.0.113.9" } });
    expect((await environOf(request))["REMOTE_ADDR"]).toBe("");
    expect((await environOf(Object.assign(request, { cf: {} })))["REMOTE_ADDR"]).toBe("203.0.113.9");
  });

  test("hands on what the platform has passed", async () => {
    const seen: unknown[] = [];
    const telling = toFetchHandler((environ, startResponse) => {
      seen.push(environ["tsgi.platform"]);
      startResponse("200 OK", []);
      return [];
    });
    await telling(new Request("http://a/"), "env", "ctx");
    expect(seen).toEqual([["env", "ctx"]]);
  });

  test.each([200, 204, 205, 304, 404, 599])("gives a Response of status %i", async (status) => {
    const response = await handle(new Request(`http://a/${status}`));
    expect([response.status, response.statusText]).toEqual([status, "Some Reason"]);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await response.text()).toBe([204, 205, 304].includes(status) ? "" : "body");
  });

  test("HEAD has the length and no body", async () => {
    const response = await handle(new Request("http://a/200", { method: "HEAD" }));
    expect([response.headers.get("Content-Length"), response.body]).toEqual(["4", null]);
  });

  test("a slow reader holds the application up, and one that leaves ends it", async () => {
    let made = 0;
    let isEnded = false;
    const endless = toFetchHandler((_, startResponse) => {
      startResponse("200 OK", []);
      return (function* blocks() {
        try {
          for (;;) {
            made += 1;
            yield Buffer.alloc(10_000);
          }
        } finally {
          isEnded = true;
        }
      })();
    }, quiet());
    const response = await endless(new Request("http://a/"));
    const reader = response.body?.getReader();
    for (let read = 0; read < 100; read += 1) await reader?.read();
    expect(made).toBeLessThan(120);
    await reader?.cancel();
    expect(isEnded).toBe(true);
  });

  test("a client that leaves before the answer fires the signal, ends the upload and settles the promise", async () => {
    const heard: string[] = [];
    const reading = toFetchHandler(async (environ, startResponse) => {
      environ["tsgi.signal"]?.addEventListener("abort", () => heard.push("signal"));
      await environ["wsgi.input"].read().catch((error: Error & { code?: string }) => heard.push(String(error.code)));
      startResponse("200 OK", []);
      return [];
    }, quiet());
    const leaving = new AbortController();
    const body = new ReadableStream({ pull: () => new Promise(() => {}) });
    const options = { method: "POST", body, signal: leaving.signal, duplex: "half" } as RequestInit;
    const promise = reading(new Request("http://a/", options));
    leaving.abort();
    expect((await promise).status).toBe(400);
    await expect.poll(() => heard.toSorted()).toEqual(["ERR_HTTP_CLIENT_DISCONNECTED", "signal"]);
  });

  test("a body longer than the limit gets 413, and one that was read already is said so", async () => {
    const errors = new StringErrorStream();
    const reading = toFetchHandler(
      async (environ, startResponse) => {
        const body = await environ["wsgi.input"].read();
        startResponse("200 OK", []);
        return [body];
      },
      { errors, maxBodyBytes: 4 },
    );
    const post = (body: string): Request => new Request("http://a/", { method: "POST", body });
    expect(await (await reading(post("1234"))).text()).toBe("1234");
    expect((await reading(post("12345"))).status).toBe(413);
    const used = post("1");
    await used.text();
    expect((await reading(used)).status).toBe(500);
    expect(errors.text).toContain("The body of the request was read before the application was called");
  });
});
