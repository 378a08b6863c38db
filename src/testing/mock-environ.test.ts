// The environ that a test makes without a server.
import { expect, test } from "vitest";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { type MockEnvironOptions, mockEnviron } from "./mock-environ.ts";

const environCases: [title: string, options: MockEnvironOptions, expected: Partial<WSGIEnvironment>][] = [
  [
    "a plain GET",
    {},
    { REQUEST_METHOD: "GET", PATH_INFO: "/", QUERY_STRING: "", HTTP_HOST: "localhost", SERVER_PORT: "80" },
  ],
  ["a path percent-decoded to latin-1", { url: "/caf%C3%A9%20x" }, { PATH_INFO: "/caf\u00c3\u00a9 x" }],
  ["a path beyond ASCII", { url: "/€" }, { PATH_INFO: "/\u00e2\u0082\u00ac", REQUEST_URI: "/%E2%82%AC" }],
  ["a path that is not normalised", { url: "//a/../%2e" }, { PATH_INFO: "//a/../." }],
  ["a stray percent sign", { url: "/100%/%zz" }, { PATH_INFO: "/100%/%zz" }],
  ["a query in both places", { url: "/?a=1#frag", query: { b: "2 3" } }, { QUERY_STRING: "a=1&b=2+3" }],
  [
    "an absolute URL",
    { url: "https://shop.test:8443/a" },
    { "wsgi.url_scheme": "https", SERVER_NAME: "shop.test", SERVER_PORT: "8443", HTTP_HOST: "shop.test:8443" },
  ],
  [
    "headers",
    { headers: { "X-One": ["1", "2"], cookie: ["a=1", "b=2"] } },
    { HTTP_X_ONE: "1, 2", HTTP_COOKIE: "a=1; b=2" },
  ],
  ["a mount point", { url: "/app/x", scriptName: "/app" }, { SCRIPT_NAME: "/app", PATH_INFO: "/x" }],
  ["keys of middleware", { environ: { "example.user": "ada" } }, { "example.user": "ada" }],
];

test.each(environCases)("mockEnviron describes %s", (_, options, expected) => {
  expect(mockEnviron(options)).toMatchObject(expected);
});

test("mockEnviron gives an unread body each time", async () => {
  const options = { method: "POST", json: { a: 1 } };
  for (let round = 0; round < 2; round += 1) {
    const environ = mockEnviron(options);
    expect([environ.CONTENT_TYPE, environ.CONTENT_LENGTH]).toEqual(["application/json", "7"]);
    expect(Buffer.from(await environ["wsgi.input"].read()).toString()).toBe('{"a":1}');
  }
});

test("mockEnviron satisfies the validator", async () => {
  const application = validator((_, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from("x")];
  });
  for (const [, options] of environCases) {
    const body = await application(mockEnviron(options), () => () => {});
    for await (const chunk of body) expect(Buffer.from(chunk).toString()).toBe("x");
    await body.close?.();
  }
});

test.each<[string, MockEnvironOptions, string]>([
  ["an address without a slash", { url: "a/b" }, 'Expected a path that starts with "/"'],
  ["a header beyond latin-1", { headers: { "X-A": "€" } }, 'Expected header field "X-A" in latin-1'],
])("mockEnviron refuses %s", (_, options, message) => {
  expect(() => mockEnviron(options)).toThrow(message);
});
