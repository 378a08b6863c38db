import { describe, expect, test } from "vitest";
import {
  checkExpectation,
  checkHost,
  checkTransferEncoding,
  parseContentLength,
  wantsKeepAlive,
} from "./request-rules.ts";

describe("checkHost", () => {
  test.each([
    [null, 0],
    ["", 1],
    ["example.org", 1],
    ["example.org:80", 0],
    ["[::1]:80", 1],
  ])("takes %j of HTTP/1.%i", (host, minor) => {
    expect(() => checkHost(host, minor)).not.toThrow();
  });

  test.each([
    [null, 1, "The Host header is missing"],
    ["a b", 1, "The Host header is not of the form"],
    ["user@a", 0, "The Host header is not of the form"],
    ["a/b", 1, "The Host header is not of the form"],
  ])("refuses %j of HTTP/1.%i", (host, minor, message) => {
    expect(() => checkHost(host, minor)).toThrow(message);
  });
});

describe("parseContentLength", () => {
  test.each([
    ["0", 0],
    ["000", 0],
    ["0012", 12],
    ["120", 120],
    ["999999999999999", 999_999_999_999_999],
    [`${"0".repeat(40)}7`, 7],
  ])("reads %j as %i", (value, length) => {
    expect(parseContentLength(value)).toBe(length);
  });

  test.each([
    ["", 400],
    ["+1", 400],
    ["-1", 400],
    ["1,1", 400],
    ["0x10", 400],
    ["1_0", 400],
    ["1.0", 400],
    [" 1", 400],
    ["1 ", 400],
    ["\u0661", 400],
    ["1000000000000000", 413],
  ])("refuses %j with %i", (value, status) => {
    expect(() => parseContentLength(value)).toThrow(expect.objectContaining({ status }));
  });
});

describe("checkTransferEncoding", () => {
  test.each(["chunked", "Chunked", "CHUNKED"])("takes %j", (value) => {
    expect(() => checkTransferEncoding(value, 1, -1)).not.toThrow();
  });

  test.each([
    ["chunked of HTTP/1.0", "chunked", 0, -1, 400],
    ["chunked beside a length", "chunked", 1, 5, 400],
    ["chunked beside the length 0", "chunked", 1, 0, 400],
    ["nothing", "", 1, -1, 400],
    ["an empty element", "chunked,", 1, -1, 400],
    ["chunked twice", "chunked, chunked", 1, -1, 400],
    ["chunked that is not the last", "chunked, gzip", 1, -1, 400],
    ["chunked twice around another", "chunked, gzip, chunked", 1, -1, 400],
    ["what is no name of a coding", "chunked\u000b", 1, -1, 400],
    ["a parameter", "chunked;q=1", 1, -1, 400],
    ["identity", "identity", 1, -1, 501],
    ["another coding", "gzip", 1, -1, 501],
    ["another coding before chunked", "GZIP\t, chunked", 1, -1, 501],
  ])("refuses %s", (_, value, minor, length, status) => {
    expect(() => checkTransferEncoding(value, minor, length)).toThrow(expect.objectContaining({ status }));
  });
});

describe("wantsKeepAlive", () => {
  test.each([
    [null, 1, true],
    [null, 0, false],
    ["close", 1, false],
    ["Close", 1, false],
    ["keep-alive", 0, true],
    ["Keep-Alive", 0, true],
    ["upgrade", 1, true],
    ["upgrade", 0, false],
    ["upgrade,\tclose ", 1, false],
    ["keep-alive, close", 0, false],
    ["closed", 1, true],
  ])("of Connection %j in HTTP/1.%i is %j", (connection, minor, isKept) => {
    expect(wantsKeepAlive(connection, minor)).toBe(isKept);
  });
});

test("checkExpectation takes 100-continue only, in any case of letters", () => {
  expect(() => checkExpectation("100-Continue")).not.toThrow();
  for (const value of ["", "100-continue, 100-continue", "200-ok"])
    expect(() => checkExpectation(value), value).toThrow(expect.objectContaining({ status: 417 }));
});
