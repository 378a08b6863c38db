// The events of a multipart body, in any split of its bytes, and what is none. How forms use them: src/forms/multipart-form.test.ts.
import { describe, expect, test } from "vitest";
import { MultipartError } from "./errors.ts";
import { MultipartParser, type MultipartLimits } from "./multipart-parser.ts";

const LIMITS: MultipartLimits = { headerBytes: 60, headerLines: 2 };

/** Parses a body that comes in pieces of a size; the content of each part is written behind its headers. */
function parse(body: string, size = body.length, boundary = "b"): string[] {
  const parser = new MultipartParser(boundary, LIMITS);
  const parts: string[] = [];
  const bytes = Buffer.from(body, "latin1");
  let content = "";
  const take = (): void => {
    for (let event = parser.next(); event !== null && event.kind !== "end"; event = parser.next()) {
      if (event.kind === "part") content = `${event.headers.map((pair) => pair.join("=")).join("&")}|`;
      else if (event.kind === "data") content += event.bytes.toString("latin1");
      else parts.push(content);
    }
  };
  for (let start = 0; start < bytes.length; start += size) {
    parser.push(bytes.subarray(start, start + size));
    take();
  }
  take();
  parser.finish();
  return parts;
}

describe("a body gives parts", () => {
  test.each<[what: string, body: string, parts: string[]]>([
    ["with headers and content", "--b\r\nA: 1\r\nB-c:2\r\n\r\nx\r\n--b--", ["a=1&b-c=2|x"]],
    ["without headers", "--b\r\n\r\nx\r\n--b--", ["|x"]],
    ["without content", "--b\r\n\r\n\r\n--b--", ["|"]],
    ["whose empty line is that of the boundary, too", "--b\r\nA: 1\r\n\r\n--b--", ["a=1|"]],
    ["one behind another", "--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--", ["|1", "|2"]],
    ["behind a preamble", "pre\r\namble\r\n--b\r\n\r\nx\r\n--b--", ["|x"]],
    ["before an epilogue", "--b\r\n\r\nx\r\n--b--epi\r\n--b\r\n\r\ny", ["|x"]],
    ["with blanks behind the boundary", "--b \t\r\n\r\nx\r\n--b--", ["|x"]],
    [
      "with line ends and beginnings of boundaries inside",
      "--b\r\n\r\n\r\n\r\n-\r\n--\r\r\n--\r\n--b--",
      ["|\r\n\r\n-\r\n--\r\r\n--"],
    ],
    ["with the boundary inside a line", "--b\r\n\r\nx--b\r\n--b--", ["|x--b"]],
    ["with any bytes", "--b\r\nA: \xe9\xa0 \r\n\r\n\0\xff\n\r\r\n--b--", ["a=\xe9\xa0|\0\xff\n\r"]],
    ["none at all", "--b--", []],
  ])("%s", (_, body, parts) => {
    for (const size of [1, 2, 3, 7, body.length]) expect(parse(body, size), `pieces of ${size}`).toEqual(parts);
  });

  test("with bytes that were pushed, not copied, where they come whole", () => {
    const parser = new MultipartParser("b", LIMITS);
    const bytes = Buffer.from("--b\r\n\r\nx");
    parser.push(Buffer.from("\r\n"));
    parser.next();
    parser.push(bytes);
    expect(parser.next()).toEqual({ kind: "part", headers: [] });
    expect(parser.part).toBe(1);
    expect(parser.next()).toEqual({ kind: "data", bytes: Buffer.from("x") });
    expect(parser.next()).toBeNull();
  });
});

test.each<[what: string, body: string, message: string]>([
  [
    "text behind the boundary",
    "--bc\r\n\r\n\r\n--b--",
    "Expected the end of the line behind the boundary after part 0",
  ],
  ["one dash behind the boundary", "--b-\r\n\r\n\r\n--b--", "behind the boundary after part 0"],
  ["a bare line feed behind the boundary", "--b\n\r\n\r\n--b--", "behind the boundary after part 0"],
  ["text behind the next boundary", "--b\r\n\r\nx\r\n--bc\r\n", "behind the boundary after part 1"],
  ["blanks without end", `--b${" ".repeat(61)}\r\n`, "behind the boundary after part 0"],
  ["a header without colon", "--b\r\nA\r\n\r\n", 'Expected "Name: value" as header 1 of part 1'],
  ["a header without name", "--b\r\n: 1\r\n\r\n", "as header 1 of part 1"],
  ["a header with a blank before its colon", "--b\r\nA : 1\r\n\r\n", "as header 1 of part 1"],
  ["a header on two lines", "--b\r\nA: 1\r\n b\r\n\r\n", "as header 2 of part 1"],
  ["a header with a bare line feed", "--b\r\nA: 1\nB: 2\r\n\r\n", "as header 1 of part 1"],
  ["no boundary", "x", "got its end before its first part"],
  ["no end behind a boundary", "--b\r\n\r\nx\r\n--b", "got its end behind part 1"],
  ["no end of the headers", "--b\r\nA: 1\r\n", "got its end in the headers of part 1"],
  ["no end of the content", "--b\r\n\r\nx\r\n--", "got its end in the content of part 1"],
])("%s is refused", (_, body, message) => {
  for (const size of [1, 3, body.length]) expect(() => parse(body, size)).toThrow(message);
});

describe("limits", () => {
  test.each<[what: string, fits: string, isBeyond: string, message: string, isLimit: boolean]>([
    ["bytes before the boundary", "x".repeat(58), "x".repeat(59), "within the first 60 bytes", false],
    ["headers", "--b\r\nA:1\r\nB:2\r\n\r\n", "--b\r\nA:1\r\nB:2\r\nC:3\r\n\r\n", "at most 2 headers in part 1", true],
    [
      "bytes of headers",
      `--b\r\nA:${"1".repeat(56)}\r\n\r\n`,
      `--b\r\nA:${"1".repeat(59)}`,
      "at most 60 bytes of headers in part 1",
      true,
    ],
  ])("of %s", (_, fits, isBeyond, message, isLimit) => {
    const end = "\r\n--b--";
    expect(() => parse(fits + end)).not.toThrow();
    const wanted = expect.objectContaining({ message: expect.stringContaining(message) as string, isLimit }) as Error;
    expect(() => parse(isBeyond + end)).toThrow(wanted);
  });
});

test.each(["b".repeat(70), "a b", "'()+_,-./:=?"])("%j is a boundary", (boundary) => {
  expect(parse(`--${boundary}\r\n\r\nx\r\n--${boundary}--`, 1, boundary)).toEqual(["|x"]);
});

test.each(["", "b".repeat(71), "b ", "b\r\n", "\xe9"])("%j is no boundary", (boundary) => {
  expect(() => new MultipartParser(boundary, LIMITS)).toThrow(MultipartError);
});
