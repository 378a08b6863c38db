// Compressed bodies of requests: what the application reads, and what becomes of bombs and nonsense.
import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { chunksOf } from "../wsgi/input-stream.ts";
import type { InputStream, WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { bodyLimit } from "./body-limit.ts";
import { decompress, filterFactory, type DecompressOptions } from "./decompress.ts";
import { hasDecoder } from "./decompress/decoders.ts";
import { showExceptions } from "./show-exceptions.ts";

const TEXT = "All work and no play makes Jack a dull boy. ".repeat(5000);
const MEGABYTE = 1_048_576;

/** Tells what it has read, and what the environ says of it. */
const reading: WSGIApplication = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  const own = /^(?:CONTENT_LENGTH|HTTP_(?:CONTENT_.*|.*DIGEST)|wsgi.input_terminated)$/;
  const told = Object.keys(environ).filter((key) => own.test(key));
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(`${told.toSorted().join(" ")}\n`), body];
};

const clientOf = (options: DecompressOptions = {}, application: WSGIApplication = reading): TestClient =>
  new TestClient(decompress(options)(validator(application)));

const ENCODERS: Readonly<Record<string, (body: string) => Buffer>> = {
  gzip: (body) => zlib.gzipSync(body),
  "x-gzip": (body) => zlib.gzipSync(body),
  GZIP: (body) => Buffer.concat([zlib.gzipSync(body.slice(0, 10)), zlib.gzipSync(body.slice(10))]),
  deflate: (body) => zlib.deflateSync(body),
  " Deflate ": (body) => zlib.deflateRawSync(body),
  br: (body) => zlib.brotliCompressSync(body),
};
const { zstdCompressSync } = zlib as { zstdCompressSync?: (body: string, options?: object) => Buffer };

async function* inPieces(body: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.length; start += 7) yield body.subarray(start, start + 7);
}

describe("decompress gives the decoded body", () => {
  const encoders =
    zstdCompressSync === undefined ? ENCODERS : { ...ENCODERS, zstd: (body: string) => zstdCompressSync(body) };

  test.each(Object.entries(encoders))("of %s", async (coding, encode) => {
    const headers = {
      "Content-Encoding": coding,
      "Content-Digest": "x",
      "Content-MD5": "x",
      "Repr-Digest": "x",
      Digest: "x",
    };
    for (const body of [encode(TEXT), () => inPieces(encode(TEXT))]) {
      const content = typeof body === "function" ? body() : body;
      const response = await clientOf().post("/", { body: content, headers });
      expect([response.status, response.text()]).toEqual([200, `wsgi.input_terminated\n${TEXT}`]);
    }
  });

  test("line by line, while it comes", async () => {
    let sendMore: () => void = () => undefined;
    const hasRead = new Promise<void>((resolve) => (sendMore = resolve));
    async function* lines(): AsyncGenerator<Uint8Array> {
      const gzip = zlib.createGzip();
      gzip.write("one\n");
      await new Promise<void>((resolve) => gzip.flush(resolve));
      yield gzip.read() as Buffer;
      await hasRead; // the application has the first line before the second one is sent
      gzip.end("two\n");
      yield* gzip;
    }
    const listening: WSGIApplication = async (environ, startResponse) => {
      const heard: string[] = [];
      for await (const line of environ["wsgi.input"]) {
        heard.push(Buffer.from(line).toString().trim());
        sendMore();
      }
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [Buffer.from(heard.join(" "))];
    };
    const client = new TestClient(decompress()(listening), { validate: false });
    expect((await client.post("/", { body: lines(), headers: { "Content-Encoding": "gzip" } })).text()).toBe("one two");
  });

  test("and leaves others alone", async () => {
    for (const coding of ["identity", ""]) {
      const response = await clientOf().post("/", { body: "plain", headers: { "Content-Encoding": coding } });
      expect([response.status, response.text().split("\n")[1]]).toEqual([200, "plain"]);
    }
    expect((await clientOf().get("/", { headers: { "Content-Encoding": "gzip" } })).status).toBe(200);
    async function* nothing(): AsyncGenerator<Uint8Array> {}
    const empty = await clientOf().post("/", { body: nothing(), headers: { "Content-Encoding": "gzip" } });
    expect([empty.status, empty.text()]).toEqual([200, "wsgi.input_terminated\n"]);
  });
});

