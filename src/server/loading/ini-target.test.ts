// Targets that name a configuration, and what travels in them.
import { describe, expect, test } from "vitest";
import { isIniTarget, parseIniTarget, withVariables } from "./ini-target.ts";

describe("isIniTarget", () => {
  test.each([
    ["app.ini", true],
    ["etc/app.INI#main", true],
    ["app.ini?a=b#main", true],
    ["config:/etc/paste.conf", true],
    ["egg:shop#main", true],
    ["call:shop:factory", true],
    ["config:application", false],
    ["egg:main", false],
    ["call:me", false],
    ["app.ts", false],
    ["app:ini", false],
    ["app.initial:x", false],
  ])("%s: %s", (target, expected) => {
    expect(isIniTarget(target)).toBe(expected);
  });
});

describe("parseIniTarget", () => {
  test.each<[target: string, uri: string, file: string | null, globalConf: Record<string, string>]>([
    ["app.ini", "config:/srv/app.ini", "app.ini", {}],
    ["/etc/app.ini#b", "config:/etc/app.ini#b", "/etc/app.ini", {}],
    ["config:x/app.ini?a=1&b=%26+c#n", "config:/srv/x/app.ini#n", "x/app.ini", { a: "1", b: "& c" }],
    ["egg:shop?debug=on#main", "egg:shop#main", null, { debug: "on" }],
    ["call:shop:factory", "call:shop:factory", null, {}],
  ])("%s", (target, uri, file, globalConf) => {
    expect(parseIniTarget(target, "/srv")).toEqual({ uri, file, globalConf });
  });
});

describe("withVariables", () => {
  test("what goes in comes out", () => {
    const target = withVariables(withVariables("app.ini#n", ["a=1=2", "b=ä & # ? %"]), ["c="]);
    expect(parseIniTarget(target, "/srv")).toEqual({
      uri: "config:/srv/app.ini#n",
      file: "app.ini",
      globalConf: { a: "1=2", b: "ä & # ? %", c: "" },
    });
    expect(withVariables("app.ts", [])).toBe("app.ts");
    expect(() => withVariables("app.ini", ["a"])).toThrow('"a"; expected KEY=value');
  });
});
