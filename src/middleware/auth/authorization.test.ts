import { expect, it } from "vitest";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { credentialsOf, parseAuthParameters, quotedParameter } from "./authorization.ts";

it.each([
  ["Basic abc", "abc"],
  ["bAsIc   abc=  ", "abc="],
  ["Basic", null],
  ["Basic ", null],
  ["Bearer abc", null],
  ["Basicabc", null],
  [undefined, null],
])("credentialsOf reads %j", (field, credentials) => {
  const headers: Record<string, string> = field === undefined ? {} : { Authorization: field };
  expect(credentialsOf(mockEnviron({ headers }), "basic")).toBe(credentials);
});

it.each([
  ['realm="a b", nonce=x', { realm: "a b", nonce: "x" }],
  ['Realm = "say \\"hi\\"" ,qop=auth', { realm: 'say "hi"', qop: "auth" }],
  ['uri="/a,b?c=d", nc=00000001', { uri: "/a,b?c=d", nc: "00000001" }],
  ['a="", , b=1', { a: "", b: "1" }],
])("parseAuthParameters reads %j", (text, parameters) => {
  expect(Object.fromEntries(parseAuthParameters(text) ?? [])).toEqual(parameters);
});

it.each(["", "realm", 'realm="open', "a=1 b=2", "a=1, a=2", "a=1, A=2", "=1", 'a="x"y'])(
  "parseAuthParameters refuses %j",
  (text) => {
    expect(parseAuthParameters(text)).toBeNull();
  },
);

it("quotedParameter escapes what would end the quotes", () => {
  expect(quotedParameter("realm", 'a"b\\')).toBe(String.raw`realm="a\"b\\"`);
});
