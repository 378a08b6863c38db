// The pages of docs/how-to: each is a folder with its files, and prints what the page shows below each command.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "./free-port.ts";
import { markdownBlocks } from "./markdown-blocks.ts";
import { venvPython } from "./needs.ts";
import { Learner } from "./newcomers/learner.ts";
import { ROOT } from "./newcomers/newcomer.ts";

const PAGES = join(ROOT, "docs", "how-to");
const python = venvPython();
const programs = mkdtempSync(join(tmpdir(), "tsgi-programs-"));

let learner: Learner | undefined;

beforeAll(() => symlinkSync(join(ROOT, "bin", "tsgi.js"), join(programs, "tsgi")));

afterEach(async () => {
  await learner?.leave();
  learner = undefined;
});

afterAll(() => rmSync(programs, { recursive: true, force: true }));

describe.skipIf(python === undefined)("docs/how-to", () => {
  test.each(readdirSync(PAGES))("%s", async (page) => {
    const path = [programs, dirname(process.execPath), process.env["PATH"]].join(delimiter);
    const one = new Learner({ PATH: path, TSGI_PYTHON: python ?? "" }, await freePort());
    learner = one;
    mkdirSync(join(one.folder, "node_modules"));
    for (const [name, from] of [
      ["tsgi", ROOT],
      ["express", join(ROOT, "node_modules", "express")],
    ] as const)
      symlinkSync(from, join(one.folder, "node_modules", name));
    const blocks = markdownBlocks(readFileSync(join(PAGES, page), "utf8"));
    expect(blocks.filter(({ language }) => language === "console").length).toBeGreaterThan(0);
    for (const { file, language, text } of blocks) {
      if (file !== null) await one.write(file, text);
      else if (language === "console") await one.replay(text);
    }
  });
});
