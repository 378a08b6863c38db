import { describe, expect, test } from "vitest";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { NoSuchAttributeError, NotAnApplicationError, TargetLoadError } from "./errors.ts";
import { parseTarget } from "./parse-target.ts";
import { pickApplication } from "./pick-application.ts";

const one: WSGIApplication = () => [];
const two: WSGIApplication = () => [];

describe("pickApplication", () => {
  test.each([
    ["application before app", { app: two, application: one, default: two }, "application"],
    ["app before the default export", { app: one, default: two }, "app"],
    ["the default export", { default: one, other: two }, "default"],
    ["a property of module.exports", { default: { application: one } }, "application"],
    [
      "a property of module.exports as Node 23 shows it",
      { default: { app: one }, "module.exports": { app: one } },
      "app",
    ],
  ])("takes %s when no attribute is given", async (_, namespace, attribute) => {
    expect(await pickApplication(namespace, parseTarget("a.ts"))).toEqual({ application: one, attribute });
  });

  test("calls a factory with the arguments of the target and awaits it", async () => {
    const seen: unknown[] = [];
    const make = async (...values: unknown[]): Promise<WSGIApplication> => {
      seen.push(...values);
      return one;
    };
    const picked = await pickApplication({ make }, parseTarget('a.ts:make("x", {"y": 1})'));
    expect(picked).toEqual({ application: one, attribute: "make" });
    expect(seen).toEqual(["x", { y: 1 }]);
  });

  test.each([
    [
      "a.ts:aplication",
      { application: one, other: two },
      /did you mean "application"\? \(it exports "application", "other"\)/,
    ],
    ["a.ts:zzzzzz", { application: one, version: 1 }, /has no export "zzzzzz": it exports "application"$/],
    ["a.ts", { handler: one }, /no "application", no "app" and no default: it exports "handler"/],
    ["a.ts", { version: 1 }, /it exports nothing that can be called/],
  ])("names what %s could mean", async (text, namespace, message) => {
    const picking = pickApplication(namespace, parseTarget(text));
    await expect(picking).rejects.toThrow(NoSuchAttributeError);
    await expect(picking).rejects.toThrow(message);
  });

  test.each([
    [
      "a.ts:version",
      { version: 1 },
      NotAnApplicationError,
      /"version" in "a.ts" is not an application: Cannot use the number 1/,
    ],
    ["a.ts:version()", { version: 1 }, NotAnApplicationError, /not a function/],
    ["a.ts:make()", { make: () => "text" }, NotAnApplicationError, /What "make\(\)" returned/],
    [
      "a.ts:make()",
      { make: () => Promise.reject(new RangeError("too far")) },
      TargetLoadError,
      /threw: RangeError: too far/,
    ],
  ])("refuses what %s gives", async (text, namespace, type, message) => {
    const picking = pickApplication(namespace, parseTarget(text));
    await expect(picking).rejects.toThrow(type);
    await expect(picking).rejects.toThrow(message);
  });
});
