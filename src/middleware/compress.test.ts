// Compression: what is compressed, what is left alone, and that nothing is held back.
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { TestResponse } from "../testing/test-response.ts";
import type { HeaderList, WSGIApplication, WSGIBody } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { compress, filterFactory, type CompressOptions } from "./compress.ts";
import { hasCoding } from "./compress/coders.ts";

const TEXT = Buffer.from("All work and no play makes Jack a dull boy. ".repeat(100));
const GZIP = { "Accept-Encoding": "gzip" };

function answering(headers: HeaderList, body: () => WSGIBody, status = "200 OK"): WSGIApplication {
  return validator((environ, startResponse) => {
    startResponse(status, headers);
    return environ.REQUEST_METHOD === "HEAD" ? [] : body();
  });
}

function clientOf(application: WSGIApplication, options: CompressOptions = {}): TestClient {
  return new TestClient(compress(options)(application), { raiseErrors: true });
}

const text = (...more: HeaderList): WSGIApplication =>
  answering([["Content-Type", "text/plain"], ...more], () => [TEXT]);

const unzipped = (response: TestResponse): string => gunzipSync(response.bytes()).toString();

test("compress keeps an array one chunk, with its length, and says so", async () => {
  const response = await clientOf(text(["ETag", '"1"'], ["Accept-Ranges", "bytes"])).get("/", { headers: GZIP });
  expect(unzipped(response)).toBe(TEXT.toString());
  expect(response.chunks).toHaveLength(1);
  expect(Object.fromEntries(response.headers.list)).toEqual({
    "Content-Type": "text/plain",
    "Content-Encoding": "gzip",
    "Content-Length": String(response.bytes().length),
    ETag: 'W/"1"',
    Vary: "Accept-Encoding",
  });
});

test.each([
  ["br", (bytes: Uint8Array) => brotliDecompressSync(bytes).toString()],
  ["gzip", (bytes: Uint8Array) => gunzipSync(bytes).toString()],
] as const)("compress speaks %s, at once and as a stream", async (coding, decode) => {
  async function* slowly(): AsyncGenerator<Uint8Array> {
    yield TEXT;
    await new Promise(setImmediate);
    yield TEXT;
  }
  for (const body of [() => [TEXT], slowly]) {
    const client = clientOf(answering([["Content-Type", "text/css"]], body), { codings: [coding] });
    const response = await client.get("/", { headers: { "Accept-Encoding": coding } });
    expect(response.headers.get("Content-Encoding")).toBe(coding);
    expect(decode(response.bytes()).startsWith(TEXT.toString())).toBe(true);
  }
});

test("compress offers zstd only where Node has it", async () => {
  const response = await clientOf(text()).get("/", { headers: { "Accept-Encoding": "zstd, gzip" } });
  expect(response.headers.get("Content-Encoding")).toBe(hasCoding("zstd") ? "zstd" : "gzip");
});

describe("compress leaves alone", () => {
  test.each<[what: string, headers: HeaderList, status: string, varies: boolean]>([
    ["types not worth it", [["Content-Type", "image/png"]], "200 OK", false],
    [
      "what is encoded already",
      [
        ["Content-Type", "text/plain"],
        ["Content-Encoding", "br"],
      ],
      "200 OK",
      false,
    ],
    [
      "what must not be transformed",
      [
        ["Content-Type", "text/plain"],
        ["Cache-Control", "no-transform"],
      ],
      "200 OK",
      false,
    ],
    [
      "parts",
      [
        ["Content-Type", "text/plain"],
        ["Content-Range", "bytes 0-9/99"],
      ],
      "206 Partial Content",
      false,
    ],
  ])("%s", async (_, headers, status, varies) => {
    const response = await clientOf(answering(headers, () => [TEXT], status)).get("/", { headers: GZIP });
    expect(Buffer.from(response.bytes())).toEqual(TEXT);
    expect(response.headers.has("Vary")).toBe(varies);
  });

  test("short bodies and clients that cannot, but tells caches", async () => {
    const short = answering([["Content-Type", "text/plain"]], () => [Buffer.from("short")]);
    for (const response of [await clientOf(short).get("/", { headers: GZIP }), await clientOf(text()).get("/")]) {
      expect(response.headers.get("Content-Encoding")).toBeNull();
      expect(response.headers.get("Vary")).toBe("Accept-Encoding");
    }
  });

  test("what would grow", async () => {
    const noise = Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 7919 * 104_729) % 251));
    const client = clientOf(
      answering([["Content-Type", "text/plain"]], () => [noise.subarray(0, 100)]),
      { minBytes: 0 },
    );
    const response = await client.get("/", { headers: GZIP });
    expect(response.headers.get("Content-Encoding")).toBeNull();
    expect(response.headers.get("Content-Length")).toBe("100");
  });
});

