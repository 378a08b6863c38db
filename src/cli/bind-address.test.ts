import { describe, expect, test } from "vitest";
import { defaultBindAddresses, formatBindAddress, parseBindAddress } from "./bind-address.ts";
import { UsageError } from "./errors.ts";

describe("parseBindAddress", () => {
  test.each([
    ["127.0.0.1:80", { host: "127.0.0.1", port: 80 }],
    ["localhost", { host: "localhost", port: 8000 }],
    [":0", { host: "0.0.0.0", port: 0 }],
    ["[::1]:8080", { host: "::1", port: 8080 }],
    ["[::]", { host: "::", port: 8000 }],
    ["unix:/run/a.sock", { path: "/run/a.sock" }],
    ["unix:///run/a.sock", { path: "/run/a.sock" }],
    ["unix:a.sock", { path: `${process.cwd()}/a.sock` }],
  ])("reads %s", (text, address) => {
    expect(parseBindAddress(text)).toEqual(address);
    expect(parseBindAddress(formatBindAddress(address))).toEqual(address);
  });

  test.each(["", "8000", "::1:80", "host:port", "host:70000", "http://host:80", "unix:", "a:1:2"])(
    "refuses %j",
    (text) => {
      expect(() => parseBindAddress(text)).toThrow(UsageError);
      expect(() => parseBindAddress(text)).toThrow(/expected HOST:PORT/);
    },
  );
});

describe("defaultBindAddresses", () => {
  test.each([
    [undefined, { host: "127.0.0.1", port: 8000 }],
    ["", { host: "127.0.0.1", port: 8000 }],
    ["5000", { host: "0.0.0.0", port: 5000 }],
  ])("with PORT=%s", (port, address) => {
    expect(defaultBindAddresses(port)).toEqual([address]);
  });

  test("refuses a PORT that is none", () => {
    expect(() => defaultBindAddresses("http")).toThrow(/PORT="http"/);
  });
});
