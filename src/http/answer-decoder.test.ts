// Reads answers in every framing, refuses those that two readers could understand differently, and gives the same however they are cut.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerDecoder } from "./answer-decoder.ts";
import { AnswerError } from "./answer-error.ts";

/** What a decoder makes of some pieces of bytes; the connection ends behind them. */
function read(pieces: readonly Buffer[], method = "GET", isEnded = true): string[] {
  const events: string[] = [];
  let body = "";
  const decoder = new AnswerDecoder(method, {
    interim: (code, fields) => events.push(`interim ${code} ${JSON.stringify(fields)}`),
    head: (code, reason, fields) => events.push(`${code} ${reason} ${JSON.stringify(fields)}`),
    data: (chunk) => {
      body += chunk.toString("latin1");
    },
    complete: (seconds) => events.push(`body ${body}`, `complete ${seconds}`),
  });
  const isOver = (): boolean => events.at(-1)?.startsWith("complete") === true;
  try {
    for (const piece of pieces) if (!isOver()) decoder.push(piece);
    if (isEnded && !isOver()) decoder.end();
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    events.push(`body ${body}`, `${error.code}: ${error.message}`);
  }
  return events;
}

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const readText = (text: string, method?: string): string[] => read([bytes(text)], method);

/** Parts of a text, cut at places. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b);
  return [...ends, text.length].map((end, index) => bytes(text.slice(index === 0 ? 0 : ends[index - 1], end)));
}

const OK = "HTTP/1.1 200 OK\r\n";

describe("AnswerDecoder reads", () => {
  test.each<[what: string, text: string, wanted: string[], method?: string]>([
    ["a length", `${OK}Content-Length: 2\r\n\r\nab`, ['200 OK [["Content-Length","2"]]', "body ab", "complete -1"]],
    ["no length", `${OK}\r\nab`, ["200 OK []", "body ab", "complete 0"]],
    [
      "chunks",
      `${OK}Transfer-Encoding: Chunked\r\n\r\n2;a=b\r\nab\r\n0\r\nX: y\r\n\r\n`,
      ["200 OK []", "body ab", "complete -1"],
    ],
    [
      "an answer to HEAD",
      `${OK}Content-Length: 2\r\n\r\n`,
      ['200 OK [["Content-Length","2"]]', "body ", "complete -1"],
      "HEAD",
    ],
    ["204", "HTTP/1.1 204 No Content\r\n\r\n", ["204 No Content []", "body ", "complete -1"]],
    [
      "304 with a length",
      "HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n",
      ['304 X [["Content-Length","9"]]', "body ", "complete -1"],
    ],
    [
      "no reason",
      "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
      ['200  [["Content-Length","0"]]', "body ", "complete -1"],
    ],
    [
      "HTTP/1.0",
      "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
      ['200 OK [["Content-Length","1"]]', "body a", "complete 0"],
    ],
    [
      "HTTP/1.0 that stays",
      "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nKeep-Alive: max=3, timeout=5\r\nContent-Length: 1\r\n\r\na",
      ['200 OK [["Content-Length","1"]]', "body a", "complete 5"],
    ],
    [
      "Connection: close",
      `${OK}Connection: close\r\nContent-Length: 0\r\n\r\n`,
      ['200 OK [["Content-Length","0"]]', "body ", "complete 0"],
    ],
    [
      "what Connection names, and takes it away",
      `${OK}Connection: X-Own, close\r\nX-Own: 1\r\nX-Two: 2\r\nUpgrade: h2c\r\nProxy-Authenticate: x\r\nContent-Length: 0\r\n\r\n`,
      ['200 OK [["X-Two","2"],["Content-Length","0"]]', "body ", "complete 0"],
    ],
    [
      "interim answers",
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Content-Length: 1\r\n\r\na`,
      ["interim 100 []", 'interim 103 [["Link","</a>"]]', '200 OK [["Content-Length","1"]]', "body a", "complete -1"],
    ],
    [
      "a surplus, and closes",
      `${OK}Content-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n`,
      ['200 OK [["Content-Length","1"]]', "body a", "complete 0"],
    ],
    ["a surplus behind no body", `HTTP/1.1 204 No\r\n\r\nevil`, ["204 No []", "body ", "complete 0"]],
    [
      "two cookies",
      `${OK}Set-Cookie: a\r\nset-cookie:\tb \r\nContent-Length: 0\r\n\r\n`,
      ['200 OK [["Set-Cookie","a"],["set-cookie","b"],["Content-Length","0"]]', "body ", "complete -1"],
    ],
    [
      "zeros before a length",
      `${OK}Content-Length: 0002\r\n\r\nab`,
      ['200 OK [["Content-Length","2"]]', "body ab", "complete -1"],
    ],
  ])("%s", (_what, text, wanted, method) => {
    expect(readText(text, method)).toEqual(wanted);
    expect(read(Array.from(text, bytes), method).filter((event) => !event.startsWith("complete"))).toEqual(
      wanted.filter((event) => !event.startsWith("complete")),
    );
  });
});

describe("AnswerDecoder refuses", () => {
  test.each<[what: string, text: string, code: string]>([
    ["no HTTP", "220 smtp ready\r\n", "STATUS"],
    ["HTTP/2.0", "HTTP/2.0 200 OK\r\n", "STATUS"],
    ["a lower-case version", "http/1.1 200 OK\r\n", "STATUS"],
    ["a code of two digits", "HTTP/1.1 20 OK\r\n", "STATUS"],
    ["a code of four digits", "HTTP/1.1 2000 OK\r\n", "STATUS"],
    ["code 099", "HTTP/1.1 099 OK\r\n", "STATUS"],
    ["two spaces", "HTTP/1.1  200 OK\r\n", "STATUS"],
    ["an empty line first", "\r\nHTTP/1.1 200 OK\r\n", "STATUS"],
    ["NUL in the reason", "HTTP/1.1 200 O\0K\r\n", "BYTE"],
    ["a bare LF behind the status", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "BYTE"],
    ["a bare LF behind a field", `${OK}A: b\nContent-Length: 0\r\n\r\n`, "BYTE"],
    ["a bare CR in a field", `${OK}A: b\rContent-Length: 0\r\n\r\n`, "BYTE"],
    ["NUL in a value", `${OK}A: b\0c\r\n\r\n`, "BYTE"],
    ["a folded field", `${OK}A: b\r\n c\r\n\r\n`, "FIELD"],
    ["a fold first", `${OK} A: b\r\n\r\n`, "FIELD"],
    ["a space before the colon", `${OK}Content-Length : 0\r\n\r\n`, "FIELD"],
    ["no colon", `${OK}Content-Length\r\n\r\n`, "FIELD"],
    ["no name", `${OK}: a\r\n\r\n`, "FIELD"],
    ["a name with brackets", `${OK}A[]: a\r\n\r\n`, "FIELD"],
    ["two lengths", `${OK}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`, "FRAMING"],
    ["two lengths that differ", `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\na`, "FRAMING"],
    ["a list of lengths", `${OK}Content-Length: 1, 1\r\n\r\na`, "FRAMING"],
    ["+1", `${OK}Content-Length: +1\r\n\r\na`, "FRAMING"],
    ["-1", `${OK}Content-Length: -1\r\n\r\na`, "FRAMING"],
    ["0x1", `${OK}Content-Length: 0x1\r\n\r\na`, "FRAMING"],
    ["1e1", `${OK}Content-Length: 1e1\r\n\r\na`, "FRAMING"],
    ["an empty length", `${OK}Content-Length:\r\n\r\na`, "FRAMING"],
    ["a length beyond counting", `${OK}Content-Length: 9999999999999999\r\n\r\na`, "FRAMING"],
    ["length and chunks", `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na`, "FRAMING"],
    ["chunks and length", `${OK}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na`, "FRAMING"],
    ["chunked twice", `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, "FRAMING"],
    ["chunked, chunked", `${OK}Transfer-Encoding: chunked, chunked\r\n\r\n`, "FRAMING"],
    ["another coding", `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, "FRAMING"],
    ["xchunked", `${OK}Transfer-Encoding: xchunked\r\n\r\n`, "FRAMING"],
    ["an empty coding", `${OK}Transfer-Encoding:\r\n\r\n`, "FRAMING"],
    ["chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "FRAMING"],
    ["a bad chunk size", `${OK}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n`, "CHUNK"],
    ["a bare LF behind a chunk size", `${OK}Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`, "CHUNK"],
    ["data beyond its chunk", `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`, "CHUNK"],
    [
      "a trailer that changes the framing",
      `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n`,
      "CHUNK",
    ],
    ["an endless trailer", `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${"A: b\r\n".repeat(70)}`, "CHUNK"],
    ["101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "UPGRADE"],
    ["a flood of interim answers", "HTTP/1.1 102 Processing\r\n\r\n".repeat(33), "INTERIM"],
    ["a flood of large interim answers", `HTTP/1.1 103 E\r\nA: ${"x".repeat(30_000)}\r\n\r\n`.repeat(3), "INTERIM"],
    ["an endless status line", `HTTP/1.1 200 ${"x".repeat(70_000)}`, "TOO_LARGE"],
    ["an endless head", OK + "A: b\r\n".repeat(20_000), "TOO_LARGE"],
    ["too many fields", OK + "A: b\r\n".repeat(257), "TOO_LARGE"],
    ["an endless field", `${OK}A: ${"x".repeat(70_000)}`, "TOO_LARGE"],
    ["an end before the head", "", "CUT"],
    ["an end in the head", `${OK}A: b\r\n`, "CUT"],
    ["an end behind an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", "CUT"],
    ["an end before the length", `${OK}Content-Length: 3\r\n\r\nab`, "CUT"],
    ["an end before the last chunk", `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`, "CUT"],
    ["an end in the last chunk", `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n`, "CUT"],
  ])("%s", (_what, text, code) => {
    const events = readText(text);
    expect(events.at(-1)).toContain(`ERR_HTTP_ANSWER_${code}: `);
    const size = text.length > 2000 ? 97 : 1;
    const count = Math.ceil(text.length / size);
    const pieces = Array.from({ length: count }, (_each, index) => bytes(text.slice(index * size, (index + 1) * size)));
    expect(read(pieces).at(-1)).toBe(events.at(-1));
  });
});

test("AnswerDecoder gives the same however the bytes are cut", () => {
  const lines =
    "Content-Length: 3|Content-Length: 0|Transfer-Encoding: chunked|Connection: close|A: b|B:| c|D : e|Connection: A|" +
    "Keep-Alive: timeout=9|Transfer-Encoding: gzip|X\0: y|E: f\n";
  const line = fc.constantFrom(...lines.split("|"));
  const start = fc.constantFrom(
    "HTTP/1.1 200 OK",
    "HTTP/1.0 200 OK",
    "HTTP/1.1 204 No",
    "HTTP/1.1 103 Early",
    "HTTP/1.1 100",
    "x",
  );
  const head = fc
    .tuple(start, fc.array(line, { maxLength: 4 }))
    .map(([first, rest]) => [first, ...rest, "", ""].join("\r\n"));
  const body = fc.constantFrom(
    "",
    "abc",
    "abcd",
    "3\r\nabc\r\n0\r\n\r\n",
    "3\r\nabc\r\n0\r\nT: u\r\n\r\n",
    "0\r\n\r\nx",
    "3;x\r\nab",
  );
  const answer = fc
    .tuple(fc.array(head, { minLength: 1, maxLength: 3 }), body)
    .map(([heads, rest]) => heads.join("") + rest);
  fc.assert(
    fc.property(
      answer,
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.constantFrom("GET", "HEAD"),
      (text, places, method) => {
        const without = (events: string[]): string[] =>
          events.map((event) => event.replace(/^complete .*/, "complete"));
        // Bytes behind an answer are seen only when they come with its last ones, so whether the connection is kept may differ.
        expect(without(read(cut(text, places), method))).toEqual(without(read([bytes(text)], method)));
      },
    ),
    { numRuns: 300 },
  );
});

test("AnswerDecoder throws nothing but AnswerError, whatever comes", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
    fc
      .constantFrom(OK, "\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "5\r\n", "0\r\n\r\n", "A:")
      .map(bytes),
  );
  const runs = Number(process.env["TSGI_FUZZ_ROUNDS"] ?? 500);
  const property = fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => void read(pieces));
  expect(() => fc.assert(property, { numRuns: runs })).not.toThrow();
});
