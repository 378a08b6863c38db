import { expect, test } from "vitest";

import { checkSocketPath } from "./socket-path.ts";

test("checkSocketPath counts bytes, not characters", () => {
  const longest = process.platform === "linux" ? 107 : 103;
  expect(() => checkSocketPath("x".repeat(longest))).not.toThrow();
  expect(() => checkSocketPath("x".repeat(longest + 1))).toThrow(`it has ${longest + 1} bytes`);
  expect(() => checkSocketPath("\u{e4}".repeat(longest - 1))).toThrow("for a unix socket");
});
