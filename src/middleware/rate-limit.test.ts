import { RateLimiterMemory } from "rate-limiter-flexible";
import { expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import type { Middleware, WSGIApplication } from "../wsgi/types.ts";
import { validator } from "../wsgi/validator.ts";
import { filterFactory, rateLimit } from "./rate-limit.ts";

const hello = validator((_, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("hello")];
});

/** An application behind a limit, asked from many addresses. */
function clientOf(middleware: Middleware): (address: string) => ReturnType<TestClient["get"]> {
  const inner = middleware(hello);
  const application: WSGIApplication = (environ, startResponse) => {
    environ.REMOTE_ADDR = String(environ["HTTP_X_TEST_ADDRESS"]);
    return inner(environ, startResponse);
  };
  const client = new TestClient(application);
  return (address) => client.get("/", { headers: { "X-Test-Address": address } });
}

it("rateLimit lets as many through as it may, says what is left, and then refuses", async () => {
  const ask = clientOf(rateLimit({ limit: 2, windowSeconds: 30 }));
  const [first, second, third] = [await ask("192.0.2.1"), await ask("192.0.2.1"), await ask("192.0.2.1")];
  expect([first.status, second.status, third.status]).toEqual([200, 200, 429]);
  expect(first.headers.get("RateLimit-Policy")).toBe('"default";q=2;w=30');
  expect(first.headers.get("RateLimit")).toBe('"default";r=1;t=30');
  expect(third.headers.get("RateLimit")).toMatch(/^"default";r=0;t=\d+$/);
  expect(Number(third.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect((await ask("192.0.2.2")).status).toBe(200);
});

it.each([
  ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 429],
  ["2001:db8:1:2::1", "2001:0db8:0001:0002:1:2:3:4", 429],
  ["2001:db8:1:2::1", "2001:db8:1:3::1", 200],
  ["::1", "::2", 429],
  ["fe80::1%eth0", "fe80::2", 429],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.2", 200],
  ["::ffff:192.0.2.1", "192.0.2.1", 429],
  ["::ffff:192.0.2.1", "::FFFF:c000:201", 429],
  ["0:0:0:0:0:ffff:c000:201", "::ffff:c000:202", 200],
  ["::ffff:c000:201", "::1", 200],
  ["64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", 200],
  ["64:ff9b::192.0.2.1", "64:ff9b::c000:201", 429],
])("rateLimit after %s answers %s with %i", async (one, other, status) => {
  const ask = clientOf(rateLimit({ limit: 1 }));
  await ask(one);
  expect((await ask(other)).status).toBe(status);
});

it("rateLimit counts by any name, and not at all without one", async () => {
  const key = (environ: Record<string, unknown>): string | null =>
    environ["REMOTE_ADDR"] === "10.0.0.1" ? null : "everybody";
  const ask = clientOf(rateLimit({ limit: 1, key }));
  const statuses = [];
  for (const address of ["1.1.1.1", "2.2.2.2", "10.0.0.1"]) statuses.push((await ask(address)).status);
  expect(statuses).toEqual([200, 429, 200]);
});

it.each([
  [false, 200],
  [true, 503],
])("rateLimit whose counting fails, strict %s, answers %i", async (isStrict, status) => {
  class Broken extends RateLimiterMemory {
    override consume(): Promise<never> {
      return Promise.reject(new Error("the store is away"));
    }
  }
  const limiter = new Broken({ points: 1, duration: 1 });
  const response = await clientOf(rateLimit({ limit: 1, limiter, strict: isStrict }))("1.1.1.1");
  expect(response.status).toBe(status);
  expect(response.errors).toContain("the store is away");
});

it("filterFactory reads limits and a key of the environ", async () => {
  const application = filterFactory({}, { limit: "1", key: "HTTP_X_API_KEY", headers: "no" })(hello);
  const client = new TestClient(application);
  const ask = (key: string) => client.get("/", { headers: { "X-Api-Key": key } });
  const [a, b, again] = [await ask("a"), await ask("b"), await ask("a")];
  expect([a.status, b.status, again.status]).toEqual([200, 200, 429]);
  expect([a.headers.has("RateLimit"), again.headers.has("RateLimit")]).toEqual([false, false]);
});

it.each([{}, { limit: "0" }, { limit: "1", window_seconds: "0" }])("filterFactory refuses %j", (conf) => {
  expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/expected/);
});
