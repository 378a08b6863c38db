import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const FOLDER = new URL("./", import.meta.url);
const PAGE = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");

test("every metric is on the page, and the page names no other", () => {
  const sources = readdirSync(FOLDER).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const text = sources.map((name) => readFileSync(new URL(name, FOLDER), "utf8")).join("");
  const made = new Set([...text.matchAll(/"(tsgi_[a-z_]+)"/g)].map(([, name = ""]) => name));
  // What names of guests begin with.
  for (const prefix of ["tsgi_guest", "tsgi_python"]) made.delete(prefix);
  const told = new Set(PAGE.match(/\btsgi_[a-z_]*[a-z]\b/g));
  expect(made.size).toBeGreaterThan(20);
  expect([...made].filter((name) => !told.has(name))).toEqual([]);
  // Those of guests, which have that word in front, are put together from parts; a bucket belongs to its histogram.
  expect([...told].filter((name) => !made.has(name) && !/^tsgi_guest_|_bucket$/.test(name))).toEqual([]);
});
