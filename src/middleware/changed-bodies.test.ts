// What a response says of its body stays true when middleware changes that: lengths, digests, tags, ranges; of HEAD and 304 as of 200.
import { describe, expect, test } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { TestResponse } from "../testing/test-response.ts";
import type { BodyChange } from "./writing/replace-response.ts";
import type { HeaderList, Middleware, WSGIApplication, WSGIBody } from "../wsgi/types.ts";
import { compose } from "../wsgi/compose.ts";
import { validator } from "../wsgi/validator.ts";
import { compress } from "./compress.ts";
import { conditionalGet } from "./conditional-get.ts";
import { contentLength } from "./content-length.ts";
import { etag } from "./etag.ts";
import { replaceResponse } from "./writing/replace-response.ts";

const TEXT = Buffer.from("All work and no play makes Jack a dull boy. ".repeat(100));
const GZIP = { "Accept-Encoding": "gzip" };

/** What describes the very bytes of a body. */
const OF_THE_BYTES: HeaderList = [
  ["Content-Length", String(TEXT.length)],
  ["Content-MD5", "Q2hlY2sgSW50ZWdyaXR5IQ=="],
  ["Digest", "sha-256=4REjxQ4yrqUVicfSKYNO/cF9zNj5ANbzgDZt3/h3Qxo="],
  ["Content-Digest", "sha-256=:4REjxQ4yrqUVicfSKYNO/cF9zNj5ANbzgDZt3/h3Qxo=:"],
  ["Repr-Digest", "sha-256=:4REjxQ4yrqUVicfSKYNO/cF9zNj5ANbzgDZt3/h3Qxo=:"],
  ["Accept-Ranges", "bytes"],
  ["ETag", '"1"'],
];

const BODIES: Readonly<Record<string, () => WSGIBody>> = {
  "an array": () => [TEXT],
  "an iterable": () => new Set([TEXT]),
  "an asynchronous iterable": async function* slowly() {
    yield TEXT;
  },
};

function page(body: () => WSGIBody, headers: HeaderList = []): WSGIApplication {
  return validator((environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"], ...headers]);
    return environ.REQUEST_METHOD === "HEAD" ? [] : body();
  });
}

const writing: WSGIApplication = validator(async (_environ, startResponse) => {
  await startResponse("200 OK", [["Content-Type", "text/plain"], ...OF_THE_BYTES])(TEXT);
  return [];
});

const changing =
  (change: BodyChange): Middleware =>
  (application) =>
  (environ, startResponse) =>
    replaceResponse(application, environ, startResponse, () => change);

const upper = (chunk: Uint8Array): Uint8Array => Buffer.from(Buffer.from(chunk).toString().toUpperCase());

const CHANGES: Readonly<Record<string, Middleware>> = {
  compress: compress({ codings: ["gzip"] }),
  chunks: changing({ kind: "chunks", chunk: upper }),
  "a whole": changing({
    kind: "whole",
    whole: upper,
    async *stream(chunks) {
      for await (const chunk of chunks) yield upper(chunk);
    },
  }),
};

const clientOf = (application: WSGIApplication): TestClient => new TestClient(application, { raiseErrors: true });

describe.each(Object.entries(CHANGES))("a body changed by %s", (_, change) => {
  const applications = Object.entries(BODIES).map(([what, body]) => [what, page(body, OF_THE_BYTES)] as const);

  test.each([...applications, ["write()", writing] as const])(
    "loses what held for the old one: %s",
    async (_what, application) => {
      const response = await clientOf(change(application)).get("/", { headers: GZIP });
      expect(Buffer.from(response.bytes()).equals(TEXT)).toBe(false);
      for (const name of ["Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges"])
        expect(response.headers.get(name), name).toBeNull();
      expect(response.headers.get("ETag")).toBe('W/"1"');
      expect([null, String(response.bytes().length)]).toContain(response.headers.get("Content-Length"));
    },
  );
});

