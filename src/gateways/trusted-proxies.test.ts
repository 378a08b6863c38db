import { describe, expect, test } from "vitest";
import { TrustedProxies } from "./trusted-proxies.ts";

describe("TrustedProxies", () => {
  test.each([
    ["127.0.0.1,::1", "127.0.0.1", true],
    ["127.0.0.1,::1", "::1", true],
    ["127.0.0.1,::1", "0:0:0:0:0:0:0:1", true],
    ["127.0.0.1,::1", "127.0.0.2", false],
    ["127.0.0.1", "::ffff:127.0.0.1", true],
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["2001:db8::/32", "2001:db8:1::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["::/0", "2001:db8::1", true],
    ["*", "203.0.113.9", true],
    ["*", "", true],
    ["unix", "", true],
    ["unix:", "", true],
    ["127.0.0.1", "", false],
    ["unix", "127.0.0.1", false],
    ["", "127.0.0.1", false],
    ["127.0.0.1", "unknown", false],
    [" 10.0.0.1 , 10.0.0.2 ", "10.0.0.2", true],
  ])("%j trusts %j: %j", (list, address, verdict) => {
    const trusted = TrustedProxies.parse(list);
    expect(trusted.isTrusted(address)).toBe(verdict);
    expect(trusted.isTrusted(address)).toBe(verdict); // and when it was asked before
  });

  test.each(["localhost", "10.0.0.0/33", "::/129", "10.0.0.1:80", "unix:/run/x", "10.0.0"])("refuses %s", (entry) => {
    expect(() => TrustedProxies.parse([entry])).toThrow(`Cannot read the trusted peer "${entry}"`);
  });
});
