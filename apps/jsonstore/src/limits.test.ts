import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { iniNumber, LIMITS } from "./limits.ts";
import { PROBLEMS } from "./problems.ts";

test("the documentation has the table of limits", () => {
  const page = readFileSync(new URL("../../../docs/jsonstore.md", import.meta.url), "utf8");
  const rows = Object.entries(LIMITS).map(
    ([key, limit]) =>
      `| \`${key}\` | ${limit.meaning} | ${iniNumber(limit)} | ${PROBLEMS[limit.problem][0]} \`${limit.problem}\` |`,
  );
  expect(page).toContain(["| key | limits | default | beyond it |", "|---|---|---|---|", ...rows].join("\n"));
});
