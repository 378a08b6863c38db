// What browsers ask of a cookie before they take it.
import { describe, expect, test } from "vitest";
import { Cookie, type CookieOptions } from "./cookie.ts";
import type { WSGIEnvironment } from "../../wsgi/types.ts";

const overHttp = { "wsgi.url_scheme": "http" } as WSGIEnvironment; // all that a cookie looks at
const lineOf = (name: string, options: CookieOptions): string => new Cookie(name, options).write(overHttp, "v", null);

describe("Cookie", () => {
  test.each<[name: string, options: CookieOptions, line: string]>([
    ["id", {}, "id=v; Path=/; HttpOnly; SameSite=Lax"],
    ["id", { secure: true }, "id=v; Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["__Host-id", {}, "__Host-id=v; Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["__Secure-id", { cookiePath: "/a" }, "__Secure-id=v; Path=/a; HttpOnly; Secure; SameSite=Lax"],
    ["__secure-id", {}, "__secure-id=v; Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["__Http-id", {}, "__Http-id=v; Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["id", { sameSite: "none" }, "id=v; Path=/; HttpOnly; Secure; SameSite=None"],
    ["id", { partitioned: true }, "id=v; Path=/; HttpOnly; Secure; Partitioned; SameSite=Lax"],
  ])("%s with %j over http", (name, options, line) => {
    expect(lineOf(name, options)).toBe(line);
  });

  test.each<[name: string, options: CookieOptions]>([
    ["__Host-id", { secure: false }],
    ["__Host-id", { cookiePath: "/a" }],
    ["__Host-id", { cookieDomain: "shop.example" }],
    ["__Secure-id", { secure: false }],
    ["id", { sameSite: "none", secure: false }],
    ["id", { partitioned: true, secure: false }],
    ["a b", {}],
  ])("refuses %s with %j", (name, options) => {
    expect(() => new Cookie(name, options)).toThrow(/expected/);
  });
});
