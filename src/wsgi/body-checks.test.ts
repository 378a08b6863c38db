import { describe, expect, test } from "vitest";
import { checkBody, checkChunk } from "./body-checks.ts";

describe("checkBody", () => {
  test.each([[[]], [new Set()], [(async function* body() {})()], [{ [Symbol.iterator]: () => [].values() }]])(
    "takes an iterable: %o",
    (body) => {
      expect(() => checkBody(body)).not.toThrow();
    },
  );

  test.each([
    ["text", "ERR_TSGI_BODY_STRING", /the application returned a string/],
    [Buffer.from("bytes"), "ERR_TSGI_BODY_BYTES", /the application returned bare bytes/],
    [undefined, "ERR_TSGI_BODY_TYPE", /the application returned undefined/],
    [null, "ERR_TSGI_BODY_TYPE", /the application returned null/],
    [7, "ERR_TSGI_BODY_TYPE", /the application returned a number/],
    [new Date(0), "ERR_TSGI_BODY_TYPE", /the application returned an object of class Date/],
    [Object.create(null), "ERR_TSGI_BODY_TYPE", /the application returned an object of class null prototype/],
  ])("refuses %o", (body, code, message) => {
    expect(() => checkBody(body)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
  });
});

describe("checkChunk", () => {
  test("takes bytes, also none", () => {
    expect(() => checkChunk(new Uint8Array(0), "the body")).not.toThrow();
    expect(() => checkChunk(Buffer.from("x"), "write()")).not.toThrow();
  });

  test.each([
    ["text", "Give write() chunks of type Uint8Array, for example Buffer.from(text); got a string"],
    [null, "Give write() chunks of type Uint8Array, for example Buffer.from(text); got null"],
  ])("refuses %o, and says who gave it", (chunk, message) => {
    expect(() => checkChunk(chunk, "write()")).toThrow(message);
  });
});
