// The tutorial on the site that was built: what a reader copies there is what the repository says.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { markdownBlocks } from "../markdown-blocks.ts";
import { htmlBlocks } from "../newcomers/html-blocks.ts";
import { ROOT } from "../newcomers/newcomer.ts";

const SOURCE = join(ROOT, "docs", "tutorial");
const SITE = join(ROOT, ".cache", "site", "docs", "tutorial");
const STEPS = readdirSync(SOURCE).filter((name) => /^\d/.test(name));

test.each(STEPS)("%s has the same commands and files as in the repository", (page) => {
  const html = readFileSync(join(SITE, page.replace(/md$/, "html")), "utf8");
  expect(htmlBlocks(html)).toEqual(markdownBlocks(readFileSync(join(SOURCE, page), "utf8")));
});
