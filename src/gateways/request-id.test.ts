import { describe, expect, test } from "vitest";
import { requestIdOf } from "./request-id.ts";

describe("requestIdOf", () => {
  test.each(["a", "7f9c1f8e-5c1b-4a0e-9a57-7a9d3f1b2c4d", "1-67891233-abcdef012345678912345678", "x".repeat(128)])(
    "keeps %s",
    (id) => expect(requestIdOf(id)).toBe(id),
  );

  test.each([undefined, "", "a b", 'a"', "a\n", "\x1b[2J", "ä", "x".repeat(129), "a, b"])("replaces %j", (id) => {
    expect(requestIdOf(id)).toMatch(/^[0-9a-f]{12}-\d+$/);
  });

  test("gives no id twice", () => {
    expect(new Set(Array.from({ length: 100 }, () => requestIdOf(undefined))).size).toBe(100);
  });
});
