import { expect, it } from "vitest";
import { compose } from "./compose.ts";
import { setupTestingDefaults } from "./testing-defaults.ts";
import type { Middleware, WSGIApplication } from "./types.ts";

const log: string[] = [];
const application: WSGIApplication = () => {
  log.push("application");
  return [];
};
const named =
  (name: string): Middleware =>
  (inner) =>
  (environ, startResponse) => {
    log.push(name);
    return inner(environ, startResponse);
  };

it("compose puts the leftmost outermost", async () => {
  log.length = 0;
  await compose(named("one"), compose(named("two"), named("three")))(application)(
    setupTestingDefaults({}),
    () => () => undefined,
  );
  expect(log).toEqual(["one", "two", "three", "application"]);
});

it("compose of nothing changes nothing", () => {
  expect(compose()(application)).toBe(application);
});

it("compose refuses what is not middleware", () => {
  expect(() => compose(named("one"), undefined as unknown as Middleware)).toThrow(
    "Expected the argument 1 of compose() to be a function, got undefined",
  );
  const forgetful = (() => undefined) as unknown as Middleware;
  expect(() => compose(forgetful)(application)).toThrow(/what the middleware "forgetful" returns/);
});
