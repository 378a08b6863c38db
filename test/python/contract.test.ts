// What an application may do (PEP 3333), and what happens when it does what it may not, as a client sees it.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { APPS, eventually, servePython, type Served } from "./serve-python.ts";

describe.each([
  { name: "one thread", options: { processes: 1, threads: 1 } },
  { name: "threads", options: { processes: 1, threads: 4 } },
  { name: "preloaded and forked", options: { processes: 2, threads: 1, preload: true } },
])("a Python application, $name", ({ options }) => {
  let served: Served;
  beforeAll(async () => {
    served = await servePython({ target: "torture:application", ...options });
  });
  afterAll(() => served.close());

  test.each([
    ["/hello", 200, "hello"],
    ["/several-chunks", 200, "one two three"],
    ["/empty-list", 200, ""],
    ["/write-only", 200, "first second"],
    ["/write-and-return", 200, "written returned"],
    ["/generator", 200, "one two"],
    ["/lazy-start", 201, "late"],
    ["/class-iterable", 200, "from a class"],
    ["/complete-by-length", 200, "12345"],
    ["/fails-when-complete", 200, "complete"],
    ["/exits-in-close", 200, "closed badly"],
    ["/exc-info-before", 409, "conflict"],
    ["/status-204", 204, ""],
    ["/status-304", 304, ""],
    ["/hop-by-hop", 200, "plain"],
    ["/too-long", 200, "long"],
    ["/nowhere", 404, "no such path"],
  ])("legal: %s", async (path, status, text) => {
    const received = await served.get(path);
    expect([received.status, received.text]).toEqual([status, text]);
    expect(served.guest.stats().restarts).toBe(0);
  });

  test.each([
    "/no-start",
    "/double-start",
    "/returns-none",
    "/returns-int",
    "/returns-str",
    "/returns-bytes",
    "/str-chunk",
    "/header-crlf",
    "/header-nul",
    "/header-name",
    "/header-unicode",
    "/header-int",
    "/header-tuple",
    "/status-crlf",
    "/status-int",
    "/write-str",
    "/raises",
    "/raises-at-first",
    "/too-short",
  ])("illegal before the first byte: %s is a 500 without details", async (path) => {
    const received = await served.get(path);
    expect(received.status).toBe(500);
    expect(received.text).not.toContain("Traceback");
    expect(received.headers["set-cookie"]).toBeUndefined();
    expect(await served.get("/hello")).toMatchObject({ status: 200 });
  });

  test.each(["/raises-half-way", "/exc-info-after", "/too-short-stream"])(
    "failure after the first byte: %s breaks the answer off",
    async (path) => {
      await expect(served.get(path)).rejects.toThrow(/aborted|hang up|reset/);
      expect(await served.get("/hello")).toMatchObject({ status: 200 });
    },
  );

  test("the log has the traceback and the request", async () => {
    served.errors.text = "";
    await served.get("/raises");
    await eventually(() => served.errors.text.includes("RuntimeError: deliberate"), "the traceback");
    expect(served.errors.text).toContain("GET /raises");
    expect(served.errors.text).toContain("torture.py");
    expect(served.errors.text).not.toContain("guests/python/shim");
  });

  test("HEAD has the length of GET and no body", async () => {
    const received = await served.get("/hello", { method: "HEAD" });
    expect([received.status, received.headers["content-length"], received.text]).toEqual([200, "5", ""]);
    expect(await served.get("/generator", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    // Python is stopped half-way: nobody wants the rest.
    expect(await served.get("/events", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  });

  test("headers pass unchanged, repeated ones too", async () => {
    const { rawHeaders } = await served.get("/two-cookies");
    const pairs = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
    expect(pairs).toEqual(expect.arrayContaining(["Set-Cookie: a=1", "Set-Cookie: b=2", "X-Latin: caf\u00e9"]));
  });

  test("a list of one chunk has a Content-Length", async () => {
    expect((await served.get("/big-list?bytes=3000000")).headers["content-length"]).toBe("3000000");
    expect((await served.get("/hello")).headers["content-length"]).toBe("5");
  });

  test("wsgi.input: read, readline, readlines, iteration and beyond the end", async () => {
    const body = "abcdef\nghijkl\nmn\nop\nqrs";
    const { text } = await served.get("/input-methods", { method: "POST", body });
    expect(text).toBe(`[b'abc', b'def\\n', b'gh', [b'ijkl\\n'], [b'mn\\n', b'op\\n', b'qrs'], b'', b'', b'', []]`);
    expect((await served.get("/input-methods")).text).toBe(`[b'', b'', b'', [], [], b'', b'', b'', []]`);
  });

  test.each([0, 1, 10_000, 100_000, 3_000_000])("a body of %i bytes comes back", async (size) => {
    const body = Buffer.alloc(size, "0123456789abcdef");
    const received = await served.get("/echo", { method: "POST", body });
    expect(received.body.equals(body)).toBe(true);
  });

  test("a chunked body is read to its end", async () => {
    const received = await served.get("/echo", { method: "POST", body: blocks(["one ", "two ", "three"]) });
    expect(received.text).toBe("one two three");
  });

  test("the target as received is RAW_URI too, as with gunicorn", async () => {
    const received = await served.get("/environ-types?a=%C3%A9");
    expect(JSON.parse(received.text)).toMatchObject({ values: { RAW_URI: "/environ-types?a=%C3%A9" } });
  });

  test("the environ is a dict of exact str, and tells the truth", async () => {
    const received = await served.get("/environ-types?a=%C3%A9", {
      headers: { "X-Latin": "caf\u00e9", "X-Long": "l".repeat(7000) },
    });
    const environ = JSON.parse(received.text) as Record<string, unknown> & { values: Record<string, string> };
    expect(environ).toMatchObject({
      is_dict: true,
      not_str: [],
      keys_str: true,
      multithread: options.threads > 1,
      multiprocess: options.processes > 1,
      version: true,
      terminated: true,
    });
    expect(environ.values).toMatchObject({
      HTTP_X_LATIN: "caf\u00e9",
      QUERY_STRING: "a=%C3%A9",
      PATH_INFO: "/environ-types",
      REQUEST_METHOD: "GET",
    });
    expect(environ.values["HTTP_X_LONG"]).toHaveLength(7000);
  });

  test("wsgi.errors, stdout and stderr reach the logs", async () => {
    served.errors.text = "";
    expect((await served.get("/errors")).text).toBe("logged");
    await eventually(() => served.errors.text.includes("to the error stream \u00e9\u4e00\none\ntwo\n"), "wsgi.errors");
    await eventually(
      () => served.output.some(({ stream, text }) => stream === "stdout" && text === "to stdout"),
      "stdout",
    );
    await eventually(
      () => served.output.some(({ stream, text }) => stream === "stderr" && text === "to stderr"),
      "stderr",
    );
  });

  test("a real file is sent from the descriptor, from where it stands", async () => {
    const source = readFileSync(`${APPS}/torture.py`);
    const whole = await served.get("/file");
    expect(whole.body.equals(source)).toBe(true);
    expect(whole.headers["content-length"]).toBe(String(source.length));
    expect((await served.get("/file?from=1000")).body.equals(source.subarray(1000))).toBe(true);
    expect((await served.get("/file-deleted")).body).toHaveLength(200_000);
    expect((await served.get("/file-like")).body).toHaveLength(15_000);
    expect((await served.get("/file", { method: "HEAD" })).headers["content-length"]).toBe(String(source.length));
  });

  test("events arrive one by one", async () => {
    const { arrivals, text } = await served.get("/events");
    expect(text).toBe("data: 0\n\ndata: 1\n\ndata: 2\n\n");
    expect(arrivals).toHaveLength(3);
  });

  test("many requests at a time: each client has its own answer", async () => {
    const words = Array.from({ length: 300 }, (_, index) => `word-${index}`);
    const answers = await Promise.all(words.map((word) => served.get(`/sleep?seconds=0.0002&say=${word}`)));
    expect(answers.map((answer) => answer.text)).toEqual(words);
  });
});

async function* blocks(texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    yield Buffer.from(text);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
