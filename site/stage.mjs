// Copies the Markdown of the project, and the pictures in it, to pages/: VitePress finds its packages only from below its own folder.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { codeGroups } from "./code-groups.mjs";

const SITE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(SITE, "..");
const PAGES = join(SITE, "pages");

/** What git has, and is a page or a picture of one. */
const PATTERNS = ["*.md", "docs/**/*.md", "docs/**/*.svg", "docs/**/*.png", "docs/*.svg", "docs/*.md"];
const OTHERS = ["bench/README.md", "bench/results/*.svg", "site/home.md"];

rmSync(PAGES, { recursive: true, force: true });
const listed = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...PATTERNS, ...OTHERS],
  {
    cwd: ROOT,
    encoding: "utf8",
  },
);
for (const path of listed.split("\n").filter((line) => line !== "" && !/^(?:test|examples|apps|src)\//.test(line))) {
  mkdirSync(dirname(join(PAGES, path)), { recursive: true });
  if (path.endsWith(".md")) writeFileSync(join(PAGES, path), codeGroups(readFileSync(join(ROOT, path), "utf8")));
  else cpSync(join(ROOT, path), join(PAGES, path));
}
