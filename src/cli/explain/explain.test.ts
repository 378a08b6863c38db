import { describe, expect, test } from "vitest";
import { explain } from "./explain.ts";

describe("explain", () => {
  test.each(["ERR_TSGI_TARGET_NOT_FOUND", "err_tsgi_target_not_found", "target_not_found"])("%s", (asked) => {
    const text = explain(asked);
    expect(text).toMatch(/^ERR_TSGI_TARGET_NOT_FOUND\n\nThe file or module/);
    expect(text).not.toContain("](");
  });

  test("an exit code", () => {
    expect(explain("9")).toBe("Exit code 9: another process listens on the address\n");
  });

  test.each([
    ["ERR_TSGI_TARGET_NOTFOUND", 'did you mean "ERR_TSGI_TARGET_NOT_FOUND"'],
    ["99", 'No error has the code "99"'],
    ["../../package.json", 'No error has the code "../../package.json"'],
  ])("%s is refused", (asked, message) => {
    expect(() => explain(asked)).toThrow(message);
  });
});
