// The tests of the Ruby side of a lane, file by file: src/guests/ruby/shim/tests.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { interpreterWith } from "../needs.ts";

const TESTS = fileURLToPath(new URL("../../src/guests/ruby/shim/tests/all.rb", import.meta.url));

/** minitest numbers what failed; a blank line ends each. */
const FAILURE = /^ {2}\d+\) (?:Failure|Error):\n[\s\S]*?(?=\n\n(?: {2}\d+\) |\d+ runs))/gm;

const ruby = interpreterWith("ruby", "rack", "minitest");

test.skipIf(ruby === undefined)("the parts of the Ruby shim keep their rules", { timeout: 120_000 }, () => {
  const { stdout, stderr, status } = spawnSync(ruby ?? "", [TESTS], { encoding: "utf8", timeout: 110_000 });
  const failures = stdout.match(FAILURE) ?? [];
  expect(failures, failures.join("\n\n")).toEqual([]);
  expect(stdout + stderr, "all of them ran").toMatch(/^\d{3} runs, \d+ assertions, 0 failures, 0 errors, 0 skips$/m);
  expect(status).toBe(0);
});
