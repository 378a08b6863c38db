import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AccessEntry } from "../../gateways/access-entry.ts";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { DEFAULT_ACCESS_LOG_FORMAT, compileAccessLogFormat } from "./access-log.ts";
import { LoggingError } from "./errors.ts";

function entry(environ: Record<string, unknown> = {}, change: Partial<AccessEntry> = {}): AccessEntry {
  const headers = {
    "User-Agent": "curl/8",
    Referer: "http://r/",
    "X-Id": "7",
    Authorization: "Basic dGVhOnNlY3JldA==",
  };
  return {
    environ: mockEnviron({
      url: "/a%20b?q=1",
      headers,
      environ: { REMOTE_ADDR: "192.0.2.7", "app.user": { id: 3 }, ...environ },
    }),
    status: 200,
    responseHeaders: [
      ["X-Out", "one"],
      ["x-out", "two"],
    ],
    requestBytes: 0,
    bodyBytes: 1234,
    startedAt: new Date(2026, 10, 3, 4, 5, 6, 789),
    startedAtMilliseconds: new Date(2026, 10, 3, 4, 5, 6, 789).getTime(),
    elapsedMicroseconds: 1_234_567,
    isAborted: false,
    isTimedOut: false,
    isRefused: false,
    ...change,
  };
}

describe("compileAccessLogFormat", () => {
  test.each([
    ["%(h)s", "192.0.2.7"],
    ["%(l)s", "-"],
    ["%(u)s", "tea"],
    ["%(r)s", "GET /a%20b?q=1 HTTP/1.1"],
    ["%(m)s %(U)s %(q)s %(H)s", "GET /a b q=1 HTTP/1.1"],
    ["%(s)s %(B)s %(b)s", "200 1234 1234"],
    ["%(f)s|%(a)s", "http://r/|curl/8"],
    ["%(T)s %(M)s %(D)s %(L)s", "1 1234 1234567 1.234567"],
    ["%(p)s", `<${process.pid}>`],
    ["%({x-id}i)s %({X-Missing}i)s", "7 -"],
    ["%({X-Out}o)s %({X-Missing}o)s", "one, two -"],
    ["%({SERVER_PROTOCOL}e)s %({app.user}e)s %({none}e)s", "HTTP/1.1 {\\x22id\\x22:3} -"],
    ["100%% %(s)5s|%(s)-5s|%(D)d", "100%   200|200  |1234567"],
    ['text with "quotes" and \\', 'text with "quotes" and \\'],
    ["", ""],
  ])("renders %s", (format, line) => {
    expect(compileAccessLogFormat(format)(entry())).toBe(line);
  });

  test("renders gunicorn's default format", () => {
    const line = compileAccessLogFormat(DEFAULT_ACCESS_LOG_FORMAT)(entry());
    expect(line).toMatch(
      /^192\.0\.2\.7 - tea \[03\/Nov\/2026:04:05:06 [+-]\d{4}\] "GET \/a%20b\?q=1 HTTP\/1\.1" 200 1234 "http:\/\/r\/" "curl\/8"$/,
    );
  });

  test.each([
    ["no body", { bodyBytes: 0 }, "%(b)s %(B)s", "- 0"],
    ["a client that left before the status", { status: 0, isAborted: true }, "%(s)s", "-"],
  ])("writes a dash for %s", (_, change, format, line) => {
    expect(compileAccessLogFormat(format)(entry({}, change))).toBe(line);
  });

  test("keeps the order of many identifiers, and what stands between them, for each status", () => {
    const render = compileAccessLogFormat(
      "<%(h)s|%(m)s|%(U)s|%(q)s|%(H)s|%(s)s|%(B)s|%(b)s|%(t)s|%(s)s%(s)5s%(T)s:%(M)s|%(s)s>",
    );
    for (const status of [200, 404, 200]) {
      expect(render(entry({}, { status }))).toMatch(
        new RegExp(
          `^<192\\.0\\.2\\.7\\|GET\\|/a b\\|q=1\\|HTTP/1\\.1\\|${status}\\|1234\\|1234\\|\\[[^|]*\\]\\|${status}  ${status}1:1234\\|${status}>$`,
        ),
      );
    }
  });

  test("prefers the authenticated user to the claimed one", () => {
    expect(compileAccessLogFormat("%(u)s")(entry({ REMOTE_USER: "ann" }))).toBe("ann");
  });

  test.each([
    ["%(x)s", /unknown "%\(x\)s"; expected one of h l u/],
    ["%h %l", /write "%%" for a percent sign/],
    ["50%", /write "%%"/],
    ["%({x}z)s", /unknown/],
  ])("refuses %s and says what is known", (format, message) => {
    expect(() => compileAccessLogFormat(format)).toThrow(LoggingError);
    expect(() => compileAccessLogFormat(format)).toThrow(message);
  });

  test("keeps texts for the lines to come, and takes none for another", () => {
    const format = `${DEFAULT_ACCESS_LOG_FORMAT} %(m)s %(q)s %(T)s [%({x}i)s]`;
    const render = compileAccessLogFormat(format);
    // Few letters and lengths, so that many texts fall on the place of another.
    const text = fc.string({ unit: fc.constantFrom("a", "b", '"', "é"), maxLength: 4 });
    const variables = fc.record({
      REMOTE_ADDR: text,
      REMOTE_USER: text,
      REQUEST_METHOD: fc.constantFrom("GET", "PUT", ""),
      REQUEST_URI: fc.oneof(text, fc.constant(undefined)),
      QUERY_STRING: text,
      SERVER_PROTOCOL: fc.constantFrom("HTTP/1.1", "HTTP/1.0"),
      HTTP_REFERER: text,
      HTTP_USER_AGENT: text,
      HTTP_X: text,
    });
    const change = fc.record({
      status: fc.constantFrom(0, 200, 404),
      bodyBytes: fc.constantFrom(0, 1, 1023, 1024, 5e9),
      elapsedMicroseconds: fc.constantFrom(0, 999_999, 2_000_000, 2e9),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(variables, change), { minLength: 20, maxLength: 60 }), (requests) => {
        for (const request of requests) {
          expect(render(entry(...request))).toBe(compileAccessLogFormat(format)(entry(...request)));
        }
      }),
      { numRuns: 20 },
    );
  });

  test("lets no client forge a line, a field or a terminal command, whatever it sends", () => {
    const render = compileAccessLogFormat(
      `${DEFAULT_ACCESS_LOG_FORMAT} "%({x}i)s" "%({x}e)s" "%({x}o)s" "%(U)s?%(q)s"`,
    );
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, (evil) => {
        const keys = [
          "REQUEST_URI",
          "PATH_INFO",
          "QUERY_STRING",
          "REMOTE_ADDR",
          "HTTP_REFERER",
          "HTTP_USER_AGENT",
          "HTTP_X",
          "x",
        ];
        const credentials = `Basic ${Buffer.from(`${evil}:`).toString("base64")}`;
        const environ = Object.fromEntries([...keys.map((key) => [key, evil]), ["HTTP_AUTHORIZATION", credentials]]);
        const line = render(entry(environ, { responseHeaders: [["x", evil]] }));
        expect(line).toMatch(/^[ -~]*$/);
        expect(line.split('"')).toHaveLength(15);
      }),
    );
  });
});
