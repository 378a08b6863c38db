import { expect, it } from "vitest";
import { localTarget, redirect } from "./redirect.ts";

it.each([
  ["/a b?c=ü#d", "/a%20b?c=%C3%BC#d"],
  ["https://other.test/x", "https://other.test/x"],
  ["//evil.test/", "/evil.test/"],
  ["/\\evil.test/", "/evil.test/"],
  ["\\\\evil.test", "/evil.test"],
  ["/\t/evil.test", "/%09/evil.test"],
  ["\t//evil.test", "/evil.test"],
  ["/a\r\nSet-Cookie: x=1", "/a%0D%0ASet-Cookie:%20x=1"],
  ["next", "next"],
])("redirect to %j says %j", (given, location) => {
  expect(redirect(given).headers.get("Location")).toBe(location);
});

it("redirect takes statuses of redirects only", () => {
  expect(redirect("/", 308).status).toBe(308);
  expect(() => redirect("/", 200)).toThrow("Status 200 is no redirect");
});

it.each([
  ["/basket?a=1", "/basket?a=1"],
  ["//evil.test", "/"],
  ["/\\evil.test", "/"],
  ["https://evil.test", "/"],
  ["javascript:alert(1)", "/"],
  ["/a\n", "/"],
  ["", "/"],
  [null, "/"],
])("localTarget of %j is %j", (address, target) => {
  expect(localTarget(address)).toBe(target);
});
