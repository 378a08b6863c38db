import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { formatBind, parseBind } from "./bind-address.ts";

describe("parseBind", () => {
  test.each([
    ["127.0.0.1:80", { kind: "tcp", host: "127.0.0.1", port: 80 }],
    ["localhost", { kind: "tcp", host: "localhost", port: 8000 }],
    [":9000", { kind: "tcp", host: "0.0.0.0", port: 9000 }],
    ["[::1]:80", { kind: "tcp", host: "::1", port: 80 }],
    ["unix:a.sock", { kind: "unix", path: resolve("a.sock") }],
    ["unix:///run/a.sock", { kind: "unix", path: "/run/a.sock" }],
    ["fd://3", { kind: "fd", fd: 3 }],
  ])("%s", (text, address) => {
    expect(parseBind(text)).toEqual(address);
  });

  test("refuses a path that has no room in a socket's address, of which Node would cut the end", () => {
    expect(() => parseBind(`unix:/${"a".repeat(103)}`)).not.toThrow();
    expect(() => parseBind(`unix:/${"a".repeat(107)}`)).toThrow(/it has 108 bytes; expected at most 10[37]$/);
    expect(() => parseBind(`unix:/${"é".repeat(54)}`)).toThrow(/it has 109 bytes/);
  });

  test.each(["", "unix:", "fd://x", "8000", "a:b:c", "127.0.0.1:70000", "[::1"])("refuses %j", (text) => {
    expect(() => parseBind(text)).toThrow(/^Cannot use the address ".*": .*; expected HOST:PORT/);
  });
});

test.each(["127.0.0.1:80", "[::1]:80", "unix:/run/a.sock", "fd://3"])("formatBind gives %s back", (text) => {
  expect(formatBind(parseBind(text))).toBe(text);
});
