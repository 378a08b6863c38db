// The tests of the Perl side of a lane, module by module: src/guests/perl/shim/tests.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { interpreterWith } from "../needs.ts";

const TESTS = fileURLToPath(new URL("../../src/guests/perl/shim/tests/", import.meta.url));

const perl = interpreterWith("perl", "Test::More");

describe.skipIf(perl === undefined)("The modules of the Perl shim keep their rules", () => {
  const files = readdirSync(TESTS).filter((name) => name.endsWith(".t"));

  test.each(files)("%s", { timeout: 60_000 }, (name) => {
    const { stdout, stderr, status } = spawnSync(perl ?? "", ["-w", name], {
      cwd: TESTS,
      encoding: "utf8",
      timeout: 50_000,
    });
    expect(stderr).toBe("");
    // The last line is the plan, which stands only there when all of them ran.
    expect(stdout).toMatch(/^1\.\.\d+\n$/m);
    expect(stdout).not.toMatch(/^not ok/m);
    expect(status).toBe(0);
  });
});
