// What goes back to whom.
import { describe, expect, test } from "vitest";
import { CookieJar } from "./cookie-jar.ts";
import { DEFAULT_BASE, parseRequestTarget } from "./request-target.ts";

const at = (url: string) => parseRequestTarget(url, DEFAULT_BASE);

describe("CookieJar sends back", () => {
  test.each<[title: string, setAt: string, line: string, askedAt: string, sent: string | null]>([
    ["a cookie to its host", "http://a.test/", "x=1", "http://a.test/p", "x=1"],
    ["a cookie whatever the port", "http://a.test:81/", "x=1", "http://a.test:82/", "x=1"],
    ["no cookie to another host", "http://a.test/", "x=1", "http://b.test/", null],
    ["no host-only cookie to a sub-domain", "http://a.test/", "x=1", "http://www.a.test/", null],
    ["a domain's cookie to a sub-domain", "http://a.test/", "x=1; Domain=.a.test", "http://www.a.test/", "x=1"],
    ["nothing that a stranger set", "http://a.test/", "x=1; Domain=b.test", "http://b.test/", null],
    ["nothing that a suffix set", "http://evila.test/", "x=1; Domain=a.test", "http://a.test/", null],
    ["a cookie under its path", "http://a.test/", "x=1; Path=/p", "http://a.test/p/q", "x=1"],
    ["no cookie beside its path", "http://a.test/", "x=1; Path=/p", "http://a.test/pq", null],
    ["a cookie under the default path", "http://a.test/p/q", "x=1", "http://a.test/p/r", "x=1"],
    ["no cookie above the default path", "http://a.test/p/q", "x=1", "http://a.test/", null],
    ["a secure cookie over TLS", "https://a.test/", "x=1; Secure", "https://a.test/", "x=1"],
    ["no secure cookie in the clear", "https://a.test/", "x=1; Secure", "http://a.test/", null],
    ["no __Secure- cookie without Secure", "https://a.test/", "__Secure-x=1", "https://a.test/", null],
    [
      "no __Host- cookie with a domain",
      "https://a.test/",
      "__Host-x=1; Secure; Path=/; Domain=a.test",
      "https://a.test/",
      null,
    ],
    ["a proper __Host- cookie", "https://a.test/", "__Host-x=1; Secure; Path=/", "https://a.test/", "__Host-x=1"],
    ["nothing past Max-Age", "http://a.test/", "x=1; Max-Age=0", "http://a.test/", null],
    ["nothing past Expires", "http://a.test/", "x=1; Expires=Thu, 01 Jan 1970 00:00:10 GMT", "http://a.test/", null],
    [
      "Max-Age over Expires",
      "http://a.test/",
      "x=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:10 GMT",
      "http://a.test/",
      "x=1",
    ],
    ["values as they are", "http://a.test/", "x=%20a+b%", "http://a.test/", "x=%20a+b%"],
  ])("%s", (_, setAt, line, askedAt, sent) => {
    const jar = new CookieJar();
    jar.store([line], at(setAt));
    expect(jar.headerFor(at(askedAt))).toBe(sent);
  });

  test("longer paths first, and the last value of a name", () => {
    const jar = new CookieJar();
    jar.store(["x=1; Path=/", "y=2; Path=/p", "x=3; Path=/"], at("http://a.test/p/"));
    expect(jar.headerFor(at("http://a.test/p/"))).toBe("y=2; x=3");
  });

  test("a cookie until it expires", () => {
    let now = 0;
    const jar = new CookieJar(() => now);
    jar.store(["x=1; Max-Age=10"], at("http://a.test/"));
    now = 9_999;
    expect(jar.get("x")).toBe("1");
    now = 10_000;
    expect(jar.get("x")).toBeUndefined();
  });
});

test("CookieJar takes and gives up cookies by hand", () => {
  const jar = new CookieJar();
  jar.set("x", "1");
  jar.set("x", "2", { path: "/p" });
  expect(jar.headerFor(at("/p"))).toBe("x=2; x=1");
  jar.delete("x", { path: "/p" });
  expect([...jar].map(({ name, value }) => `${name}=${value}`)).toEqual(["x=1"]);
  jar.clear();
  expect(jar.headerFor(at("/"))).toBeNull();
});
