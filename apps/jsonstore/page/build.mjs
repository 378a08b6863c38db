// Builds the page for browsers: its modules become one script, without comments; from the rest white space is taken.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = dirname(fileURLToPath(import.meta.url));

/** @type {Record<string, (text: string) => string>} */
const OTHERS = {
  "index.html": (text) => text.replaceAll(/\s*\n\s*/g, "\n"),
  "page.css": (text) => text.replaceAll(/\s*([{};])\s*/g, "$1"),
};

/** The folders that it is made of. */
export const PAGE_SOURCES = [SOURCES, join(SOURCES, "..", "src", "text")];

/** Where the page is served from. */
export const PAGE = join(SOURCES, "..", "dist", "page");

/**
 * Builds the page. The new one replaces the old one only when it is complete.
 *
 * @param {string} [target]
 * @returns {Promise<void>}
 * @throws an Error of the bundler, when the modules do not fit together
 */
export async function buildPage(target = PAGE) {
  // Imported here, because the build installs it.
  const { rolldown } = await import("rolldown");
  const fresh = `${target}.${process.pid}`;
  const build = await rolldown({ input: join(SOURCES, "main.ts"), platform: "browser" });
  await build.write({ file: join(fresh, "page.js"), format: "esm", minify: true, comments: false });
  await build.close();
  mkdirSync(fresh, { recursive: true });
  for (const [name, shorten] of Object.entries(OTHERS)) {
    writeFileSync(join(fresh, name), shorten(readFileSync(join(SOURCES, name), "utf8")));
  }
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
}
