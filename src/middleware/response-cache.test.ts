// What is kept, for whom, for how long, and how much of it.
import { describe, expect, test } from "vitest";
import { type TestRequestOptions, TestClient } from "../testing/test-client.ts";
import type { HeaderList, WSGIApplication, WSGIBody } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, responseCache, type ResponseCacheOptions } from "./response-cache.ts";

/** Answers each call with its number, so that an answer from memory can be told. */
function counting(
  headers: HeaderList = [["Cache-Control", "max-age=60"]],
  status = "200 OK",
  bodyOf: (text: string) => WSGIBody = (text) => [Buffer.from(text)],
): WSGIApplication {
  let calls = 0;
  return validator((environ, startResponse) => {
    calls += 1;
    const own = environ.PATH_INFO === "/plain" ? [] : headers;
    startResponse(environ.REQUEST_METHOD === "GET" ? status : "200 OK", [["Content-Type", "text/plain"], ...own]);
    return environ.REQUEST_METHOD === "HEAD" ? [] : bodyOf(`answer ${calls}`);
  });
}

function client(application: WSGIApplication, options: ResponseCacheOptions = {}): TestClient {
  return new TestClient(responseCache(options)(application), { raiseErrors: true });
}

/** Whether the second of two equal requests is answered from memory. */
async function isKept(application: WSGIApplication, request: TestRequestOptions = {}, options = {}): Promise<boolean> {
  const cached = client(application, options);
  const first = await cached.get("/", request);
  return (await cached.get("/", request)).text() === first.text();
}

describe("responseCache keeps", () => {
  test.each<[isIt: boolean, headers: HeaderList]>([
    [true, [["Cache-Control", "max-age=60"]]],
    [true, [["Cache-Control", 'public, s-maxage="60", max-age=0']]],
    [
      true,
      [
        ["Cache-Control", "public"],
        ["Cache-Control", "MAX-AGE=60"],
      ],
    ],
    [true, [["Expires", "Fri, 01 Jan 2100 00:00:00 GMT"]]],
    [
      true,
      [
        ["Cache-Control", "max-age=60"],
        ["Vary", "Accept-Language"],
      ],
    ],
    [
      true,
      [
        ["Cache-Control", "max-age=60"],
        ["Age", "59"],
      ],
    ],
    [false, []],
    [false, [["Cache-Control", "public"]]],
    [false, [["Cache-Control", "max-age=0"]]],
    [
      false,
      [
        ["Cache-Control", "max-age=60"],
        ["Age", "60"],
      ],
    ],
    [false, [["Cache-Control", "max-age=soon"]]],
    [false, [["Cache-Control", "s-maxage=0, max-age=60"]]],
    [false, [["Cache-Control", "private, max-age=60"]]],
    [
      false,
      [
        ["Cache-Control", "private"],
        ["Cache-Control", "max-age=60"],
      ],
    ],
    [false, [["Cache-Control", "no-store, max-age=60"]]],
    [false, [["Cache-Control", "no-cache, max-age=60"]]],
    [
      false,
      [
        ["Cache-Control", "max-age=60"],
        ["Set-Cookie", "id=1"],
      ],
    ],
    [
      false,
      [
        ["Cache-Control", "max-age=60"],
        ["Vary", "Accept, *"],
      ],
    ],
    [false, [["Expires", "0"]]],
  ])("%j a response with %j", async (isIt, headers) => {
    expect(await isKept(counting(headers))).toBe(isIt);
  });

  test.each<[isIt: boolean, status: string]>([
    [true, "404 Not Found"],
    [true, "301 Moved Permanently"],
    [false, "500 Internal Server Error"],
    [false, "206 Partial Content"],
    [false, "302 Found"],
  ])("%j the status %s", async (isIt, status) => {
    expect(await isKept(counting(undefined, status))).toBe(isIt);
  });

  test.each<[isIt: boolean, request: Record<string, string>]>([
    [true, { Cookie: "id=1" }],
    [false, { Authorization: "Bearer abc" }],
    [false, { Range: "bytes=0-1" }],
    [false, { "Cache-Control": "no-cache" }],
    [false, { "Cache-Control": "max-age=0" }],
    [false, { Pragma: "no-cache" }],
  ])("%j for a request with %j", async (isIt, headers) => {
    expect(await isKept(counting(), { headers })).toBe(isIt);
  });

  test("bodies up to a limit, whole ones only", async () => {
    const bits = (text: string): WSGIBody => new Set([Buffer.from(text.slice(0, 3)), Buffer.from(text.slice(3))]);
    expect(await isKept(counting(undefined, "200 OK", bits))).toBe(true);
    expect(await isKept(counting(undefined, "200 OK", bits), {}, { maxEntryBytes: 7 })).toBe(false);
    const slow = (text: string): WSGIBody => ({
      async *[Symbol.asyncIterator]() {
        yield Buffer.from(text.slice(0, 3));
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield Buffer.from(text.slice(3));
      },
    });
    const cached = client(counting(undefined, "200 OK", slow));
    await expect(cached.get("/", { leaveAfterBytes: 1 })).rejects.toThrow("disconnected");
    expect((await cached.get("/")).text()).toBe("answer 2");
  });

  test("a copy: the application may use its memory again", async () => {
    const buffer = Buffer.alloc(4);
    const reusing = counting(undefined, "200 OK", (text) => ({
      *[Symbol.iterator]() {
        for (const part of [text.slice(0, 4), text.slice(4)]) {
          buffer.write(part);
          yield buffer;
        }
      },
    }));
    const cached = client(reusing);
    await cached.get("/a");
    await cached.get("/b");
    expect((await cached.get("/a")).text()).toBe("answer 1");
  });
});

