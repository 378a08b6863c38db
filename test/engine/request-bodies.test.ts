import { describe, expect, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { echoApp, ignoreApp } from "./applications.ts";
import { serve } from "./serve.ts";
import { bodiesOf, Wire } from "./wire.ts";

const post = (fields: string, body: string, path = "/"): string =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n${body}`;
const NEXT = "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const chunked = (text: string, size: number): string => {
  let coded = "";
  for (let start = 0; start < text.length; start += size) {
    const part = text.slice(start, start + size);
    coded += `${part.length.toString(16)}\r\n${part}\r\n`;
  }
  return `${coded}0\r\n\r\n`;
};
const TEXT = Array.from({ length: 3000 }, (_, index) => String.fromCharCode(index % 256)).join("");

describe("the body of a request", () => {
  test.each([
    ["a length", post(`Content-Length: ${TEXT.length}`, TEXT)],
    ["large chunks", post("Transfer-Encoding: chunked", chunked(TEXT, 1000))],
    ["chunks of one byte", post("Transfer-Encoding: chunked", chunked(TEXT, 1))],
    ["trailers", post("Transfer-Encoding: chunked", chunked(TEXT, 700).replace(/\r\n$/, "A: b\r\nC: d\r\n\r\n"))],
  ])("arrives whole with %s, in any pieces, and the next request is found behind it", async (_title, request) => {
    const { address } = await serve(echoApp);
    for (const split of [100_000, 1000, 77]) {
      const { text } = await rawRequest(address, request + NEXT, { split });
      expect(bodiesOf(text)).toEqual([TEXT, ""]);
    }
  });

  test("gives no variables for its trailers", async () => {
    let keys: string[] = [];
    const { address } = await serve(async (environ, startResponse) => {
      await environ["wsgi.input"].read();
      keys = Object.keys(environ);
      startResponse("200 OK", []);
      return [];
    });
    await rawRequest(address, `${post("Transfer-Encoding: chunked", "0\r\nX-Secret: 1\r\n\r\n")}${NEXT}`);
    expect(keys.filter((key) => /SECRET|CONTENT_LENGTH/.test(key))).toEqual([]);
  });

  test.each([
    ["a length", `Content-Length: 50000`, "x".repeat(50_000)],
    ["chunks", "Transfer-Encoding: chunked", chunked("x".repeat(50_000), 5000)],
  ])("of %s that nobody read is thrown away before the next request (CVE-2023-41419)", async (_title, field, body) => {
    const { address } = await serve(ignoreApp);
    for (const split of [100_000, 9999]) {
      const { text } = await rawRequest(address, post(field, body) + NEXT, { split });
      // Of chunks that are still to come nobody knows how many; the answer says so.
      const isLast = /Connection: close\r\n\r\nok/.test(text.slice(0, text.indexOf("ok") + 2));
      expect(isLast).toBe(split === 9999 && field.startsWith("Transfer"));
      expect(bodiesOf(text)).toEqual(isLast ? ["ok"] : ["ok", "ok"]);
    }
  });

  test.each([
    ["a length", `Content-Length: 200000`, "x".repeat(200_000)],
    ["chunks", "Transfer-Encoding: chunked", chunked("x".repeat(200_000), 5000)],
  ])("of %s that is too long to throw away ends the connection", async (_title, field, body) => {
    const { address, entries } = await serve(ignoreApp);
    const { text, end } = await rawRequest(address, post(field, body) + NEXT);
    expect(end).toBe("closed");
    expect(bodiesOf(text)).toEqual(["ok"]);
    expect(entries).toHaveLength(1);
  });

  test("that looks like a request is never read as one", async () => {
    const inner = "GET /inner HTTP/1.1\r\nHost: h\r\n\r\n";
    const paths: string[] = [];
    const { address } = await serve((environ, startResponse) => {
      paths.push(environ.PATH_INFO);
      return ignoreApp(environ, startResponse);
    });
    await rawRequest(address, post(`Content-Length: ${inner.length}`, inner, "/outer") + NEXT);
    await rawRequest(address, post("Transfer-Encoding: chunked", chunked(inner, 10), "/outer") + NEXT);
    expect(paths).toEqual(["/outer", "/next", "/outer", "/next"]);
  });

  test("that is read after the answer is complete gives an error", async () => {
    let late: Promise<unknown> = Promise.resolve();
    const { address } = await serve((environ, startResponse) => {
      setTimeout(() => {
        late = environ["wsgi.input"].read().then(
          () => "read",
          (error: unknown) => (error as { code?: string }).code,
        );
      }, 20);
      return ignoreApp(environ, startResponse);
    });
    await rawRequest(address, post("Content-Length: 5", "hello"), { timeoutMs: 100 });
    expect(await late).toBe("ERR_HTTP_CLIENT_DISCONNECTED");
  });

  test("is read while the answer is written: both directions at once", async () => {
    const bothApp: WSGIApplication = (environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* both() {
        for (;;) {
          const part = await environ["wsgi.input"].read(5);
          if (part.length === 0) return;
          yield part;
        }
      })();
    };
    const { address } = await serve(bothApp);
    const wire = await Wire.open(address);
    wire.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 15\r\n\r\n");
    for (const word of ["first", "secon", "third"]) {
      wire.send(word);
      await wire.until(word);
    }
    expect(await wire.until("0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    "Content-Length: 10\r\n\r\nhel",
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n",
  ])("that ends too early is an error, never an end: %j", async (rest) => {
    let outcome: unknown = null;
    const { address } = await serve(async (environ, startResponse) => {
      outcome = await environ["wsgi.input"].read().catch((error: unknown) => error);
      startResponse("200 OK", []);
      return [];
    });
    await rawRequest(address, `POST / HTTP/1.1\r\nHost: h\r\n${rest}`, { halfClose: true });
    expect(outcome).toMatchObject({ name: "ClientDisconnected", code: "ERR_HTTP_CLIENT_DISCONNECTED" });
  });
});
