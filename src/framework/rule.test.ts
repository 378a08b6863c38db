// Properties of rules: what was written matches and gives the values back, and the tree of segments finds what a list of rules would.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONVERTERS } from "./converters.ts";
import { RouteTable } from "./route-table.ts";
import { Rule } from "./rule.ts";

const rule = (text: string): Rule => new Rule(text, CONVERTERS);

const text = fc.string({ unit: "grapheme", minLength: 1 });
const literal = fc.constantFrom(
  "a",
  "b",
  "users",
  "café",
  "a b",
  "x:y",
  "*",
  "100%",
  "{id}",
  "__proto__",
  "(x)",
  "ü?",
  "a.b",
);
const values: Record<string, fc.Arbitrary<unknown>> = {
  string: text,
  int: fc.nat(),
  float: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  path: text,
  uuid: fc.uuid(),
  "any(about, help me)": fc.constantFrom("about", "help me"),
};

/** A rule, and values for it. */
const ruleWithValues = fc
  .array(fc.oneof(literal, fc.constantFrom(...Object.keys(values))), { minLength: 1, maxLength: 5 })
  .chain((pieces) => {
    const names = pieces
      .map((piece, index) => [piece, `v${index}`] as const)
      .filter(([piece]) => Object.hasOwn(values, piece));
    const written = pieces
      .map((piece, index) => (Object.hasOwn(values, piece) ? `<${piece}:v${index}>` : piece))
      .join("/");
    const record = fc.record(
      Object.fromEntries(names.map(([piece, name]) => [name, values[piece] as fc.Arbitrary<unknown>])),
    );
    return fc.tuple(fc.constantFrom(`/${written}`, `/${written}/`), record);
  });

describe("a rule", () => {
  it("matches what it has written, and gives the same values, or refuses to write", () => {
    let count = 0;
    fc.assert(
      fc.property(ruleWithValues, ([ruleText, given]) => {
        const subject = rule(ruleText);
        let url: string;
        try {
          url = subject.build(given);
        } catch {
          return; // a value that its place cannot take
        }
        count += 1;
        // As a client and a server see it: an address that no client changes, decoded once.
        const { pathname } = new URL(url, "http://localhost");
        expect(pathname.replaceAll("'", "%27")).toBe(url.replaceAll("'", "%27"));
        const matched = new RouteTable([{ rule: subject, methods: new Set(["GET"]), isStrict: true }]).find(
          "GET",
          decodeURIComponent(pathname),
        );
        expect(matched).toMatchObject({ kind: "route", values: given });
      }),
      { numRuns: 300 },
    );
    expect(count).toBeGreaterThan(50);
  });

  it.each([
    ["/<name>", { name: "a/b" }],
    ["/<name>", { name: "" }],
    ["/<name>", { name: ".." }],
    ["/x/<path:p>", { p: "/abs" }],
    ["/x/<path:p>", { p: "a/../b" }],
    ["/<int:n>", { n: -1 }],
    ["/<int:n>", { n: 1.5 }],
    ["/<int(max=5):n>", { n: 6 }],
    ["/<float:n>", { n: Infinity }],
    ["/<any(a,b):n>", { n: "c" }],
    ["/<uuid:n>", { n: "x" }],
    ["/<name>", { name: ["x"] }],
    ["/<path:a>/<path:b>", { a: "x/y", b: "z" }],
    ["/<a>-<b>", { a: "x", b: "y-z" }],
  ])("%s refuses to write %j", (ruleText, given) => {
    expect(() => rule(ruleText).build(given)).toThrow(/Rule|Expected|segment/);
  });

  it("is matched in linear time", () => {
    const subject = rule("/<path:a>/x/<path:b>/x/<path:c>/<d>-<e>-<f>z");
    const before = process.cpuUsage().user;
    expect(subject.match(`/${"x/".repeat(500)}-----`)).toBeNull();
    expect(process.cpuUsage().user - before).toBeLessThan(5e6);
  });
});

describe("RouteTable", () => {
  const piece = fc.constantFrom("a", "b", "<x>", "<int:x>", "<path:x>", "<x>-a", "a-<x>");
  const rules = fc.array(
    fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => {
      let count = 0;
      return `/${pieces.map((each) => each.replace("x>", () => `x${count++}>`)).join("/")}`;
    }),
    { minLength: 1, maxLength: 12 },
  );
  const path = fc
    .array(fc.constantFrom("a", "b", "1", "1-a", "a-1", "c", ""), { minLength: 1, maxLength: 5 })
    .map((segments) => `/${segments.join("/")}`);

  it("finds the rule that a list in order of precedence would", () => {
    fc.assert(
      fc.property(rules, fc.array(path, { minLength: 5, maxLength: 5 }), (texts, paths) => {
        const unique = new Map(texts.map((each) => [rule(each).key, rule(each)]));
        const routes = [...unique.values()].map((each) => ({ rule: each, methods: new Set(["GET"]), isStrict: true }));
        const table = new RouteTable(routes);
        const sorted = routes.toSorted((left, right) => Rule.compare(left.rule, right.rule));
        for (const each of paths) {
          const found = table.find("GET", each);
          const expected = sorted.find((route) => route.rule.match(each) !== null);
          const route = found.kind === "route" ? found.route : undefined;
          expect(route === undefined).toBe(expected === undefined);
          expect(route && expected ? Rule.compare(route.rule, expected.rule) : 0).toBe(0);
        }
      }),
      { numRuns: 150 },
    );
  });
});
