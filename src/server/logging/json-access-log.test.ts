import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AccessEntry } from "../../gateways/access-entry.ts";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { jsonLine } from "./json-access-log.ts";

const renderJsonLine = jsonLine();
const STARTED_AT = new Date("2026-11-03T04:05:06.007Z");

function entry(environ: Record<string, unknown> = {}, change: Partial<AccessEntry> = {}): AccessEntry {
  return {
    environ: mockEnviron({
      url: "/a%20b?q=1",
      headers: { "User-Agent": "curl/8" },
      environ: { REMOTE_ADDR: "192.0.2.7", "tsgi.request_id": "id-1", ...environ },
    }),
    status: 200,
    responseHeaders: [],
    requestBytes: 5,
    bodyBytes: 1234,
    startedAt: STARTED_AT,
    startedAtMilliseconds: STARTED_AT.getTime(),
    elapsedMicroseconds: 1234.4,
    isAborted: false,
    isTimedOut: false,
    isRefused: false,
    ...change,
  };
}

describe("jsonLine", () => {
  test("tells of a request", () => {
    expect(JSON.parse(renderJsonLine(entry()))).toEqual({
      time: "2026-11-03T04:05:06.007Z",
      remote_addr: "192.0.2.7",
      method: "GET",
      target: "/a%20b?q=1",
      protocol: "HTTP/1.1",
      scheme: "http",
      host: expect.any(String) as string,
      status: 200,
      bytes_in: 5,
      bytes_out: 1234,
      duration_us: 1234,
      request_id: "id-1",
      worker: process.pid,
      referer: null,
      user_agent: "curl/8",
    });
  });

  test.each([
    ["a client that left before the status", { status: 0, isAborted: true }, { status: null, aborted: true }],
    ["a deadline", { status: 504, isTimedOut: true }, { status: 504, timed_out: true }],
    ["a refusal", { status: 400, isRefused: true }, { status: 400, refused: true }],
  ])("marks %s", (_, change, fields) => {
    expect(JSON.parse(renderJsonLine(entry({}, change)))).toMatchObject(fields);
  });

  test("names the authenticated user", () => {
    expect(JSON.parse(renderJsonLine(entry({ REMOTE_USER: "ann" })))).toMatchObject({ user: "ann" });
  });

  test("takes no text that it keeps for another", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", '"', "é"), maxLength: 3 });
    const variables = fc.record({
      REQUEST_URI: text,
      HTTP_HOST: text,
      SERVER_PROTOCOL: fc.constantFrom("HTTP/1.1", "HTTP/1.0"),
      "wsgi.url_scheme": fc.constantFrom("http", "https"),
    });
    fc.assert(
      fc.property(fc.array(variables, { minLength: 20, maxLength: 60 }), (requests) => {
        for (const environ of requests) expect(renderJsonLine(entry(environ))).toBe(jsonLine()(entry(environ)));
      }),
      { numRuns: 20 },
    );
  });

  test("lets no client forge a line, a field or a terminal command, and gives back what it sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (evil) => {
        const keys = ["REQUEST_URI", "REMOTE_ADDR", "HTTP_REFERER", "HTTP_USER_AGENT", "HTTP_HOST", "REMOTE_USER"];
        const line = renderJsonLine(entry(Object.fromEntries(keys.map((key) => [key, evil]))));
        expect(line).toMatch(/^[ -~]*\n$/);
        const fields = JSON.parse(line) as Record<string, unknown>;
        expect(Object.keys(fields)).toHaveLength(16);
        expect(fields).toMatchObject({
          target: evil,
          host: evil,
          referer: evil,
          user_agent: evil,
          user: evil,
          status: 200,
        });
      }),
    );
  });
});
