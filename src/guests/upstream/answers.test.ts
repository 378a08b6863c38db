// Random answers by each protocol: whatever comes, in whatever pieces, there is one outcome, nothing but the errors of answers is thrown, and no
// body is longer than its head has said. More rounds by hand: TSGI_FUZZ_ROUNDS=1000000.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AnswerDecoder } from "../../http/answer-decoder.ts";
import { AnswerError } from "../../http/answer-error.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";
import { encodeRecord, endRecord } from "../../protocols/fastcgi/record.ts";
import { FastCGIAnswerDecoder } from "../fastcgi/fastcgi-answer-decoder.ts";
import { CgiAnswerDecoder } from "./cgi-answer-decoder.ts";
import type { UpstreamAnswerDecoder, UpstreamAnswerListener } from "./upstream-protocol.ts";

const ROUNDS = Number(process.env["TSGI_FUZZ_ROUNDS"] ?? 300);

type Make = (method: string, listener: UpstreamAnswerListener) => UpstreamAnswerDecoder;

const PROTOCOLS: Readonly<Record<string, Make>> = {
  HTTP: (method, listener) => new AnswerDecoder(method, listener),
  CGI: (method, listener) => new CgiAnswerDecoder(method, listener),
  FastCGI: (method, listener) => new FastCGIAnswerDecoder(method, true, listener),
};

/** What comes of an answer: its head, its body, how it ended. */
function outcome(make: Make, method: string, pieces: readonly Buffer[]): string {
  let head = "";
  let length = -1;
  let body = "";
  let end = "";
  const decoder = make(method, {
    interim() {},
    head(statusCode, reason, fields) {
      expect(head).toBe("");
      head = `${statusCode} ${reason} ${JSON.stringify(fields)}`;
      expect(head).not.toMatch(/\\[rn]|\\u0000/);
      length = Number(fields.find(([name]) => name.toLowerCase() === "content-length")?.[1] ?? -1);
    },
    data(chunk) {
      expect([head === "", end]).toEqual([false, ""]);
      body += chunk.toString("latin1");
    },
    complete(keepSeconds) {
      expect([head === "", end]).toEqual([false, ""]);
      end = keepSeconds === 0 ? "complete" : "complete and kept";
    },
    note() {},
  });
  try {
    for (const piece of pieces) if (end === "") decoder.push(piece);
    if (end === "") decoder.end();
  } catch (error) {
    if (!(error instanceof AnswerError || error instanceof GatewayProtocolError)) throw error;
    end = "refused";
  }
  const isWhole = end !== "refused" && length !== -1 && method !== "HEAD" && !/^(?:204|304) /.test(head);
  expect(isWhole ? body.length : length).toBe(length);
  expect(end).not.toBe("");
  // Whether bytes behind the end are seen depends on where it was cut, and so does how much came before something bad.
  return end === "refused" ? "refused" : `${head}\n${body}`;
}

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const words =
  "HTTP/1.1 200 OK|HTTP/1.0 404 No|HTTP/1.1 204 No|HTTP/1.1 100 Go|Status: 200|Status: 304 No|Status: 99|Content-Type: a|" +
  "Content-Length: 3|Content-Length: 0|Content-Length: 5|Content-Length: x|Transfer-Encoding: chunked|Connection: close|Location: /a|" +
  "Location: http://b|A: \xe9|A:| a|\r\n|\r\n|\r\n|\r\n\r\n|\n|\n\n|\r|abc|abcde|3\r\nabc\r\n|0\r\n\r\n|\0|:";
const word = fc.constantFrom(...words.split("|"));
/** Texts that are often nearly good. */
const text = fc.oneof(
  fc.array(word, { maxLength: 12 }).map((parts) => parts.join("")),
  fc.array(word, { minLength: 1, maxLength: 6 }).map((parts) => `${parts.join("\r\n")}\r\n\r\nabc`),
);
const record = fc
  .tuple(fc.constantFrom(6, 6, 6, 6, 7, 3, 5, 11, 99), fc.constantFrom(1, 1, 1, 1, 0, 2), text)
  .map(([type, id, content]) => encodeRecord(type, id, content).toString("latin1"));
const end = fc.constantFrom(endRecord(1, 0), endRecord(1, 0), endRecord(1, 2), endRecord(2, 0), "", "noise");
const records = fc.tuple(fc.array(record, { maxLength: 4 }), end).map(([parts, last]) => parts.join("") + last);
const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1"));

describe.each(Object.entries(PROTOCOLS))("%s", (name, make) => {
  test("one outcome, whatever comes and however it is cut", () => {
    const any =
      name === "FastCGI"
        ? fc.oneof({ weight: 5, arbitrary: records }, noise)
        : fc.oneof({ weight: 5, arbitrary: text }, noise);
    const cuts = fc.array(fc.nat(), { maxLength: 6 });
    const property = fc.property(any, cuts, fc.constantFrom("GET", "GET", "HEAD"), (answer, places, method) => {
      const ends = [...new Set(places.map((place) => place % (answer.length + 1)))].toSorted((a, b) => a - b);
      const pieces = [...ends, answer.length].map((to, index) =>
        latin1(answer.slice(index === 0 ? 0 : ends[index - 1], to)),
      );
      const some = pieces.filter(({ length }) => length > 0);
      return outcome(make, method, some) === outcome(make, method, answer === "" ? [] : [latin1(answer)]);
    });
    expect(() => fc.assert(property, { numRuns: ROUNDS })).not.toThrow();
  });
});