describe("responseCache answers", () => {
  test("with Age, length and what it did", async () => {
    let time = 1_000_000;
    const cached = client(counting(), { now: () => time });
    const first = await cached.get("/");
    expect(first.headers.get("Cache-Status")).toBe("tsgi; fwd=miss; stored");
    time += 30_900;
    const second = await cached.get("/");
    expect(second.text()).toBe("answer 1");
    expect(second.headers.get("Age")).toBe("30");
    expect(second.headers.get("Content-Length")).toBe("8");
    expect(second.headers.get("Cache-Status")).toBe("tsgi; hit; ttl=29");
    time += 30_000;
    expect((await cached.get("/")).text()).toBe("answer 2");
  });

  test("each URL, scheme and host by itself", async () => {
    const cached = client(counting());
    const texts: string[] = [];
    for (const address of ["/a", "/a?b", "/a?c", "http://other.test/a", "https://localhost/a", "/a b", "/a", "/a?b"]) {
      texts.push((await cached.get(address.replace(" ", "%20"))).text());
    }
    expect(texts).toEqual([1, 2, 3, 4, 5, 6, 1, 2].map((count) => `answer ${count}`));
  });

  test("each variant by itself", async () => {
    const cached = client(
      counting([
        ["Cache-Control", "max-age=60"],
        ["Vary", "Accept-Language"],
      ]),
    );
    const texts: string[] = [];
    for (const language of ["de", "en", "de", "en", null]) {
      texts.push((await cached.get("/", language === null ? {} : { headers: { "Accept-Language": language } })).text());
    }
    expect(texts).toEqual([1, 2, 1, 2, 3].map((count) => `answer ${count}`));
  });

  test("a bounded number of variants of one URL, without looking at them all", async () => {
    const cached = client(
      counting([
        ["Cache-Control", "max-age=60"],
        ["Vary", "Accept-Language, Content-Type"],
      ]),
    );
    const ask = async (language: string): Promise<string> =>
      (await cached.get("/", { headers: { "Accept-Language": language } })).text();
    for (let index = 0; index < 100; index += 1) await ask(`x-${index}`);
    expect([await ask("x-99"), await ask("x-60"), await ask("x-0")]).toEqual(["answer 100", "answer 61", "answer 101"]);
  });

  test("each variant also where another one varies by more", async () => {
    let calls = 0;
    const cached = client((environ, startResponse) => {
      calls += 1;
      const Vary =
        environ["HTTP_ACCEPT_ENCODING"] === undefined ? "Accept-Language" : "Accept-Encoding, Accept-Language";
      startResponse("200 OK", [
        ["Content-Type", "text/plain"],
        ["Cache-Control", "max-age=60"],
        ["Vary", Vary],
      ]);
      return [Buffer.from(`answer ${calls}`)];
    });
    const texts: string[] = [];
    const plain = { "Accept-Language": "de" };
    const packed = { "Accept-Encoding": "br" };
    for (const headers of [plain, packed, plain, packed, plain]) {
      texts.push((await cached.get("/", { headers })).text());
    }
    expect(texts).toEqual([1, 2, 3, 2, 3].map((count) => `answer ${count}`));
  });

  test("no request that has a body, and none from what such a request was told", async () => {
    const searching: WSGIApplication = async (environ, startResponse) => {
      const text = (await environ["wsgi.input"].read()).toString();
      startResponse("200 OK", [
        ["Content-Type", "text/plain"],
        ["Cache-Control", "max-age=60"],
      ]);
      return [Buffer.from(`found ${text}`)];
    };
    const cached = client(validator(searching));
    const texts: string[] = [];
    for (const request of [{ body: "cats" }, {}, { body: "dogs" }]) texts.push((await cached.get("/", request)).text());
    expect(texts).toEqual(["found cats", "found ", "found dogs"]);
  });

  test("HEAD from a kept GET", async () => {
    const cached = client(counting());
    await cached.get("/");
    const response = await cached.head("/");
    expect([response.headers.get("Content-Length"), response.text()]).toEqual(["8", ""]);
    expect(response.headers.get("Cache-Status")).toContain("hit");
  });

  test("no longer after a successful change", async () => {
    const cached = client(counting());
    await cached.get("/");
    await cached.options("/");
    expect((await cached.get("/")).text()).toBe("answer 1");
    await cached.post("/");
    expect((await cached.get("/")).text()).toBe("answer 4");
  });

  test("within its bound: what was longest unused goes", async () => {
    const cached = client(counting(), { maxBytes: 1400 });
    for (const path of ["/a", "/b", "/a", "/c"]) await cached.get(path);
    expect((await cached.get("/a")).text()).toBe("answer 1");
    expect((await cached.get("/b")).text()).toBe("answer 4");
  });
});

test("filterFactory reads its limits and its name", async () => {
  const application = filterFactory({}, { max_bytes: "1m", max_entry_bytes: "1k", name: "" })(counting());
  const response = await new TestClient(application, { raiseErrors: true }).get("/");
  expect(response.headers.has("Cache-Status")).toBe(false);
  expect(() => filterFactory({}, { max_bytes: "0" })).toThrow("expected 1 or more");
});
