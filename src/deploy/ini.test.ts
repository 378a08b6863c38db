// The grammar of Python's strict ConfigParser, in tables; test/deploy/grammar.test.ts asks Python itself.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DeployError } from "./errors.ts";
import { parseIni } from "./ini.ts";

function read(text: string): Record<string, Record<string, string>> {
  const file = parseIni(text, "/x.ini");
  const sections = [file.defaults, ...file.sections.values()].map((section) => [
    section.name,
    Object.fromEntries(Array.from(section.entries.values(), ({ key, value }) => [key, value])),
  ]);
  return Object.fromEntries(sections) as Record<string, Record<string, string>>;
}

describe("parseIni reads", () => {
  test.each<[what: string, text: string, section: string, values: Record<string, string>]>([
    ["a key and a value", "[a]\nb = c\n", "a", { b: "c" }],
    ["a colon as the delimiter", "[a]\nb: c = d\n", "a", { b: "c = d" }],
    ["the first delimiter only", "[a]\nhttp://x = foo\n", "a", { http: "//x = foo" }],
    ["keys in their case", "[a]\nB = 1\nb = 2\n", "a", { B: "1", b: "2" }],
    ["keys with spaces", "[a]\nset b  = c\n", "a", { "set b": "c" }],
    ["an empty value", "[a]\nb =\nc:\n", "a", { b: "", c: "" }],
    ["full-line comments", "[a]\n# x\n ; y\nb = c\n", "a", { b: "c" }],
    ["no inline comments", "[a]\nb = 2 ; x # y\n", "a", { b: "2 ; x # y" }],
    ["continuation lines, stripped", "[a]\nb = c\n   d  \n\te\n", "a", { b: "c\nd\ne" }],
    ["comments inside a value as nothing", "[a]\nb = c\n  # x\n  d\n", "a", { b: "c\nd" }],
    ["blank lines inside a value", "[a]\nb = c\n\n  d\n\n\n", "a", { b: "c\n\nd" }],
    ["a value that starts on the next line", "[a]\nb =\n  c\n", "a", { b: "\nc" }],
    ["a header within a value as text", "[a]\nb = c\n  [d]\n", "a", { b: "c\n[d]" }],
    ["indented keys at their own depth", "[a]\n  b = c\n  d = e\n    f\n", "a", { b: "c", d: "e\nf" }],
    ["a header with brackets up to the last", "[a[0]] tail\nb = c\n", "a[0]", { b: "c" }],
    ["all line ends", "[a]\r\nb = c\rd = e\n", "a", { b: "c", d: "e" }],
    ["[default] as an ordinary section", "[default]\nb = c\n", "default", { b: "c" }],
    ["[DEFAULT] in two parts", "[DEFAULT]\nb = c\n[x]\n[DEFAULT]\nd = e\n", "DEFAULT", { b: "c", d: "e" }],
    ["names that JavaScript knows", "[a]\nconstructor = 1\n", "a", { constructor: "1" }],
  ])("%s", (_, text, section, values) => {
    expect(read(text)[section]).toEqual(values);
  });

  test("a key called __proto__ as any other", () => {
    expect(parseIni("[a]\n__proto__ = x\n", "/x.ini").sections.get("a")?.entries.get("__proto__")?.value).toBe("x");
  });

  test("the line and column of every key", () => {
    const entries = parseIni("; comment\n[a]\nb = c\n  d\n\n  e = f\n\ng = h\n", "/x.ini").sections.get("a")?.entries;
    expect(Array.from(entries?.values() ?? [], ({ key, line, column }) => [key, line, column])).toEqual([
      ["b", 3, 1],
      ["g", 8, 1],
    ]);
  });
});

describe("parseIni refuses", () => {
  test.each<[what: string, text: string, code: string, line: number, message: string]>([
    ["a key before any section", "a = b\n", "ERR_TSGI_INI_NO_SECTION", 1, 'Text "a = b"'],
    ["an indented key before any section", "\n  a = b\n", "ERR_TSGI_INI_NO_SECTION", 2, 'Text "a = b"'],
    ["a byte order mark", "\ufeff[a]\n", "ERR_TSGI_INI_NO_SECTION", 1, "byte order mark"],
    ["a line without delimiter", "[a]\nb\n", "ERR_TSGI_INI_SYNTAX", 2, 'no "=" or ":"'],
    ["a line without key", "[a]\n= b\n", "ERR_TSGI_INI_SYNTAX", 2, "no key"],
    ["a section twice", "[a]\n[b]\n[a]\n", "ERR_TSGI_INI_DUPLICATE_SECTION", 3, "first on line 1"],
    ["a key twice", "[a]\nb = 1\nb : 2\n", "ERR_TSGI_INI_DUPLICATE_KEY", 3, "first on line 2"],
    ["a key twice in two [DEFAULT]s", "[DEFAULT]\nb=1\n[DEFAULT]\nb=2", "ERR_TSGI_INI_DUPLICATE_KEY", 4, "twice"],
    ["a key twice below a line without key", "[a]\n= x\n  b=1\n  b=2", "ERR_TSGI_INI_DUPLICATE_KEY", 4, "twice"],
    ["a duplicate before an unreadable line", "[a]\nx\nb=1\nb=2", "ERR_TSGI_INI_DUPLICATE_KEY", 4, "twice"],
  ])("%s", (_, text, code, line, message) => {
    const error = catchError(() => parseIni(text, "/x.ini"));
    expect(error).toMatchObject({ code, line, file: "/x.ini", fault: "configuration" });
    expect(error.message).toContain(message);
    expect(error.message).toContain(`(file "/x.ini", line ${line}`);
  });

  test("with the column, counted from 1", () => {
    expect(catchError(() => parseIni("  a = b\n", "/x.ini"))).toMatchObject({ line: 1, column: 3 });
    expect(catchError(() => parseIni("[a]\n  b\n", "/x.ini"))).toMatchObject({ line: 2, column: 3 });
  });

  test("nothing but with a DeployError, whatever the text", () => {
    const line = fc.oneof(fc.constantFrom("[a]", "[b]", "[DEFAULT]", "k = v", "  more", "", "#c", "x"), fc.string());
    const isDeployError = (text: string): boolean => {
      try {
        return parseIni(text, "/x.ini").path === "/x.ini";
      } catch (error) {
        return error instanceof DeployError;
      }
    };
    const property = fc.property(fc.array(line), (lines) => isDeployError(lines.join("\n")));
    expect(fc.check(property)).toMatchObject({ failed: false });
  });
});

test("an error quotes no line that is probably a secret, or goes on with one", () => {
  expect(catchError(() => parseIni("[a]\npassword hunter2\n", "/x.ini")).message).not.toContain("hunter2");
  expect(catchError(() => parseIni("[a]\nsecret =\nhunter2\n", "/x.ini")).message).toContain('Line "(hidden)" has no');
  expect(catchError(() => parseIni("[a]\ncolour =\nred\n", "/x.ini")).message).toContain('Line "red" has no');
});

function catchError(action: () => unknown): DeployError {
  try {
    action();
  } catch (error) {
    if (error instanceof DeployError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown");
}
