import { expect, it } from "vitest";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { parseHost } from "../../http/host.ts";
import { configuredHost, requestedHost, requestedOrigin } from "./host.ts";

it.each([
  ["example.com", "example.com", null],
  ["EXAMPLE.com.:8080", "example.com", "8080"],
  ["127.0.0.1:80", "127.0.0.1", "80"],
  ["[::1]", "[::1]", null],
  ["[2001:DB8::1]:443", "[2001:db8::1]", "443"],
  ["localhost:", "localhost", null],
  ["my_host-1", "my_host-1", null],
  ["a:65535", "a", "65535"],
  ["a".repeat(261), "a".repeat(261), null],
])("parseHost reads %j", (value, name, port) => {
  expect(parseHost(value)).toEqual({ name, port });
});

it.each([
  "",
  ":80",
  "a b",
  "a,b",
  "a@b",
  "user:pass@host",
  "a/b",
  "a?b",
  "a#b",
  "a\\b",
  "a..b",
  ".a",
  "a:1:2",
  "a:80a",
  "a:65536",
  "a:-1",
  "[::1",
  "::1",
  "[zz]",
  "[1.2.3.4]",
  "a%2eb",
  "a\tb",
  "exämple.com",
  "-a.example",
  "a".repeat(262),
])("parseHost refuses %j", (value) => {
  expect(parseHost(value)).toBeNull();
});

it.each([
  ["Bücher.example", "xn--bcher-kva.example"],
  ["shop.example", "shop.example"],
  ["bücher.example:8080", "xn--bcher-kva.example"],
  ["bücher .example", undefined],
  ["bü/cher", undefined],
  ["", undefined],
])("configuredHost reads %j as %j", (value, name) => {
  expect(configuredHost(value)?.name).toBe(name);
});

it("requestedHost falls back to the server's name only when there is no field", () => {
  const environ = mockEnviron({ url: "https://shop.test/" });
  expect(requestedHost(environ)).toEqual({ name: "shop.test", port: "443" });
  expect(requestedHost({ ...environ, HTTP_HOST: "a, b" })).toBeNull();
  const { HTTP_HOST: _, ...without } = environ;
  expect(requestedHost(without as typeof environ)).toEqual({ name: "shop.test", port: "443" });
});

it.each([
  ["https://shop.test/", "https://shop.test"],
  ["http://shop.test:8080/", "http://shop.test:8080"],
  ["http://[::1]:80/", "http://[::1]"],
])("requestedOrigin of %s is %s", (url, origin) => {
  expect(requestedOrigin(mockEnviron({ url }))).toBe(origin);
});
