// The cases of Werkzeug's tests of forms (tests/test_formparser.py, tests/sansio/test_multipart.py), as a table of bodies and what is seen of
// them, written anew.
//
// Carried over: limits of the body, of text in memory and over several reads; requests without a body; files without a type; a preamble; headers
// of a part; line ends at the edges of chunks and of content; paths in names of files; text that looks like a boundary; empty fields and forms.
//
// Carried over with another answer, because a form of which a part is lost is worse than none: without a boundary, cut off, without headers,
// or with bare LF or CR as line ends a body is refused with 400 (Werkzeug: an empty form, or what it could make of it); bytes that are not UTF-8
// are refused too (Werkzeug: an empty form).
//
// Not carried over: names of files in pieces (RFC 2231; RFC 7578 section 4.2 forbids them in forms, and no browser sends them), the disposition
// "form-field", which stands only in tests, factories of streams and classes of parsers, limits of parts that do not count for urlencoded forms
// (they count here: `fields`), writing multipart bodies (tsgi/testing does that for tests), bodies that browsers of 2007 sent as they were recorded.
import { describe, expect, test } from "vitest";
import { inPieces } from "../../test/forms/in-pieces.ts";
import { mockEnviron } from "../testing/mock-environ.ts";
import { FormError } from "./errors.ts";
import { type FormOptions, parseForm } from "./parse-form.ts";

const MULTIPART = "multipart/form-data; boundary=foo";
const URLENCODED = "application/x-www-form-urlencoded";
const field = (name: string, value: string): string =>
  `--foo\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${value}\r\n`;
const file = (name: string, headers = ""): string =>
  `--foo\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n${headers}\r\n`;

/** What is seen: the fields, and of files names, types and texts; or the status of the answer. */
async function seen(body: string, type: string, options: FormOptions, chunkBytes: number): Promise<unknown> {
  const bytes = Buffer.from(body, "latin1");
  const headers = { "Content-Type": type, "Content-Length": String(bytes.length) };
  const environ = mockEnviron({ method: "POST", headers });
  environ["wsgi.input"] = inPieces(bytes, chunkBytes);
  try {
    const form = await parseForm(environ, options);
    const files = form.files().map(async (each) => [each.filename, each.type, await each.text()]);
    return [...form.entries(), ...(await Promise.all(files))];
  } catch (error) {
    if (error instanceof FormError) return error.status;
    throw error;
  }
}

interface Case {
  readonly body: string;
  readonly type?: string;
  readonly options?: FormOptions;
  readonly seen: unknown;
}

