import { describe, expect, test } from "vitest";
import { usedMemory } from "../../../test/memory.ts";
import { decodePairs, encodePairs } from "../../protocols/fastcgi/pairs.ts";
import { DEFAULT_VARIABLE_LIMITS, type Variable } from "../../protocols/variables.ts";
import { frontName } from "./front-names.ts";

describe("frontName", () => {
  test.each([
    ["REQUEST_METHOD", "said", false],
    ["PATH_INFO", "said", true],
    ["HTTP_HOST", "said", false],
    ["HTTP_COOKIE", "field", false],
    ["HTTP_X_FORWARDED_FOR", "forwarded", false],
    ["HTTP_PROXY", "connection", false],
    ["HTTP_X.FORWARDED.FOR", "left out", false],
    ["REMOTE_USER", "user", false],
    ["REMOTE_ADDR", "other", false],
    ["DOCUMENT_URI", "other", true],
    ["SHOP_MODE", "other", true],
    ["wsgi.input", "left out", true],
    ["http_x", "left out", true],
  ])("knows %s: %s", (name, use, mayHoldBreaks) => {
    expect(frontName(name)).toMatchObject({ name, use, mayHoldBreaks });
  });

  test.each(["", "A\0", "A\nB", "HTTP_a", "HTTP_X-Y"])("refuses %j", (name) => {
    expect(() => frontName(name)).toThrow("a variable whose name is not allowed");
  });

  test("knows a long name as well, and does not keep it", () => {
    const long = `HTTP_${"X".repeat(60)}`;
    expect(frontName(long)).toEqual(frontName(long));
    expect([frontName(long) === frontName(long), frontName("HTTP_X") === frontName("HTTP_X")]).toEqual([false, true]);
  });

  // Last, because it fills the cache of this process.
  test("remembers names that clients invent not without end, and nothing of the requests in which they stood", () => {
    const before = usedMemory();
    for (let index = 0; index < 2000; index += 1) {
      const pairs: Variable[] = [
        [`HTTP_X_INVENTED_BY_A_CLIENT_${index}`, "x"],
        ["HTTP_COOKIE", "s".repeat(DEFAULT_VARIABLE_LIMITS.maxBytes - 1000)],
      ];
      for (const [name] of decodePairs(encodePairs(pairs))) frontName(name);
    }
    expect(usedMemory() - before).toBeLessThan(10_000_000);
    const kept = Array.from({ length: 2000 }, (_, index) => `HTTP_X_INVENTED_BY_A_CLIENT_${index}`).filter(
      (name) => frontName(name) === frontName(name),
    );
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThanOrEqual(1024);
  });
});
