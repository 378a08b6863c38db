import { describe, expect, it } from "vitest";
import { ContractViolation } from "./errors.ts";
import { Headers } from "./headers.ts";
import type { HeaderList } from "./types.ts";

describe("Headers", () => {
  it("reads without regard to case, repeated headers included", () => {
    const headers = new Headers([
      ["Set-Cookie", "a=1"],
      ["x", "y"],
      ["set-cookie", "b=2"],
    ]);
    expect(headers.length).toBe(3);
    expect(headers.get("SET-COOKIE")).toBe("a=1");
    expect(headers.getAll("Set-Cookie")).toEqual(["a=1", "b=2"]);
    expect(headers.keys()).toEqual(["Set-Cookie", "x", "set-cookie"]);
    expect(headers.values()).toEqual(["a=1", "y", "b=2"]);
    expect([...headers]).toEqual(headers.list);
    expect([
      headers.get("foo"),
      headers.get("foo", "whee"),
      headers.getAll("foo"),
      headers.has("foo"),
      headers.has("X"),
    ]).toEqual([null, "whee", [], false, true]);
  });

  it("changes the list that it wraps, while items() is a copy", () => {
    const list: HeaderList = [["x", "y"]];
    const headers = new Headers(list);
    const items = headers.items();
    headers.set("Foo", "bar");
    expect(list).toEqual([
      ["x", "y"],
      ["Foo", "bar"],
    ]);
    expect(items).toEqual([["x", "y"]]);
    (items[0] as [string, string])[1] = "z";
    expect(list[0]).toEqual(["x", "y"]);
  });

  it("set replaces all of a name by one at the end; delete is silent", () => {
    const headers = new Headers();
    headers.delete("foo");
    headers.addHeader("foo", "one");
    headers.addHeader("bar", "two");
    headers.addHeader("FOO", "three");
    headers.set("Foo", "baz");
    expect(headers.items()).toEqual([
      ["bar", "two"],
      ["Foo", "baz"],
    ]);
    headers.delete("BAR");
    expect(headers.keys()).toEqual(["Foo"]);
  });

  it("setDefault adds only what is missing", () => {
    const headers = new Headers([["foo", "baz"]]);
    expect([headers.setDefault("Foo", "whee"), headers.setDefault("zoo", "whee")]).toEqual(["baz", "whee"]);
    expect(headers.items()).toEqual([
      ["foo", "baz"],
      ["zoo", "whee"],
    ]);
  });

  it.each([
    ["bar", { baz: "spam" }, 'bar; baz="spam"'],
    ["bar", { cheese: null }, "bar; cheese"],
    ["bar", { cheese: "" }, "bar; cheese"],
    [null, { only: "x" }, 'only="x"'],
    ["attachment", { file_name: 'a "b" \\c' }, String.raw`attachment; file-name="a \"b\" \\c"`],
    ["bar", {}, "bar"],
  ])("addHeader writes %j with %j as %j", (value, parameters, expected) => {
    const headers = new Headers();
    headers.addHeader("foo", value, parameters);
    expect(headers.get("Foo")).toBe(expected);
  });

  it("toString and toBytes give the block", () => {
    const headers = new Headers();
    expect(headers.toString()).toBe("\r\n");
    headers.addHeader("foo", "bar", { baz: "spam" });
    headers.addHeader("Foo", "b\u00e4r", { cheese: null });
    expect(headers.toString()).toBe('foo: bar; baz="spam"\r\nFoo: b\u00e4r; cheese\r\n\r\n');
    expect(Buffer.from(headers.toBytes()).toString("latin1")).toBe(headers.toString());
  });

  it.each([
    ["a name with a line feed", "fo\no", "bar"],
    ["a name with a delete character", "fo\u007fo", "bar"],
    ["an empty name", "", "bar"],
    ["a name with a colon", "foo:", "bar"],
    ["a value with CRLF", "foo", "bar\r\nevil: 1"],
    ["a value with NUL", "foo", "b\0r"],
    ["a value beyond latin-1, whose low bytes are CR LF", "foo", "\u010d\u010aevil: 1"],
    ["a value that is no string", "foo", 5 as unknown as string],
  ])("refuses %s, and stays as it was", (_what, name, value) => {
    const headers = new Headers([["foo", "before"]]);
    for (const change of [
      () => headers.set(name, value),
      () => headers.addHeader(name, value),
      () => headers.setDefault(name === "foo" ? "new" : name, value),
    ]) {
      expect(change).toThrow(ContractViolation);
    }
    expect(headers.items()).toEqual([["foo", "before"]]);
  });

  it("takes a horizontal tab in a value", () => {
    const headers = new Headers();
    headers.set("foo", "a\tb");
    expect(headers.get("foo")).toBe("a\tb");
  });

  it("refuses what is not a list of pairs of strings", () => {
    for (const list of ["foo", {}, [["a"]], [["a", 1]], [["a", "b", "c"]], ["ab"]]) {
      expect(() => new Headers(list as unknown as HeaderList)).toThrow(ContractViolation);
    }
  });
});
