// The tests of the Python side of a lane, module by module: src/guests/python/shim/tests.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { program } from "../needs.ts";

const PYTHON_GUEST = fileURLToPath(new URL("../../src/guests/python/", import.meta.url));
const TESTS = fileURLToPath(new URL("../../src/guests/python/shim/tests/", import.meta.url));

/** unittest writes each failure behind a line of this kind, and the next such line ends it. */
const FAILURE = /^={70}\n((?:FAIL|ERROR): [\s\S]*?)(?=\n={70}\n|\n-{70}\nRan )/gm;

const python = program("python3");

test.skipIf(python === undefined)("the modules of the shim keep their rules", { timeout: 120_000 }, () => {
  const args = ["-B", "-m", "unittest", "discover", "-s", TESTS, "-t", PYTHON_GUEST];
  const { stderr, status } = spawnSync(python ?? "", args, { encoding: "utf8", timeout: 110_000 });
  const failures = [...stderr.matchAll(FAILURE)].map(([, failure = ""]) => failure);
  expect(failures, failures.join("\n\n")).toEqual([]);
  expect(stderr, "all of them ran").toMatch(/^Ran \d{3} tests .*\n\nOK/m);
  expect(status).toBe(0);
});
