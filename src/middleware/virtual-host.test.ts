import { expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { compositeFactory, SUBDOMAIN, virtualHost } from "./virtual-host.ts";

const named = (name: string): WSGIApplication =>
  validator((environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from([name, environ[SUBDOMAIN]].join(" ").trim())];
  });

const application = virtualHost({
  hosts: {
    "shop.example": named("shop"),
    "shop.example:8080": named("admin"),
    "*.shop.example": named("tenant"),
    "*.eu.shop.example": named("europe"),
    "[::1]": named("local"),
  },
});

it.each([
  ["shop.example", "shop"],
  ["SHOP.example.", "shop"],
  ["shop.example:8080", "admin"],
  ["shop.example:9090", "shop"],
  ["a.shop.example", "tenant a"],
  ["a.b.shop.example:8080", "tenant a.b"],
  ["a.eu.shop.example", "europe a"],
  ["eu.shop.example", "tenant eu"],
  ["[::1]:8080", "local"],
])("virtualHost sends %s to %s", async (host, text) => {
  const response = await new TestClient(application).get("/", { headers: { Host: host } });
  expect([response.status, response.text()]).toEqual([200, text]);
});

it.each([
  ["other.example", 404],
  ["notshop.example", 404],
  ["a.shop.example@other.example", 400],
  ["shop.example, other.example", 400],
  ["shop.example/x", 400],
  ["shop.example:80:80", 400],
])("virtualHost answers Host %s with %i", async (host, status) => {
  expect((await new TestClient(application).get("/", { headers: { Host: host } })).status).toBe(status);
});

it("compositeFactory reads hosts, ports and the application for the rest", async () => {
  const loader = { getApp: (name: string) => Promise.resolve(named(name)) };
  const conf = { "shop.example": "shop", "shop.example port 8080": "admin", not_found_app: "rest" };
  const client = new TestClient(await compositeFactory(loader, {}, conf));
  const ask = async (host: string) => (await client.get("/", { headers: { Host: host } })).text();
  expect([await ask("shop.example"), await ask("shop.example:8080"), await ask("x")]).toEqual([
    "shop",
    "admin",
    "rest",
  ]);
});

it.each(["a b", "*.*.example", "http://a", ""])("virtualHost refuses the pattern %j", (pattern) => {
  expect(() => virtualHost({ hosts: { [pattern]: named("x") } })).toThrow(`Host "${pattern}" is not a host`);
});

it("virtualHost refuses a host that is listed twice", () => {
  expect(() => virtualHost({ hosts: { "a.example": named("x"), "A.example": named("y") } })).toThrow("is listed twice");
});
