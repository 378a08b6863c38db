// What HTTP allows a client, byte for byte, with a Python application behind it that is under wsgiref.validate.
import { afterAll, beforeAll, expect, test } from "vitest";
import { rawRequest, type RawExchange } from "../../src/testing/raw-request.ts";
import { eventually, servePython, type Served } from "./serve-python.ts";

let served: Served;
beforeAll(async () => {
  served = await servePython({ target: "validated:application", threads: 4 });
});
afterAll(() => served.close());

const HOST = "Host: x\r\n";
const LAST = `GET /hello HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;

function ask(data: string, split?: number): Promise<RawExchange> {
  return rawRequest({ host: "127.0.0.1", port: served.port }, data, {
    timeoutMs: 5000,
    ...(split === undefined ? {} : { split }),
  });
}

/** Status and body of each answer; those to HEAD have none, whatever their head says. */
function answersOf(text: string): string[] {
  return text.split(/(?=HTTP\/1\.1 \d)/).map((answer) => {
    const end = answer.indexOf("\r\n\r\n");
    const body = answer.slice(end + 4);
    const isChunked = /transfer-encoding: chunked/i.test(answer.slice(0, end));
    const content = isChunked ? body.replaceAll(/[\da-f]+\r\n([^]*?)\r\n/gi, "$1") : body;
    return `${answer.slice(9, answer.indexOf("\r\n"))}|${content}`;
  });
}

test("requests in a pipeline are answered in their order, whichever thread is done first", async () => {
  const slow = `GET /sleep?seconds=0.3&say=slow HTTP/1.1\r\n${HOST}\r\n`;
  const quick = ["a", "b", "c"].map((word) => `GET /sleep?seconds=0&say=${word} HTTP/1.1\r\n${HOST}\r\n`).join("");
  const { text, end } = await ask(slow + quick + LAST);
  expect(answersOf(text)).toEqual(["slow", "a", "b", "c", "hello"].map((word) => `200 OK|${word}`));
  expect(end).toBe("closed");
});

test("Expect: 100-continue is answered before the body is sent", async () => {
  const head = `POST /count-input HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`;
  const { text } = await rawRequest({ host: "127.0.0.1", port: served.port }, head, {
    until: (received) => received.includes("\r\n\r\n"),
  });
  expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  const whole = await ask(`${head}12345${LAST}`);
  expect(answersOf(whole.text).slice(-2)).toEqual(["200 OK|5", "200 OK|hello"]);
});

test.each([undefined, 1, 7])("a chunked body with extensions and a trailer, in pieces of %s", async (split) => {
  const body = "5;name=value\r\n12345\r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n";
  const { text } = await ask(
    `POST /count-input HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${body}${LAST}`,
    split,
  );
  expect(answersOf(text)).toEqual(["200 OK|15", "200 OK|hello"]);
});

test("HTTP/1.0 gets neither chunks nor a kept connection", async () => {
  const { text, end } = await ask("GET /generator HTTP/1.0\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(text.toLowerCase()).not.toContain("transfer-encoding");
  expect(text.endsWith("\r\n\r\none two")).toBe(true);
  expect(end).toBe("closed");
});

test("HEAD, 204 and 304 between others on one connection", async () => {
  const one = (method: string, path: string): string => `${method} ${path} HTTP/1.1\r\n${HOST}\r\n`;
  const { text } = await ask(
    one("HEAD", "/hello") + one("GET", "/status-204") + one("GET", "/status-304") + one("HEAD", "/generator") + LAST,
  );
  expect(answersOf(text)).toEqual(["200 OK|", "204 No Content|", "304 Not Modified|", "200 OK|", "200 OK|hello"]);
});

test("a body that breaks off reaches no application, and the next client is served", async () => {
  const before = served.guest.stats().answered;
  const { text } = await rawRequest(
    { host: "127.0.0.1", port: served.port },
    `POST /count-input HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\nshort`,
    { halfClose: true, timeoutMs: 2000 },
  );
  expect(text).not.toContain("200 OK");
  expect((await served.get("/hello")).text).toBe("hello");
  await eventually(() => served.guest.stats().answered === before + 1, "the one answer");
});

test.each([
  ["a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"],
  ["two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n"],
  ["a space before the colon", "Content-Length : 5\r\n"],
])("%s: refused before Python sees it", async (_name, header) => {
  const before = served.guest.stats().answered;
  const { text, end } = await ask(`POST /count-input HTTP/1.1\r\n${HOST}${header}\r\n12345`);
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(end).toBe("closed");
  expect(served.guest.stats().answered).toBe(before);
});