const CASES: Readonly<Record<string, Case>> = {
  "urlencoded text within its limit": {
    body: "foo=Hello+World&bar=baz",
    type: URLENCODED,
    options: { textBytes: 400 },
    seen: [
      ["foo", "Hello World"],
      ["bar", "baz"],
    ],
  },
  "urlencoded text beyond it": { body: "foo=Hello+World", type: URLENCODED, options: { textBytes: 7 }, seen: 413 },
  "urlencoded bytes that are not UTF-8": { body: "\x80", type: URLENCODED, seen: 400 },
  "a body beyond its limit": { body: `${field("foo", "Hello")}--foo--`, options: { bodyBytes: 4 }, seen: 413 },
  "text beyond its limit": { body: `${field("a", "a".repeat(15))}--foo--`, options: { textBytes: 10 }, seen: 413 },
  "two fields": {
    body: `${field("foo", "Hello World")}${field("bar", "bar=baz")}--foo--`,
    seen: [
      ["foo", "Hello World"],
      ["bar", "bar=baz"],
    ],
  },
  "no boundary in the type": { body: `${field("foo", "x")}--foo--`, type: "multipart/form-data", seen: 400 },
  "a type that is none": { body: "", type: "bad-mime-type", seen: 415 },
  "a file without a type": {
    body: `${file("test.txt")}file contents\r\n--foo--`,
    seen: [["test.txt", "application/octet-stream", "file contents"]],
  },
  "a file with headers": {
    body: `${file("foo.txt", "X-Custom-Header: blah\r\nContent-Type: text/plain; charset=utf-8\r\n")}contents\r\n--foo--`,
    seen: [["foo.txt", "text/plain; charset=utf-8", "contents"]],
  },
  "the path of a share as the name of a file": {
    body: `${file(String.raw`\\SERVER\share\Meeting 02-22.doc`)}x\r\n--foo--`,
    seen: [["Meeting 02-22.doc", "application/octet-stream", "x"]],
  },
  "a preamble of empty lines": { body: `\r\n\r\n${field("foo", "a string")}--foo--`, seen: [["foo", "a string"]] },
  "an epilogue": { body: `${field("foo", "x")}--foo--\r\n    `, seen: [["foo", "x"]] },
  "an empty field": {
    body: `${field("text", "Some Text")}${field("empty", "")}--foo--`,
    seen: [
      ["text", "Some Text"],
      ["empty", ""],
    ],
  },
  "no parts": { body: "--foo--", seen: [] },
  "text that looks like a boundary": {
    body: `${field("a", "--long text\r\n--with boundary\r\n--lookalikes--\r\n-foo\r\n--fo")}--foo--`,
    seen: [["a", "--long text\r\n--with boundary\r\n--lookalikes--\r\n-foo\r\n--fo"]],
  },
  "a file that is cut off": { body: `${file("test.txt")}file contents and no end`, seen: 400 },
  "a field whose form does not end": { body: field("foo", "Hello World"), seen: 400 },
  "a part without headers": { body: "--foo\r\n\r\nHello World\r\n--foo--", seen: 400 },
  "line feeds as line ends": { body: `${field("foo", "x").replaceAll("\r", "")}--foo--`, seen: 400 },
  "carriage returns as line ends": { body: `${field("foo", "x").replaceAll("\n", "")}--foo--`, seen: 400 },
  "a name of a file in pieces": {
    body: "--foo\r\nContent-Disposition: form-data; name=a;\r\n\tfilename*0*=ascii''a;\r\n\tfilename*1=b\r\n\r\nx\r\n--foo--",
    seen: 400,
  },
};

// 64 bytes of headers, then content whose line ends fall on the edge of a chunk of 65,536 bytes.
const lines = (count: number, last: string): string => `${`${"\r".repeat(31)}\n`.repeat(count)}${last}`;
const long = `${lines(2045, "y".repeat(31))}\r\n${lines(2047, "x".repeat(30))}`;

describe.each([1, 5, 64, 65_536])("in chunks of %i bytes", (chunkBytes) => {
  test.each(Object.entries(CASES))("%s", async (_, { body, type = MULTIPART, options = {}, seen: expected }) => {
    expect(await seen(body, type, options, chunkBytes)).toEqual(expected);
  });

  test.each(["A", "\n", "\r", "\r\n", "\n\r", "A\n", "A\r", "A\r\n", "A\n\r"])(
    "content that begins with %j",
    async (start) => {
      const content = `${start}\r\nBCDE`;
      expect(await seen(`\r\n${file("f")}${content}\r\n--foo--`, MULTIPART, {}, chunkBytes)).toEqual([
        ["f", "application/octet-stream", content],
      ]);
    },
  );
});

test.each(["\r", "\r\r"])("65,535 bytes and %j at the end of a file", async (end) => {
  const content = "\0".repeat(65_535) + end;
  expect(await seen(`${file("f")}${content}\r\n--foo--`, MULTIPART, {}, 65_536)).toEqual([
    ["f", "application/octet-stream", content],
  ]);
});

test("a line end that is split by a chunk", async () => {
  const head = "--thirteenbytes\r\nContent-Disposition: form-data; name=tx3065\r\n\r\n";
  expect(head).toHaveLength(64);
  const type = "multipart/form-data; boundary=thirteenbytes";
  expect(await seen(`${head}${long}\r\n--thirteenbytes--`, type, {}, 65_536)).toEqual([["tx3065", long]]);
});

test.each(["PUT", "GET", "POST"])("a %s without a body and a type", async (method) => {
  expect((await parseForm(mockEnviron({ method }))).entries()).toEqual([]);
});