describe("decompress refuses", () => {
  test.each(["compress", "gzip, gzip", "gzip, br", "gzip;q=1", "snappy", "__proto__"])(
    "the coding %s",
    async (coding) => {
      const response = await clientOf().post("/", { body: "x", headers: { "Content-Encoding": coding } });
      expect(response.status).toBe(415);
      const codings = ["gzip", "deflate", "br", ...(hasDecoder("zstd") ? ["zstd"] : [])];
      expect(response.headers.get("Accept-Encoding")).toBe(codings.join(", "));
    },
  );

  test("codings that it was not told to take", async () => {
    const options = { body: zlib.gzipSync("x"), headers: { "Content-Encoding": "gzip" } };
    const response = await clientOf({ codings: ["br"] }).post("/", options);
    expect([response.status, response.headers.get("Accept-Encoding")]).toEqual([415, "br"]);
  });

  test("a body that is sent longer than it may become, unread", async () => {
    const untouched: WSGIApplication = () => Promise.reject(new Error("called"));
    const client = clientOf({ maxBytes: 1000 }, untouched);
    expect((await client.post("/", { body: Buffer.alloc(1001), headers: { "Content-Encoding": "gzip" } })).status).toBe(
      413,
    );
  });

  test.each<[what: string, coding: string, body: () => Buffer]>([
    ["what is no gzip", "gzip", () => Buffer.from("plain text")],
    ["what is no deflate", "deflate", () => Buffer.from("plain text")],
    ["what is no brotli", "br", () => Buffer.from("plain text")],
    ["a cut gzip", "gzip", () => zlib.gzipSync(TEXT).subarray(0, -5)],
    ["a cut brotli", "br", () => zlib.brotliCompressSync(TEXT).subarray(0, -5)],
    ["a gzip of a wrong checksum", "gzip", () => Buffer.concat([zlib.gzipSync(TEXT).subarray(0, -8), Buffer.alloc(8)])],
  ])("%s with 400", async (_, coding, body) => {
    const response = await clientOf().post("/", { body: body(), headers: { "Content-Encoding": coding } });
    expect([response.status, response.errors]).toEqual([400, ""]); // a client cannot fill the log
    expect(response.error).toMatchObject({ code: "ERR_TSGI_UNDECODABLE_BODY" });
  });

  test.each<[what: string, options: DecompressOptions, coding: string, body: Buffer]>([
    ["gzip", {}, "gzip", zlib.gzipSync(Buffer.alloc(64 * MEGABYTE))],
    [
      "brotli",
      {},
      "br",
      zlib.brotliCompressSync(Buffer.alloc(64 * MEGABYTE), { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 3 } }),
    ],
    ["deflate, by its ratio", { maxBytes: 64 * MEGABYTE }, "deflate", zlib.deflateSync(Buffer.alloc(64 * MEGABYTE))],
  ])("a bomb of %s, before it has gone off", async (_, options, coding, body) => {
    let readBytes = 0;
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    const counting: WSGIApplication = async (environ, startResponse) => {
      for await (const chunk of chunksOf(environ["wsgi.input"])) {
        readBytes += chunk.length;
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [];
    };
    const client = new TestClient(showExceptions()(decompress(options)(counting)));
    const response = await client.post("/", { body, headers: { "Content-Encoding": coding } });
    expect(response.status).toBe(413);
    expect(readBytes).toBeLessThanOrEqual(16 * MEGABYTE);
    expect(most).toBeLessThan(48 * MEGABYTE); // memory for what was read, which nobody has collected yet, and no more
  });

  test("a window of zstd that would take 128 MB, and all of zstd where Node lacks it", async () => {
    const { createZstdCompress } = zlib as { createZstdCompress?: (options: object) => zlib.Gzip };
    async function* streamed(): AsyncGenerator<Uint8Array> {
      const compress = createZstdCompress?.({ params: { 101: 27 } }); // ZSTD_c_windowLog
      if (compress === undefined) return;
      compress.write(TEXT);
      compress.end();
      yield* compress;
    }
    const response = await clientOf().post("/", { body: streamed(), headers: { "Content-Encoding": "zstd" } });
    expect(response.status).toBe(hasDecoder("zstd") ? 400 : 415);
  });

  test("nothing of a short body, however well it compresses", async () => {
    const body = zlib.gzipSync(Buffer.alloc(MEGABYTE, " "));
    expect(
      (await clientOf({ maxBytes: MEGABYTE }).post("/", { body, headers: { "Content-Encoding": "gzip" } })).status,
    ).toBe(200);
    const headers = { "Content-Encoding": "gzip" };
    expect((await clientOf({ maxBytes: MEGABYTE - 1 }).post("/", { body, headers })).status).toBe(413);
  });
});

test("decompress inside of body-limit tells which limit it was", async () => {
  const client = new TestClient(bodyLimit({ maxBytes: 5000 })(decompress({ maxBytes: 1000 })(reading)));
  const response = await client.post("/", {
    body: inPieces(zlib.gzipSync(TEXT)),
    headers: { "Content-Encoding": "gzip" },
  });
  expect([response.status, response.text()]).toEqual([413, "The request body is longer than 1000 bytes\n"]);
});

test.each(["/", "/throw"])("decompress frees its decoder, also when nobody reads to the end: %s", async (path) => {
  let input: InputStream | null = null;
  const careless: WSGIApplication = async (environ, startResponse) => {
    input = environ["wsgi.input"];
    await input.read(10);
    if (environ.PATH_INFO === "/throw") throw new Error("careless");
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from("done")];
  };
  const client = new TestClient(decompress()(careless), { validate: false });
  await client.post(path, { body: zlib.gzipSync(TEXT), headers: { "Content-Encoding": "gzip" } });
  await expect((input as InputStream | null)?.read()).rejects.toMatchObject({ code: "ERR_TSGI_UNDECODABLE_BODY" });
});

test.each<[Record<string, string>, string]>([
  [{ codings: "gzip lzw" }, 'names "lzw"'],
  [{ codings: "" }, 'Option "codings"'],
  [{ max_bytes: "0" }, '"max_bytes" is 0; expected 1 or more'],
  [{ max_ratio: "0" }, '"max_ratio" is 0; expected 1 or more'],
  [{ max_size: "1" }, 'Unknown option "max_size"'],
])("filterFactory refuses %j", (localConf, message) => {
  expect(() => filterFactory({}, localConf)).toThrow(message);
});
