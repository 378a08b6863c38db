import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { WSGIInputStream } from "../../wsgi/input-stream.ts";
import type { Bytes, WSGIEnvironment } from "../../wsgi/types.ts";
import { hasBody } from "../request-headers.ts";
import { readBody, type BodyLimits, type GuestRequestBody, type UploadSlots } from "./guest-request-body.ts";

const MiB = 1_048_576;
let directory: string;
let limits: BodyLimits;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-body-"));
  limits = { memoryBytes: 10, fileBytes: 100, earlyBytes: Infinity, directory, isShared: true };
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

/** Keys of an environ to set; undefined for what is not there. */
type Changes = Readonly<Record<string, unknown>>;

/** Places for uploads, and how many are taken. */
function slots(places: number): UploadSlots & { taken: number } {
  return {
    taken: 0,
    beginUpload() {
      if (this.taken === places) return false;
      this.taken += 1;
      return true;
    },
    endUpload() {
      this.taken -= 1;
    },
  };
}

/** A request whose body comes in these pieces. */
function environOf(pieces: Iterable<string | Error>, more: Changes = {}): WSGIEnvironment {
  const rest = pieces[Symbol.iterator]();
  const input = new WSGIInputStream({
    pull() {
      const { value } = rest.next() as IteratorResult<string | Error, undefined>;
      if (value instanceof Error) return Promise.reject(value);
      return Promise.resolve(value === undefined ? null : Buffer.from(value));
    },
  });
  return mockEnviron({ method: "POST", environ: { "wsgi.input": input, ...more } });
}

/** An announced body of so many bytes, in pieces of at most 64 KiB. */
function announced(size: number, more: Changes = {}, before: () => void = () => {}): WSGIEnvironment {
  const pieces = function* pieces(): Generator<string> {
    for (let left = size; left > 0; left -= 65_536) {
      before();
      yield "x".repeat(Math.min(left, 65_536));
    }
  };
  return environOf(pieces(), { CONTENT_LENGTH: String(size), ...more });
}

async function contentOf(body: GuestRequestBody): Promise<string> {
  switch (body.kind) {
    case "none":
      return "";
    case "memory":
      return body.bytes.toString();
    case "file": {
      const text = readFileSync(body.path, "utf8");
      await body.release();
      return text;
    }
    case "stream": {
      const chunks: Bytes[] = [];
      for (let chunk = await body.read(); chunk !== null; chunk = await body.read()) chunks.push(chunk);
      await body.release();
      return Buffer.concat(chunks).toString();
    }
  }
}

/** Open files of this process in a directory. */
function openIn(place: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    const link = `/proc/self/fd/${descriptor}`;
    const target = existsSync(link) ? readlinkSync(link) : "";
    return target.startsWith(place) ? [target] : [];
  });
}

test.each<[is: boolean, environ: Changes]>([
  [true, { CONTENT_LENGTH: "5" }],
  [false, { CONTENT_LENGTH: "0" }],
  [true, { CONTENT_LENGTH: undefined }],
  [true, { CONTENT_LENGTH: "" }],
  // Nobody knows where such a body ends (CGI, "CONTENT_LENGTH").
  [false, { CONTENT_LENGTH: undefined, "wsgi.input_terminated": undefined }],
])("hasBody is %s for %o", (is, more) => {
  expect(hasBody(environOf([], more))).toBe(is);
});

test("hasBody is false for a request whose input is known to be empty", () => {
  expect(hasBody(mockEnviron())).toBe(false);
});

