// Request bodies, and each way to read them. Source: PEP 3333 "Input and Error Streams"; RFC 9112 sections 6 and 7.

import { deepEqual, equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Bytes, InputStream } from "../../wsgi/types.ts";
import { answering, answeringJson, bytes, type ConformanceCase, PLAIN } from "./conformance-case.ts";

const LINES = "first\nsecond\n\nthird without end";
const BIG = Buffer.alloc(2_500_000, "The quick brown fox. ");

/** A case in which the application reads the body in one way and answers with what it got. */
function readingCase(
  name: string,
  body: string,
  read: (input: InputStream) => Promise<Bytes | Bytes[]>,
  expected: string | string[],
): ConformanceCase {
  return {
    name,
    app: answeringJson(async (environ) => {
      const result = await read(environ["wsgi.input"]);
      return Array.isArray(result) ? result.map(textOf) : textOf(result);
    }),
    async exercise(client) {
      deepEqual((await client.post("/", { body })).json(), expected);
    },
  };
}

function textOf(chunk: Bytes): string {
  return Buffer.from(chunk).toString();
}

async function* piecesOf(content: Buffer, size: number): AsyncGenerator<Bytes> {
  for (let start = 0; start < content.length; start += size) yield content.subarray(start, start + size);
}

const digest = answeringJson(async (environ) => {
  const hash = createHash("sha256");
  let size = 0;
  for (;;) {
    const block = await environ["wsgi.input"].read(65_536);
    if (block.length === 0) return { size, sha256: hash.digest("hex") };
    hash.update(block);
    size += block.length;
  }
});

const BIG_DIGEST = { size: BIG.length, sha256: createHash("sha256").update(BIG).digest("hex") };

export const inputCases: readonly ConformanceCase[] = [
  readingCase("read() without a size gives the whole body", LINES, (input) => input.read(-1), LINES),
  readingCase("read(size) gives exactly that many bytes", LINES, (input) => input.read(8), LINES.slice(0, 8)),
  readingCase(
    "read(size) past the end gives what is left, then nothing",
    "abcde",
    async (input) => [await input.read(3), await input.read(100), await input.read(100)],
    ["abc", "de", ""],
  ),
  readingCase(
    "readline() gives a line with its end",
    LINES,
    async (input) => [await input.readline(), await input.readline(), await input.readline()],
    ["first\n", "second\n", "\n"],
  ),
  readingCase(
    "readline(size) gives at most so many bytes of a line",
    LINES,
    async (input) => [await input.readline(3), await input.readline(100)],
    ["fir", "st\n"],
  ),
  readingCase("readlines() gives all lines", LINES, (input) => input.readlines(), [
    "first\n",
    "second\n",
    "\n",
    "third without end",
  ]),
  readingCase("readlines(hint) stops when it has enough", LINES, (input) => input.readlines(7), [
    "first\n",
    "second\n",
  ]),
  readingCase(
    "Iteration over wsgi.input gives the lines",
    LINES,
    async (input) => {
      const lines: Bytes[] = [];
      for await (const line of input) lines.push(line);
      return lines;
    },
    ["first\n", "second\n", "\n", "third without end"],
  ),
  readingCase("An empty body reads as nothing", "", (input) => input.read(10), ""),
  {
    name: "A request without a body reads as nothing",
    app: answeringJson(async (environ) => textOf(await environ["wsgi.input"].read(10))),
    async exercise(client) {
      for (const method of ["GET", "DELETE", "OPTIONS", "POST"]) {
        equal((await client.request(method, "/")).json(), "");
      }
    },
  },
  {
    name: "A body arrives with its length and type",
    app: answeringJson(async (environ) => [
      environ.CONTENT_LENGTH,
      environ.CONTENT_TYPE,
      textOf(await environ["wsgi.input"].read(-1)),
    ]),
    async exercise(client) {
      const form = await client.post("/", { form: { a: "1", b: "x y" } });
      deepEqual(form.json(), ["9", "application/x-www-form-urlencoded", "a=1&b=x+y"]);
      const json = await client.put("/", { json: ["ü"] });
      deepEqual(json.json(), ["6", "application/json", '["ü"]']);
    },
  },
  {
    name: "A body without a length arrives whole",
    needs: ["chunked-upload"],
    app: answeringJson(async (environ) => [
      environ.CONTENT_LENGTH ?? null,
      environ["wsgi.input_terminated"] ?? false,
      textOf(await environ["wsgi.input"].read(-1)),
    ]),
    async exercise(client) {
      for (let round = 0; round < 2; round += 1) {
        const response = await client.post("/", { body: piecesOf(Buffer.from(LINES), 5) });
        const [length, ...others] = response.json<unknown[]>();
        // Who has kept the body whole before the call may say its length.
        if (length !== null) deepEqual(length, String(Buffer.byteLength(LINES)));
        deepEqual(others, [true, LINES]);
      }
    },
  },
  {
    name: "A big body with a length arrives unchanged",
    app: digest,
    async exercise(client) {
      deepEqual((await client.put("/", { body: BIG })).json(), BIG_DIGEST);
    },
  },
  {
    name: "A big body without a length arrives unchanged",
    needs: ["chunked-upload"],
    app: digest,
    async exercise(client) {
      deepEqual((await client.put("/", { body: piecesOf(BIG, 10_007) })).json(), BIG_DIGEST);
    },
  },
  {
    name: "A body that the application does not read harms no later request",
    app: answering("200 OK", [PLAIN], () => [bytes("ignored")]),
    async exercise(client) {
      for (const body of ["GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(50_000), ""]) {
        equal((await client.post("/", { body })).text(), "ignored");
        equal((await client.get("/")).text(), "ignored");
      }
    },
  },
  {
    name: "A body may be echoed while it is read",
    needs: ["early-answer"],
    app: (environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "application/octet-stream"]]);
      return (async function* echo() {
        for (;;) {
          const block = await environ["wsgi.input"].read(30_000);
          if (block.length === 0) return;
          yield block;
        }
      })();
    },
    async exercise(client) {
      const response = await client.post("/", { body: BIG.subarray(0, 400_000) });
      equal(BIG.subarray(0, 400_000).equals(response.bytes()), true);
    },
  },
];
