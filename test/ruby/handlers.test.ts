// What Rack's tests of its handlers, and Puma's of itself as one, ask for: the same facts, as a client sees them.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { interpreterWith } from "../needs.ts";
import { eventually, type Sending } from "../python/serve-python.ts";
import type { ServedGuest } from "../lane/serve-guest.ts";
import { serveRuby } from "./serve-ruby.ts";

const ruby = interpreterWith("ruby", "rack");
const LARGE = "ä0123456789".repeat(100);

describe.skipIf(ruby === undefined)("A Rack handler", () => {
  let served: ServedGuest;
  beforeAll(async () => void (served = await serveRuby({ target: "handlers.ru" })));
  afterAll(() => served.close());

  /** What a client gets that writes its request by hand, up to the end of the connection. */
  async function raw(head: string): Promise<string> {
    const socket = connect({ port: served.port, host: "127.0.0.1", allowHalfOpen: true });
    let text = "";
    let isEnded = false;
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("end", () => (isEnded = true));
    socket.write(head);
    await eventually(() => isEnded, "the end of the connection");
    socket.destroy();
    return text;
  }

  test.each<[path: string, sending: Sending, status: number, facts: Record<string, string>]>([
    [
      "",
      {},
      200,
      { REQUEST_METHOD: "GET", SCRIPT_NAME: "/environ", REQUEST_PATH: "/environ", PATH_INFO: "", posted: "" },
    ],
    ["/a/b?c=1", {}, 200, { REQUEST_PATH: "/environ/a/b", PATH_INFO: "/a/b", QUERY_STRING: "c=1" }],
    ["/a%25b", {}, 200, { REQUEST_PATH: "/environ/a%25b", PATH_INFO: "/a%25b", QUERY_STRING: "" }],
    ["", {}, 200, { SERVER_NAME: "127.0.0.1", SERVER_PROTOCOL: "HTTP/1.1", "rack.url_scheme": "http" }],
    ["?secret", {}, 403, { QUERY_STRING: "secret" }],
    [
      "",
      { method: "POST", body: "rack-form-data=23", headers: { "X-Test": "42" } },
      200,
      { REQUEST_METHOD: "POST", posted: "rack-form-data=23", HTTP_X_TEST: "42", length: "17" },
    ],
    [
      "",
      { headers: { Authorization: "Basic cnV0aDpzZWNyZXQ=" } },
      200,
      { HTTP_AUTHORIZATION: "Basic cnV0aDpzZWNyZXQ=" },
    ],
    ["", { method: "POST", body: "x".repeat(16_384) }, 200, { length: "16384" }],
  ])(
    "gives an application behind Rack::Lint what it must know of /environ%s %o",
    async (rest, sending, status, facts) => {
      const answer = await served.get(`/environ${rest}`, sending);
      const lines = new Map(
        answer.text.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
      );
      expect(answer.status).toBe(status);
      expect(Object.fromEntries(Object.keys(facts).map((key) => [key, lines.get(key)]))).toEqual(facts);
    },
  );

  test.each<[path: string, name: string, wanted: string | string[] | undefined]>([
    ["/cookies", "set-cookie", ["one=1", "two=2"]],
    ["/lines", "www-authenticate", "Bar realm=X, Baz realm=Y"],
    ["/array", "www-authenticate", "Bar realm=X, Baz realm=Y"],
    ["/proxy", "content-length", "20"],
    ["/hijacked-length", "content-length", "5"],
    ["/chunked", "transfer-encoding", "chunked"],
    ["/enumerator", "transfer-encoding", "chunked"],
    ["/body-noted", "rack.hijack", undefined],
  ])("%s has the header %s as it was set", async (path, name, wanted) => {
    expect((await served.get(path)).headers[name]).toEqual(wanted);
  });

  test.each([
    ["/hijacked", "one\r\ntwo\r\n"],
    ["/hijacked-length", "abcde"],
    ["/hijacked-noted", "hijacked"],
    ["/stream-noted", "ab"],
    ["/large", LARGE],
    ["/enumerator", LARGE.repeat(10)],
    ["/chunked", LARGE.repeat(10)],
  ])("%s has its whole body", async (path, text) => {
    expect(await served.get(path)).toMatchObject({ status: 200, text });
  });

  test.each([
    ["/after", 200, "first,last"],
    ["/finished", 200, "last,[true, 200, Hash, nil]"],
    ["/finished-badly", 500, "true it failed"],
    ["/hijacked-noted", 200, "header"],
    ["/stream-noted", 200, "stream"],
    ["/body-noted", 200, "body"],
    ["/proxy", 200, "proxy"],
  ])("%s calls what waits for its end, once", async (path, status, told) => {
    await served.get("/told");
    expect((await served.get(path)).status).toBe(status);
    expect((await served.get("/told")).text).toBe(told);
  });

  test("an exception behind the answer is no second answer", async () => {
    const text = await raw(
      "GET /after HTTP/1.1\r\nHost: x\r\n\r\nGET /told HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
  });

  test("HTTP/1.0 gets a hijacked body with its length", async () => {
    const text = await raw("GET /hijacked-length HTTP/1.0\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/^Content-Length: 5\r$/im);
    expect(text).toMatch(/\r\n\r\nabcde$/);
  });

  test("101 goes over to the protocol that the client asked for, and to none for others", async () => {
    const offer = "Connection: upgrade\r\nUpgrade: text\r\n";
    expect(await raw(`GET /switch HTTP/1.1\r\nHost: x\r\n${offer}\r\n`)).toMatch(
      /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: text\r\n\r\nhello$/,
    );
    // RFC 9110 section 15.2.2: a server goes over to what the client has named, and to nothing else.
    expect(await raw("GET /switch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1\.1 500 /);
  });

  test("OPTIONS * reaches the application", async () => {
    const text = await raw("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\nallow: GET, OPTIONS\r\n/);
    expect(text).toMatch(/path "(?:\*)?"$/);
  });

  test("a header named Version does not say the version to Rack 2", async () => {
    const { text } = await served.get("/version", { headers: { Version: "mine" } });
    expect(["HTTP/1.1", "mine"]).toContain(text);
  });
});
