import { describe, expect, test } from "vitest";

import { earlyHintsText, ResponseHead, type Fields } from "./response-head.ts";

const thrown = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return null;
};

describe("ResponseHead", () => {
  test("writes what was given, in order, and knows what it says of the body", () => {
    const fields: Fields = [
      ["X-A", "b"],
      ["content-length", "12"],
      ["DATE", "today"],
      ["X-A", "\tc \xe4"],
    ];
    expect(new ResponseHead("404 Not Here", fields)).toMatchObject({
      text: "HTTP/1.1 404 Not Here\r\nX-A: b\r\ncontent-length: 12\r\nDATE: today\r\nX-A: \tc \xe4\r\n",
      statusCode: 404,
      contentLength: 12,
      hasDate: true,
      fields,
    });
    expect(new ResponseHead("200 ", [])).toMatchObject({ contentLength: -1, hasDate: false });
  });

  test.each<[status: string, code: number, reason: string]>([
    ["200 OK", 200, "OK"],
    ["418 I'm a teapot", 418, "I'm a teapot"],
    ["999 ", 999, ""],
  ])("reads the code and the reason of %j", (status, code, reason) => {
    const head = new ResponseHead(status, [["X-Date", "today"]]);
    expect([head.statusCode, head.reason, head.hasDate]).toEqual([code, reason, false]);
  });

  test("leaves out the length of a 204 answer, which has no body", () => {
    expect(new ResponseHead("204 No Content", [["Content-Length", "0"]]).text).toBe("HTTP/1.1 204 No Content\r\n");
  });

  test.each(["", "200", "20 OK", "099 X", "2000 OK", "200 a\r\nX: y", "200 \u{100}", 200, null, undefined])(
    "refuses the status %j",
    (status) => {
      expect(thrown(() => new ResponseHead(status as string, []))).toMatchObject({
        code: "ERR_HTTP_STATUS",
        message: `The response status is not like '200 OK': ${JSON.stringify(status) ?? "undefined"}`,
      });
    },
  );

  test.each(["100 Continue", "101 Switching Protocols", "199 X"])("refuses %s, which is not final", (status) => {
    expect(thrown(() => new ResponseHead(status, []))).toMatchObject({
      code: "ERR_HTTP_STATUS",
      fault: "violation",
      status: 500,
    });
  });

  test.each<[string, readonly [unknown, unknown], string]>([
    ["a name with a space", ["X A", "b"], "ERR_HTTP_FIELD"],
    ["a name with a colon", ["X:", "b"], "ERR_HTTP_FIELD"],
    ["no name", ["", "b"], "ERR_HTTP_FIELD"],
    ["a name that is no text", [7, "b"], "ERR_HTTP_FIELD"],
    ["a line end in the value", ["X", "b\r\nSet-Cookie: evil"], "ERR_HTTP_FIELD"],
    ["a line feed alone", ["X", "b\n"], "ERR_HTTP_FIELD"],
    ["a zero byte", ["X", "\0"], "ERR_HTTP_FIELD"],
    ["a value beyond latin-1", ["X", "\u{20ac}"], "ERR_HTTP_FIELD"],
    ["a value that is no text", ["X", 7], "ERR_HTTP_FIELD"],
    ["a value that JSON does not know", ["X", Symbol("s")], "ERR_HTTP_FIELD"],
    ["a length with a sign", ["Content-Length", "+1"], "ERR_HTTP_CONTENT_LENGTH"],
    ["a length that cannot be counted", ["Content-Length", "9".repeat(17)], "ERR_HTTP_CONTENT_LENGTH"],
  ])("refuses %s", (_title, field, code) => {
    const fields = [field] as unknown as Fields;
    // The second time the name is known.
    for (let times = 0; times < 2; times += 1)
      expect(thrown(() => new ResponseHead("200 OK", fields))).toMatchObject({ code, fault: "violation" });
  });

  test.each(["Connection", "Keep-Alive", "TE", "Trailer", "transfer-encoding", "Upgrade", "Proxy-Connection"])(
    "refuses %s, which is the server's",
    (name) => {
      expect(thrown(() => new ResponseHead("200 OK", [[name, "x"]]))).toMatchObject({ code: "ERR_HTTP_HOP_BY_HOP" });
    },
  );

  test("refuses two lengths, even when they agree", () => {
    const fields: Fields = [
      ["Content-Length", "1"],
      ["content-length", "1"],
    ];
    expect(thrown(() => new ResponseHead("200 OK", fields))).toMatchObject({ code: "ERR_HTTP_CONTENT_LENGTH" });
  });
});

describe("earlyHintsText", () => {
  test("writes an interim answer", () => {
    expect(earlyHintsText([["Link", "</a.css>; rel=preload"]])).toBe(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
    );
  });

  test.each(["Content-Length", "Connection"])("refuses %s", (name) => {
    expect(thrown(() => earlyHintsText([[name, "1"]]))).toMatchObject({ fault: "violation" });
  });
});
