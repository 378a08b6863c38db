// Every test file belongs to one project of vitest, and to no other: what no pattern matches is never run, and nobody hears of it.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");
/** What is not in CI is listed as well. */
const ALL_ROOMS = Object.fromEntries(
  ["SITE", "CGI_PEERS", "RUBY_PEERS", "WAI_PEERS"].map((room) => [`TSGI_TEST_${room}`, "1"]),
);

test("each test file is run, by one project", () => {
  const stdout = execFileSync(process.execPath, [VITEST, "list", "--filesOnly", "--json"], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, ...ALL_ROOMS },
  });
  const listed = (JSON.parse(stdout) as { file: string }[]).map(({ file }) => relative(ROOT, file));
  const present = ["apps", "src", "test"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { encoding: "utf8", recursive: true })
      .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules"))
      .map((file) => join(folder, file)),
  );
  expect(listed.toSorted()).toEqual(present.toSorted());
});