test("a middleware that changes a whole body may say what holds for the new one", async () => {
  const middleware: Middleware = (application) => (environ, startResponse) =>
    replaceResponse(application, environ, startResponse, ({ headers }) => ({
      kind: "whole",
      whole(body) {
        headers.push(["Content-Digest", "sha-256=:new:"], ["ETag", '"new"']);
        return upper(body);
      },
    }));
  const { headers } = await clientOf(middleware(page(() => [TEXT], [["Content-Digest", "sha-256=:old:"]]))).get("/");
  expect([headers.getAll("Content-Digest"), headers.getAll("ETag")]).toEqual([["sha-256=:new:"], ['"new"']]);
});

describe("HEAD has the headers of GET", () => {
  const middleware: Readonly<Record<string, Middleware>> = {
    etag: etag(),
    "content-length": contentLength(),
    compress: compress({ codings: ["gzip"] }),
    "compress of an etag": compose(compress({ codings: ["gzip"] }), etag()),
    "etag of compress": compose(etag(), compress({ codings: ["gzip"] })),
  };
  const bodies: Readonly<Record<string, () => WSGIBody>> = {
    ...BODIES,
    "an array that is short": () => [Buffer.from("sh"), Buffer.from("ort")],
    "an array that does not shrink": () => [
      Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 7919) % 251)),
    ],
  };
  const cases = Object.keys(middleware).flatMap((name) => Object.keys(bodies).map((what) => [name, what] as const));

  test.each(cases)("through %s for %s", async (name, what) => {
    const application = (middleware[name] as Middleware)(page(bodies[what] as () => WSGIBody));
    for (const headers of [GZIP, {}]) {
      const client = clientOf(application);
      const sorted = ({ headers: { list } }: TestResponse): HeaderList =>
        // The server adds the length of one chunk, which it does not have of HEAD.
        list
          .filter(([field]) => name === "content-length" || field !== "Content-Length")
          .toSorted(([a], [b]) => a.localeCompare(b));
      const answer = await client.head("/", { headers: { ...headers, Range: "bytes=0-1" } });
      expect(sorted(answer)).toEqual(sorted(await client.get("/", { headers })));
      expect([answer.status, answer.bytes().length]).toEqual([200, 0]);
    }
  });

  test("and no body is read for it", async () => {
    const seen: string[] = [];
    const application = page(() => ({
      *[Symbol.iterator]() {
        yield TEXT;
        seen.push("read on");
        yield TEXT;
      },
      close: () => void seen.push("closed"),
    }));
    await clientOf(compress({ codings: ["gzip"] })(application)).head("/", { headers: GZIP });
    expect(seen).toEqual(["closed"]);
  });
});

describe("304 through compress", () => {
  const pipeline = (...more: HeaderList): TestClient =>
    clientOf(
      compose(
        compress({ codings: ["gzip"] }),
        conditionalGet(),
      )(page(() => [TEXT], [["ETag", '"1"'], ["Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT"], ...more])),
    );

  test.each([[GZIP], [{}]])("has the Vary and the ETag of the 200 with %j", async (headers) => {
    const whole = await pipeline().get("/", { headers });
    const tag = whole.headers.get("ETag") ?? "";
    for (const condition of [{ "If-None-Match": tag }, { "If-Modified-Since": "Fri, 02 Jan 2026 03:04:05 GMT" }]) {
      const unchanged = await pipeline().get("/", { headers: { ...headers, ...condition } });
      expect(unchanged.status).toBe(304);
      expect([unchanged.headers.get("Vary"), unchanged.headers.get("ETag")]).toEqual(["Accept-Encoding", tag]);
    }
  });

  test("keeps the tag of what the client has unencoded", async () => {
    const { headers } = await pipeline().get("/", { headers: { ...GZIP, "If-None-Match": '"1"' } });
    expect(headers.get("ETag")).toBe('"1"');
  });

  test("says nothing of what is not transformed", async () => {
    const client = pipeline(["Cache-Control", "no-transform"]);
    const { status, headers } = await client.get("/", { headers: { ...GZIP, "If-None-Match": '"1"' } });
    expect([status, headers.get("Vary"), headers.get("ETag")]).toEqual([304, null, '"1"']);
  });
});