test("compress sends a long body as a stream", async () => {
  const long = Buffer.alloc(200_000, "tsgi ");
  const response = await clientOf(
    answering(
      [
        ["Content-Type", "text/plain"],
        ["Content-Length", "200000"],
      ],
      () => [long],
    ),
  ).get("/", { headers: GZIP });
  expect(gunzipSync(response.bytes()).equals(long)).toBe(true);
});

test("compress passes each event of a slow source on before the next one is there", async () => {
  let release: () => void = () => undefined;
  async function* events(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("data: one\n\n");
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    yield Buffer.from("data: two\n\n");
  }
  let received = Buffer.alloc(0);
  const client = clientOf(answering([["Content-Type", "text/event-stream"]], events));
  const response = await client.get("/", {
    headers: GZIP,
    onChunk(chunk) {
      received = Buffer.concat([received, chunk]);
      const soFar = gunzipSync(received, { finishFlush: 2 }).toString(); // Z_SYNC_FLUSH: the stream is not over
      if (soFar === "data: one\n\n") release();
    },
  });
  expect(unzipped(response)).toBe("data: one\n\ndata: two\n\n");
});

test("compress closes the body once, also when the client leaves", async () => {
  const closed: string[] = [];
  const endless = answering([["Content-Type", "text/plain"]], () => ({
    async *[Symbol.asyncIterator]() {
      for (;;) {
        yield TEXT;
        await new Promise(setImmediate);
      }
    },
    close: () => void closed.push("closed"),
  }));
  await new TestClient(compress()(endless)).get("/", { headers: GZIP, leaveAfterBytes: 1 });
  expect(closed).toEqual(["closed"]);
});

test("compress breaks off when the source fails", async () => {
  let arrived = (): void => undefined;
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield TEXT;
    await arrival;
    throw new Error("Disk gone");
  }
  const response = await new TestClient(compress()(answering([["Content-Type", "text/plain"]], failing))).get("/", {
    headers: GZIP,
    onChunk: () => arrived(),
  });
  expect([response.status, response.isComplete]).toEqual([200, false]);
  expect(String(response.error)).toContain("Disk gone");
});

test("compress lets a source that fails before anything was sent be answered with 500", async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield TEXT; // nothing of it has left zlib yet
    throw new Error("Disk gone");
  }
  const response = await new TestClient(compress()(answering([["Content-Type", "text/plain"]], failing))).get("/", {
    headers: GZIP,
  });
  expect([response.status, response.isComplete]).toEqual([500, true]);
  expect(response.headers.get("Content-Encoding")).toBeNull();
});

test.each<[Record<string, string>, string]>([
  [{ codings: "deflate" }, 'names "deflate"'],
  [{ gzip_level: "10" }, '"gzip_level" is 10; expected 1 to 9'],
  [{ types: "(" }, "expected a regular expression"],
  [{ level: "3" }, 'Unknown option "level"'],
])("filterFactory refuses %j", (localConf, message) => {
  expect(() => filterFactory({}, localConf)).toThrow(message);
});

test("filterFactory reads its options", async () => {
  const middleware = filterFactory(
    {},
    { codings: "gzip", min_bytes: "1", gzip_level: "9", types: "^application/x-mine" },
  );
  const response = await new TestClient(
    middleware(answering([["Content-Type", "application/x-mine"]], () => [TEXT.subarray(0, 200)])),
  ).get("/", { headers: { "Accept-Encoding": "br, gzip" } });
  expect(response.headers.get("Content-Encoding")).toBe("gzip");
});