describe("readBody", () => {
  test.each<[kind: string, pieces: readonly string[]]>([
    ["none", []],
    ["memory", ["12345"]],
    ["memory", ["12345", "67890"]],
    ["file", ["12345", "67890", "1"]],
    ["file", ["x".repeat(100)]],
    ["stream", ["x".repeat(60), "y".repeat(60), "z"]],
  ])("gives a body of kind %s for %o", async (kind, pieces) => {
    const body = await readBody(environOf(pieces), limits, slots(0));
    expect(body.kind).toBe(kind);
    expect(await contentOf(body)).toBe(pieces.join(""));
    expect(openIn(directory)).toEqual([]);
  });

  test("keeps a file that has no name, so that nothing stays behind", async () => {
    const body = await readBody(environOf(["x".repeat(50)]), limits, slots(0));
    expect([readdirSync(directory), openIn(directory).length]).toEqual([[], 1]);
    await contentOf(body);
  });

  test("streams out of the file to a guest of another user, who may not open it", async () => {
    const body = await readBody(environOf(["x".repeat(50)]), { ...limits, isShared: false }, slots(0));
    expect([body.kind, await contentOf(body)]).toEqual(["stream", "x".repeat(50)]);
  });

  test("streams at once what is announced to be longer than a file may be", async () => {
    const body = await readBody(announced(101), limits, slots(0));
    expect([body.kind, openIn(directory)]).toEqual(["stream", []]);
    expect(await contentOf(body)).toBe("x".repeat(101));
  });

  test.each([
    ["in chunks", "in memory", ["12345"], "chunked"],
    ["in chunks", "in a file", ["x".repeat(50)], "chunked"],
    ["in chunks", "with nothing in it", [], "chunked"],
    ["without a length, as out of a filter", "in memory", ["12345"], undefined],
    ["without a length, as out of a filter", "in a file", ["x".repeat(50)], undefined],
  ])("says how long a body was that came %s and is kept %s", async (_how, _where, pieces: string[], coding) => {
    const environ = environOf(pieces, { CONTENT_LENGTH: undefined, HTTP_TRANSFER_ENCODING: coding });
    if (coding === undefined) delete environ.HTTP_TRANSFER_ENCODING;
    await contentOf(await readBody(environ, limits, slots(0)));
    expect([environ.CONTENT_LENGTH, "HTTP_TRANSFER_ENCODING" in environ]).toEqual([
      String(pieces.join("").length),
      false,
    ]);
  });

  test("says nothing of a request without a body", async () => {
    const environ = environOf([], { CONTENT_LENGTH: undefined });
    await contentOf(await readBody(environ, limits, slots(0)));
    expect(environ.CONTENT_LENGTH).toBeUndefined();
  });

  test.each([
    ["in memory", ["1"]],
    ["in a file", ["x".repeat(50)]],
  ])("throws what the client's end throws after a beginning %s, and keeps no file", async (_, pieces) => {
    const environ = environOf([...pieces, new Error("The client left")]);
    await expect(readBody(environ, limits, slots(0))).rejects.toThrow("The client left");
    expect(openIn(directory)).toEqual([]);
  });

  test("throws where no file can be made", async () => {
    const nowhere = { ...limits, directory: join(directory, "missing") };
    await expect(readBody(environOf(["x".repeat(50)]), nowhere, slots(0))).rejects.toThrow("ENOENT");
  });
});

describe("readBody, of a body that is large", () => {
  const large = { memoryBytes: 1000, fileBytes: 100 * MiB, earlyBytes: 2 * MiB };

  test("gives it to the guest early when the client is fast", async () => {
    const places = slots(1);
    const body = await readBody(announced(3 * MiB), { ...limits, ...large }, places);
    expect([body.kind, places.taken]).toEqual(["stream", 1]);
    expect((await contentOf(body)).length).toBe(3 * MiB);
    expect(places.taken).toBe(0);
  });

  test("keeps it when the client is slow", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const places = slots(1);
    const environ = announced(3 * MiB, {}, () => vi.advanceTimersByTime(20));
    const body = await readBody(environ, { ...limits, ...large }, places);
    expect([body.kind, places.taken]).toEqual(["file", 0]);
    await contentOf(body);
  });

  test("keeps it when no place is free", async () => {
    const body = await readBody(announced(3 * MiB), { ...limits, ...large }, slots(0));
    expect(body.kind).toBe("file");
    await contentOf(body);
  });

  test("gives it to the guest before its first byte when the client asks first", async () => {
    const places = slots(1);
    const environ = environOf([new Error("Not yet")], { CONTENT_LENGTH: "5000", HTTP_EXPECT: "100-continue" });
    const body = await readBody(environ, { ...limits, ...large }, places);
    expect([body.kind, places.taken]).toEqual(["stream", 1]);
    if (body.kind === "stream") await body.release();
    expect(places.taken).toBe(0);
  });

  test.each<[what: string, more: Partial<BodyLimits>]>([
    ["it is small", { ...large, memoryBytes: 6000 }],
    ["that is turned off", { ...large, earlyBytes: Infinity }],
  ])("receives it first, although the client asks, when %s", async (_, more) => {
    const environ = announced(5000, { HTTP_EXPECT: "100-continue" });
    const body = await readBody(environ, { ...limits, ...more }, slots(1));
    expect(body.kind).not.toBe("stream");
    await contentOf(body);
  });
});
