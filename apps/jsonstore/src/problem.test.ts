import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Problem } from "./problem.ts";
import { PROBLEMS } from "./problems.ts";

test("the documentation has the table of problems", () => {
  const page = readFileSync(new URL("../../../docs/jsonstore.md", import.meta.url), "utf8");
  const rows = Object.entries(PROBLEMS).map(
    ([code, [status, title, advice]]) => `| \`${code}\` | ${status} | ${title} | ${advice} |`,
  );
  expect(page).toContain(["| code | status | | |", "|---|---|---|---|", ...rows, ""].join("\n"));
});

test("a problem carries its status, and says whose fault it is", () => {
  expect(new Problem("busy")).toMatchObject({ status: 503, fault: "internal", code: "ERR_JSONSTORE_BUSY" });
  expect(new Problem("too-deep", { detail: "Too deep" })).toMatchObject({
    status: 422,
    fault: "remote",
    message: "Too deep",
  });
});
