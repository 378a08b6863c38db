// Interpolation: Python's rules, and the environment.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { interpolate, type InterpolationScope } from "./interpolation.ts";

const PLACE = { file: "/x.ini", line: 7, section: "app:main", key: "k" };

function scope(values: Record<string, string>, literals: Record<string, string> = {}): InterpolationScope {
  return {
    lookup: (name) => {
      if (Object.hasOwn(literals, name)) return { text: literals[name] ?? "", isLiteral: true };
      return Object.hasOwn(values, name) ? { text: values[name] ?? "", isLiteral: false } : undefined;
    },
    names: () => [...Object.keys(values), ...Object.keys(literals)],
  };
}

beforeEach(() => {
  process.env["TSGI_TEST_SECRET"] = "p%(a)s%";
  process.env["TSGI_TEST_EMPTY"] = "";
});

afterEach(() => {
  delete process.env["TSGI_TEST_SECRET"];
  delete process.env["TSGI_TEST_EMPTY"];
});

describe("interpolate", () => {
  test.each<[text: string, values: Record<string, string>, result: string]>([
    ["plain", {}, "plain"],
    ["100%%", {}, "100%"],
    ["%%(a)s", { a: "x" }, "%(a)s"],
    ["<%(a)s|%(b)s>", { a: "x", b: "y" }, "<x|y>"],
    ["%(a)s", { a: "%(b)s!", b: "deep" }, "deep!"],
    ["%(a)s", { a: "" }, ""],
    ["%(two words)s", { "two words": "x" }, "x"],
    ["%(ENV:TSGI_TEST_SECRET)s", {}, "p%(a)s%"],
    ["%(a)s", { a: "%(ENV:TSGI_TEST_SECRET)s" }, "p%(a)s%"],
    ["%(ENV:TSGI_TEST_SECRET:-other)s", {}, "p%(a)s%"],
    ["%(ENV:TSGI_TEST_UNSET:-8080)s!", {}, "8080!"],
    ["%(ENV:TSGI_TEST_UNSET:-)s", {}, ""],
    ["%(ENV:TSGI_TEST_EMPTY:-x:-y)s", {}, "x:-y"],
    ["%(ENV:TSGI_TEST_UNSET:-%(a)s/100%%)s.", { a: "/srv" }, "/srv/100%."],
    ["%(ENV:TSGI_TEST_UNSET:-a (b))s", {}, "a (b)"],
    ["%(ENV:TSGI_TEST_UNSET:-() %(long)s (some words))s", { long: "x" }, "() x (some words)"],
    ["%(ENV:TSGI_TEST_SECRET)s", { "ENV:TSGI_TEST_SECRET": "key" }, "key"],
  ])("turns %j with %j into %j", (text, values, result) => {
    expect(interpolate(text, scope(values), PLACE)).toBe(result);
  });

  test("takes a literal value as it is", () => {
    expect(interpolate("%(a)s", scope({ b: "x" }, { a: "100% %(b)s" }), PLACE)).toBe("100% %(b)s");
  });

  test("goes ten levels deep, not eleven", () => {
    const chain = (length: number): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [`k${index}`, index === 0 ? "end%%" : `%(k${index - 1})s`]),
      );
    expect(interpolate("%(k8)s", scope(chain(9)), PLACE)).toBe("end%");
    expect(() => interpolate("%(k9)s", scope(chain(10)), PLACE)).toThrow("deeper than 10 levels");
    // As in Python, a value without a reference is no level.
    expect(interpolate("%(k9)s", scope({ ...chain(10), k0: "end" }), PLACE)).toBe("end");
  });

  test.each<[text: string, code: string, message: string]>([
    ["50%", "ERR_TSGI_INTERPOLATION_SYNTAX", 'expected "%%"'],
    ["%s", "ERR_TSGI_INTERPOLATION_SYNTAX", "bare"],
    ["%(a", "ERR_TSGI_INTERPOLATION_SYNTAX", "bare"],
    ["%(a)", "ERR_TSGI_INTERPOLATION_SYNTAX", "bare"],
    ["%()s", "ERR_TSGI_INTERPOLATION_SYNTAX", "bare"],
    ["%(databse)s", "ERR_TSGI_INTERPOLATION_MISSING", 'did you mean "database"'],
    ["%(A)s", "ERR_TSGI_INTERPOLATION_MISSING", "neither in this section nor in [DEFAULT]"],
    ["%(env:TSGI_TEST_SECRET)s", "ERR_TSGI_INTERPOLATION_MISSING", "neither in this section nor in [DEFAULT]"],
    ["%(loop)s", "ERR_TSGI_INTERPOLATION_DEPTH", "circle"],
    ["%(ENV:TSGI_TEST_UNSET:-5%)s", "ERR_TSGI_INTERPOLATION_SYNTAX", 'has a bare "%"'],
    ["%(ENV:TSGI_TEST_UNSET)s", "ERR_TSGI_INTERPOLATION_MISSING", '"TSGI_TEST_UNSET" is not set'],
  ])("refuses %j with the place", (text, code, message) => {
    const values = scope({ database: "d", loop: "%(loop)s" });
    const wanted = expect.objectContaining({ code, ...PLACE, message: expect.stringContaining(message) as string });
    expect(() => interpolate(text, values, PLACE)).toThrow(wanted as Error);
  });
});

test("errors quote no value that is probably a secret", () => {
  const nothing = scope({});
  expect(() => interpolate("hunter2%", nothing, { key: "db.password" })).toThrow('Value "(hidden)" has a bare "%"');
  expect(() => interpolate("db://me:hunter2@host/%", nothing, { key: "url" })).toThrow(
    'Value "db://me:(hidden)@host/%"',
  );
  const secret = scope({ password: "hunter2%" });
  expect(() => interpolate("%(password)s", secret, { key: "url" })).toThrow('Value "(hidden)" has a bare "%"');
});
