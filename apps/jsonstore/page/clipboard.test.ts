import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { textToCopy } from "./clipboard.ts";

const BASE = "http://127.0.0.1:8000";

test("textToCopy gives the pointer and the URL", () => {
  expect(textToCopy("pointer", BASE, ["a/b", "0"])).toBe("/a~1b/0");
  expect(textToCopy("url", BASE, ["a/b", "0"])).toBe(`${BASE}/a~1b/0`);
});

test.each(["it's", "$(touch /tmp/x)", "`id`", "a\nb", "\\", "'; exit 1 #", "..", "[1-9]{a,b}"])(
  "textToCopy gives a curl command in which %j means nothing to a shell",
  (key) => {
    const { stdout } = spawnSync("sh", ["-c", textToCopy("curl", BASE, [key]).replace("curl", "printf %s")]);
    expect(stdout.toString()).toBe(textToCopy("url", BASE, [key]));
    expect(stdout.toString()).not.toMatch(/[[\]{}\n]/);
  },
);
