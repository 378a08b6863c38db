import { describe, expect, it } from "vitest";
import { checkHeaders, checkStatus } from "./head-rules.ts";

function codeOf(action: () => void): string | null {
  try {
    action();
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("checkStatus", () => {
  it.each(["200 OK", "404 Not Found", "999 ", "100 Continue", "200 a\tb", "200 caf\u00e9"])("takes %j", (status) => {
    expect(codeOf(() => checkStatus(status))).toBeNull();
  });
  it.each([
    200,
    null,
    undefined,
    "",
    "200",
    "200OK",
    "099 Low",
    "20 OK",
    "2000 OK",
    " 200 OK",
    "200 O\r\nK",
    "200 \0",
    "200 \u007f",
  ])("refuses %j", (status) => expect(codeOf(() => checkStatus(status))).toBe("ERR_TSGI_STATUS"));
  it("refuses a reason beyond latin-1", () => {
    expect(codeOf(() => checkStatus("200 \u010d\u010a"))).toBe("ERR_TSGI_HEAD_NATIVE");
  });
});

describe("checkHeaders", () => {
  const cases: [headers: unknown, code: string | null][] = [
    [[], null],
    [
      [
        ["Content-Type", "text/plain"],
        ["X-Empty", ""],
        ["set-cookie", "a=1"],
        ["Set-Cookie", "b=\u00e4\t"],
      ],
      null,
    ],
    [[["Content-Length", "0"]], null],
    ["Content-Type: text/plain", "ERR_TSGI_HEADER_LIST"],
    [{ "Content-Type": "text/plain" }, "ERR_TSGI_HEADER_LIST"],
    [null, "ERR_TSGI_HEADER_LIST"],
    [["Content-Type"], "ERR_TSGI_HEADER_PAIR"],
    [[["Content-Type"]], "ERR_TSGI_HEADER_PAIR"],
    [[["Content-Length", 5]], "ERR_TSGI_HEADER_PAIR"],
    [[["a", "b", "c"]], "ERR_TSGI_HEADER_PAIR"],
    [[["a b", "c"]], "ERR_TSGI_HEADER_NAME"],
    [[["a:", "c"]], "ERR_TSGI_HEADER_NAME"],
    [[["", "c"]], "ERR_TSGI_HEADER_NAME"],
    [[["a", "b\nc"]], "ERR_TSGI_HEADER_VALUE"],
    [[["a", "b\rc"]], "ERR_TSGI_HEADER_VALUE"],
    [[["a", "b\0c"]], "ERR_TSGI_HEADER_VALUE"],
    [[["a", "\u010d\u010a"]], "ERR_TSGI_HEAD_NATIVE"],
    [[["\u0161", "b"]], "ERR_TSGI_HEAD_NATIVE"],
    [[["connection", "close"]], "ERR_TSGI_HOP_BY_HOP"],
    [[["Transfer-Encoding", "chunked"]], "ERR_TSGI_HOP_BY_HOP"],
    [[["Trailer", "x"]], "ERR_TSGI_HOP_BY_HOP"],
    [[["content-lengthy", "x"]], null],
    [[["content-danger", "x"]], null],
    [[["CONTENT-LENGTH", "x"]], "ERR_TSGI_HEADER_CONTENT_LENGTH"],
    [[["Content-Length", "-1"]], "ERR_TSGI_HEADER_CONTENT_LENGTH"],
    [[["Content-Length", "1, 1"]], "ERR_TSGI_HEADER_CONTENT_LENGTH"],
    [[["Content-Length", ""]], "ERR_TSGI_HEADER_CONTENT_LENGTH"],
    [[["Content-Length", "9007199254740993"]], "ERR_TSGI_HEADER_CONTENT_LENGTH"],
    [
      [
        ["Content-Length", "1"],
        ["content-length", "1"],
      ],
      "ERR_TSGI_HEADER_CONTENT_LENGTH",
    ],
  ];
  it.each(cases)("of %j gives %s", (headers, code) => {
    expect(codeOf(() => checkHeaders(headers))).toBe(code);
  });
});

describe("a refusal shows what it got", () => {
  const long = `${"x".repeat(100)}\n`;
  const cases: [action: () => void, text: string][] = [
    [() => checkStatus(200), "(got 200)"],
    [() => checkStatus("200 \u0161"), '(got "200 \u0161")'],
    [() => checkStatus(Symbol("x")), "(got a value of type symbol)"],
    [() => checkHeaders({}), "(got an object of Object)"],
    [() => checkHeaders(undefined), "(got undefined)"],
    [() => checkHeaders([() => {}]), "(got a function)"],
    [() => checkHeaders([["a", "b", "c"]]), "(got 3 items)"],
    [() => checkHeaders([["a", ["b"]]]), '(got "a", an array of 1)'],
    [() => checkHeaders([["a b", "c"]]), '(got "a b")'],
    [() => checkHeaders([["a", long]]), `(got "${"x".repeat(80)}…")`],
    [() => checkHeaders([["Connection", "close"]]), '(got "Connection")'],
    [() => checkHeaders([["Content-Length", "1x"]]), '(got "1x")'],
    [() => checkHeaders(["1", "1"].map((length) => ["Content-Length", length])), "(got several)"],
  ];
  it.each(cases)("%s: %s", (action, text) => {
    expect(action).toThrow(text);
  });
});
