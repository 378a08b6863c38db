// docs/guests/javascript.md: each of its files is written, and each of its commands prints what the page shows.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { expect, test } from "vitest";

import { freePort } from "../free-port.ts";
import { markdownBlocks } from "../markdown-blocks.ts";
import { Learner } from "../newcomers/learner.ts";
import { ROOT } from "../newcomers/newcomer.ts";

test("docs/guests/javascript.md does what it shows", async () => {
  const programs = mkdtempSync(join(tmpdir(), "tsgi-programs-"));
  symlinkSync(join(ROOT, "bin", "tsgi.js"), join(programs, "tsgi"));
  const path = [programs, dirname(process.execPath), process.env["PATH"]].join(delimiter);
  const learner = new Learner({ PATH: path }, await freePort());
  try {
    mkdirSync(join(learner.folder, "node_modules"));
    for (const [name, from] of [
      ["tsgi", ROOT],
      ["hono", join(ROOT, "node_modules", "hono")],
    ] as const)
      symlinkSync(from, join(learner.folder, "node_modules", name));
    const blocks = markdownBlocks(readFileSync(join(ROOT, "docs", "guests", "javascript.md"), "utf8"));
    expect(blocks.filter(({ language }) => language === "console")).toHaveLength(4);
    for (const { file, language, text } of blocks) {
      if (file !== null) await learner.write(file, text);
      else if (language === "console") await learner.replay(text);
    }
  } finally {
    await learner.leave();
    rmSync(programs, { recursive: true, force: true });
  }
});
