import { describe, expect, test } from "vitest";
import { usedMemory } from "../../test/memory.ts";

import { fieldName, FieldRole } from "./field-names.ts";
import { HeadParser } from "./head-parser.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

function read(...fields: string[]): Record<string, unknown> {
  const parser = new HeadParser(DEFAULT_LIMITS, () => ({}));
  const text = ["GET / HTTP/1.1", "Host: h", ...fields, "", ""].join("\r\n");
  expect(parser.feed(text, 0)).toBe(text.length);
  return parser.variables;
}

describe("fieldName", () => {
  test.each([
    ["User-Agent", "HTTP_USER_AGENT"],
    ["user-agent", "HTTP_USER_AGENT"],
    ["Content-Type", "CONTENT_TYPE"],
    ["Content-Length", "CONTENT_LENGTH"],
    ["X_Forwarded_For", ""],
    ["script_name", ""],
  ])("gives %s the variable %j", (raw, variable) => {
    expect(fieldName(raw)?.variable).toBe(variable);
  });

  test.each(["", "A B", "A:", "Ä", "A\0"])("knows that %j is no name", (raw) => {
    expect(fieldName(raw)).toBeNull();
  });

  test("understands each spelling once", () => {
    expect(fieldName("X-Once")).toBe(fieldName("X-Once"));
    expect(fieldName("x-once")).not.toBe(fieldName("X-Once"));
    expect(fieldName("COOKIE")?.role).toBe(FieldRole.cookie);
  });
});

test("a name remembers which one followed it last", () => {
  for (const next of ["X-Second", "X-Third"]) {
    read("X-First: 1", `${next}: 2`);
    expect(fieldName("X-First")?.next).toBe(fieldName(next));
  }
});

describe("the line that a name remembers", () => {
  test("is the first good one, and gives way when others come", () => {
    read("X-Line: a");
    read("X-Line: b");
    expect(fieldName("X-Line")).toMatchObject({ goodLine: "X-Line: a", goodValue: "a" });
    for (let times = 0; times < 8; times += 1) read("X-Line:  b ");
    expect(fieldName("X-Line")).toMatchObject({ goodLine: "X-Line:  b ", goodValue: "b" });
  });

  test.each(["Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-CSRF-Token", "X-Session-Id"])(
    "is none for %s, which holds a secret of one client",
    (name) => {
      for (let times = 0; times < 20; times += 1) {
        expect(read(`${name}: secret-of-one-client`)).toMatchObject({
          [`HTTP_${name.toUpperCase().replaceAll("-", "_")}`]: "secret-of-one-client",
        });
      }
      expect(fieldName(name)).toMatchObject({ goodLine: "", goodValue: "" });
    },
  );

  test("is none when it is long", () => {
    read(`X-Long: ${"x".repeat(1024)}`);
    expect(fieldName("X-Long")?.goodLine).toBe("");
  });

  test("keeps nothing of the text in which it stood, and neither does its name", () => {
    const before = usedMemory();
    for (let index = 0; index < 200; index += 1) {
      const head = `GET / HTTP/1.1\r\nHost: h\r\nX-Of-A-Long-Text-${index}: a value that is long enough\r\n\r\n`;
      const text = Buffer.alloc(262_144, head).toString("latin1");
      expect(new HeadParser(DEFAULT_LIMITS, () => ({})).feed(text, 0)).toBe(head.length);
    }
    expect(fieldName("X-Of-A-Long-Text-7")?.goodValue).toBe("a value that is long enough");
    expect(usedMemory() - before).toBeLessThan(10_000_000);
  });
});

// Last, because it fills the cache of this process.
test("names that clients invent are not remembered without end", () => {
  const invented = Array.from({ length: 600 }, (_, index) => `X-Invented-${index}`);
  for (const name of invented) read(`${name}: a line`);
  const kept = invented.filter((name) => fieldName(name) === fieldName(name));
  expect(kept.length).toBeLessThan(512);
  expect(fieldName("X-Invented-599")).toMatchObject({ isKept: false, goodLine: "" });
  expect(fieldName("Host")?.next?.isKept, "a name that is not kept is not expected either").toBe(true);
  expect(read("X-Invented-599: v")).toMatchObject({ HTTP_X_INVENTED_599: "v" });
  expect(fieldName("Host")).toBe(fieldName("Host"));
});
