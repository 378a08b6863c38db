// The tutorial, done from its first command to its last by somebody who has an empty folder. With TSGI_TEST_SITE=1, what
// is typed is read from the HTML of the site that was built (`cd site && npm run build`), otherwise from the Markdown, by the same rules.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { markdownBlocks, type PageBlock } from "../markdown-blocks.ts";
import { htmlBlocks } from "./html-blocks.ts";
import type { Learner } from "./learner.ts";
import { ROOT } from "./newcomer.ts";

const SOURCE = join(ROOT, "docs", "tutorial");
const SITE = join(ROOT, ".cache", "site", "docs", "tutorial");

/** Some forty commands. */
export const TUTORIAL_MILLISECONDS = 600_000;

/** The blocks of each step. @throws Error when the site is wanted and not built */
export function tutorialSteps(): PageBlock[][] {
  const pages = readdirSync(SOURCE)
    .filter((name) => /^\d/.test(name))
    .toSorted();
  return process.env["TSGI_TEST_SITE"] === "1"
    ? pages.map((page) => htmlBlocks(readFileSync(join(SITE, page.replace(/md$/, "html")), "utf8")))
    : pages.map((page) => markdownBlocks(readFileSync(join(SOURCE, page), "utf8")));
}

/**
 * Does all steps.
 *
 * @param audience - "TypeScript" or "Python"
 * @param install - what stands instead of the first word after `install`, as long as nothing is published
 * @returns what the application says in the end
 */
export async function learn(learner: Learner, audience: string, install: string): Promise<string> {
  const blocks = tutorialSteps()
    .flat()
    .filter((block) => block.audience === null || block.audience === audience);
  for (const { file, language, text } of blocks) {
    if (file !== null) await learner.write(file, text);
    else if (language === "console") await learner.replay(text);
    else
      for (const line of text.trim().split("\n"))
        learner.type(line.replace(/^(npm install|pip install) tsgi\b/, `$1 ${install}`));
  }
  const seconds = learner.secondsToAnswer?.toFixed(1);
  const source = process.env["TSGI_TEST_SITE"] === "1" ? ", as the site has it" : "";
  process.stdout.write(`The tutorial in ${audience}${source}: ${seconds} s from nothing to the first answer\n`);
  return learner.type("curl http://127.0.0.1:8000/stats/");
}
