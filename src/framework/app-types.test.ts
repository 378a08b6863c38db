// What the compiler knows of rules, handlers and addresses: right and wrong use.
import { describe, expect, expectTypeOf, it } from "vitest";
import { App } from "./app.ts";
import { Blueprint } from "./blueprint.ts";
import type { Converter } from "./converters.ts";
import type { RuleParams } from "./rule-params.ts";

const date: Converter<Date> = {
  regex: String.raw`\d{4}-\d\d-\d\d`,
  parse: (text) => new Date(text),
  format: (value) => value.toISOString().slice(0, 10),
};
const repeated = (): Converter<string[]> => ({
  regex: "[^/]+",
  parse: (text) => text.split("+"),
  format: (value) => value.join("+"),
});

describe("types of a rule", () => {
  it("give each value its type", () => {
    expectTypeOf<RuleParams<"/users/<int:id>/posts/<slug>">>().toEqualTypeOf<{
      readonly id: number;
      readonly slug: string;
    }>();
    expectTypeOf<RuleParams<"/<float:a>-<uuid:b>/<path:c>">>().toEqualTypeOf<{
      readonly a: number;
      readonly b: string;
      readonly c: string;
    }>();
    expectTypeOf<RuleParams<"/<int(min=1, max=9):page>/<any(a, b):kind>">>().toEqualTypeOf<{
      readonly page: number;
      readonly kind: string;
    }>();
    expectTypeOf<RuleParams<"/<date:day>/<list:tags>", { date: typeof date; list: typeof repeated }>>().toEqualTypeOf<{
      readonly day: Date;
      readonly tags: string[];
    }>();
    expectTypeOf<RuleParams<"/<what:ever>">>().toEqualTypeOf<{ readonly ever: never }>();
    expectTypeOf<RuleParams<string>>().toEqualTypeOf<Readonly<Record<string, unknown>>>();
  });

  it("reach handlers and addresses", async () => {
    const app = new App({ converters: { date, list: repeated } })
      .get("/users/<int:id>", { name: "user" }, (_, { id }) => {
        expectTypeOf(id).toEqualTypeOf<number>();
        // @ts-expect-error: the rule has no such value
        return (_ && String(id)) || _.params.nothing.more;
      })
      .get("/days/<date:day>/<list:tags>", { name: "day" }, (_, { day, tags }) => [day.getUTCFullYear(), ...tags])
      .get("/plain", { name: "plain" }, () => "plain");
    expect((await app.test().get("/days/2026-11-29/a+b")).json()).toEqual([2026, "a", "b"]);

    expect(app.urlFor("user", { id: 7 })).toBe("/users/7");
    expect(app.urlFor("day", { day: new Date(0), tags: ["x", "y"] })).toBe("/days/1970-01-01/x+y");
    expect(app.urlFor("plain")).toBe("/plain");
    expect(app.urlFor("/users/<int:id>", { id: 7 })).toBe("/users/7");
    // @ts-expect-error: a text is no number
    expect(() => app.urlFor("user", { id: "seven" })).toThrow("Expected a whole number");
    // @ts-expect-error: the value is missing
    expect(() => app.urlFor("user", {})).toThrow('needs a value "id"');
    // @ts-expect-error: all of them are missing
    expect(() => app.urlFor("user")).toThrow('needs a value "id"');
    // @ts-expect-error: there is no such value
    expect(() => app.urlFor("user", { id: 7, name: "x" })).toThrow('has no "<name>"');
    expect(() => app.urlFor("usr", { id: 7 })).toThrow('There is no route "usr"; did you mean "user"');
  });

  it("refuse what is no result", () => {
    const app = new App();
    // @ts-expect-error: nothing is returned
    app.get("/nothing", () => {});
    // @ts-expect-error: null is nothing
    app.get("/null", () => null);
    // @ts-expect-error: the value is a number
    app.get("/<int:id>", (_, { id }: { id: string }) => id);
    const part = new Blueprint("part", { converters: { date } });
    part.get("/<date:day>", (_, { day }) => {
      expectTypeOf(day).toEqualTypeOf<Date>();
      return "";
    });
    new Blueprint("tenants", { prefix: "/<int:year>", subdomain: "<tenant>" }).get("/<id>", (_, params) => {
      expectTypeOf(params).toEqualTypeOf<{ readonly year: number; readonly tenant: string; readonly id: string }>();
      return "";
    });
    expect(app.routes.length).toBe(3);
  });
});
