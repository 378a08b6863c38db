import { expect, test } from "vitest";
import { parseTarget } from "./target.ts";

test.each([
  ["GET", "/", "/", "", null],
  ["GET", "/a/../b//c", "/a/../b//c", "", null],
  ["GET", "/a?b?c=%41", "/a", "b?c=%41", null],
  ["GET", "/?", "/", "", null],
  ["GET", "/a?%00", "/a", "%00", null],
  ["GET", "/caf%C3%A9%2F%41", "/caf\u00c3\u00a9/A", "", null],
  ["GET", "//evil/x", "//evil/x", "", null],
  ["GET", "/http://a/", "/http://a/", "", null],
  ["OPTIONS", "*", "", "", null],
  ["GET", "http://a.example/x?y", "/x", "y", "a.example"],
  ["GET", "HTTPS://a.example:8443/x", "/x", "", "a.example:8443"],
  ["GET", "http://a.example", "/", "", "a.example"],
  ["GET", "http://a.example?y", "/", "y", "a.example"],
  ["GET", "http://a.example//x", "//x", "", "a.example"],
])("of %s, the target %j", (method, raw, path, query, authority) => {
  expect(parseTarget(method, raw)).toEqual({ raw, path, query, authority });
});

test.each([
  ["GET", "", 400],
  ["GET", "*", 400],
  ["GET", "a", 400],
  ["GET", "/a#b", 400],
  ["GET", "/a b", 400],
  ["GET", "/caf\u00e9", 400],
  ["GET", "/a\u0000", 400],
  ["GET", "/%00", 400],
  ["GET", "ftp://a/", 400],
  ["GET", "xhttp://a/", 400],
  ["GET", "http:/a", 400],
  ["GET", "http://", 400],
  ["GET", "http:///a", 400],
  ["GET", "http://user@a/", 400],
  ["GET", "http://user:word@a/", 400],
  ["CONNECT", "a:443", 501],
  ["CONNECT", "/", 501],
])("of %s, the target %j is refused with %j", (method, raw, status) => {
  expect(() => parseTarget(method, raw)).toThrow(expect.objectContaining({ status }));
});
