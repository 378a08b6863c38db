// The tutorial, done from its first command to its last by somebody who has an empty folder: once for each language. What is typed is read
// from the site where it is built (`cd site && npm run build`), otherwise from the Markdown, by the same rules.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { freePort } from "../free-port.ts";
import { markdownBlocks } from "../markdown-blocks.ts";
import { program, venvPython, wheelhouse } from "../needs.ts";
import { htmlBlocks } from "./html-blocks.ts";
import { Learner } from "./learner.ts";
import { ROOT } from "./newcomer.ts";

const SOURCE = join(ROOT, "docs", "tutorial");
const SITE = join(ROOT, ".cache", "site", "docs", "tutorial");
const PAGES = readdirSync(SOURCE)
  .filter((name) => /^\d/.test(name))
  .toSorted();
const python = venvPython();
const wheels = wheelhouse();

const fromMarkdown = PAGES.map((page) => markdownBlocks(readFileSync(join(SOURCE, page), "utf8")));
const fromSite = PAGES.map((page) => join(SITE, page.replace(/md$/, "html")))
  .filter((path) => existsSync(path) && process.env["TSGI_TEST_SITE"] === "1")
  .map((path) => htmlBlocks(readFileSync(path, "utf8")));
const steps = fromSite.length === PAGES.length ? fromSite : fromMarkdown;

/** Each is some forty commands. */
const PATIENCE = 600_000;

let learner: Learner | undefined;

afterEach(async () => {
  await learner?.leave();
  learner = undefined;
});

test("has seven steps, each with something to do in both languages", () => {
  expect(PAGES).toHaveLength(7);
  for (const blocks of steps)
    for (const audience of ["TypeScript", "Python"])
      expect(blocks.filter((block) => block.audience === audience).length).toBeGreaterThan(0);
});

/**
 * Does all steps.
 *
 * @returns what the application says in the end
 * @param install - what stands instead of the first word after `install`, as long as nothing is published
 */
async function learn(audience: string, variables: Readonly<Record<string, string>>, install: string): Promise<string> {
  const one = new Learner(variables, await freePort());
  learner = one;
  const blocks = steps.flat().filter((block) => block.audience === null || block.audience === audience);
  for (const { file, language, text } of blocks) {
    if (file !== null) await one.write(file, text);
    else if (language === "console") await one.replay(text);
    else
      for (const line of text.trim().split("\n"))
        one.type(line.replace(/^(npm install|pip install) tsgi\b/, `$1 ${install}`));
  }
  const seconds = one.secondsToAnswer?.toFixed(1);
  process.stdout.write(`The tutorial in ${audience}: ${seconds} s from nothing to the first answer\n`);
  return one.type("curl http://127.0.0.1:8000/stats/");
}

describe.skipIf(python === undefined || wheels === undefined)("from the first command to the last", () => {
  const place = mkdtempSync(join(tmpdir(), "tsgi-packages-"));
  const pip = {
    PIP_NO_INDEX: "1",
    PIP_FIND_LINKS: `${wheels} ${place}`,
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_CACHE_DIR: "1",
  };

  afterAll(() => rmSync(place, { recursive: true, force: true }));

  test("in TypeScript", { timeout: PATIENCE }, async () => {
    const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", place, ROOT], { encoding: "utf8" });
    const setting = (name: string): string => execFileSync("npm", ["config", "get", name], { encoding: "utf8" }).trim();
    // npm keeps what it downloaded, so this is the time of somebody with a fast line.
    const npm = {
      npm_config_cache: setting("cache"),
      npm_config_registry: setting("registry"),
      npm_config_prefer_offline: "true",
      npm_config_update_notifier: "false",
      npm_config_audit: "false",
    };
    const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
    const said = await learn("TypeScript", { PATH: path, ...npm, ...pip }, join(place, packed.trim()));
    expect(said).toBe('{"notes":2}');
  });

  test("in Python, with no Node in the PATH", { timeout: PATIENCE }, async () => {
    execFileSync(process.execPath, ["scripts/build-wheel.mjs", place], { cwd: ROOT });
    const programs = join(place, "bin");
    mkdirSync(programs);
    symlinkSync(python ?? "", join(programs, "python3"));
    for (const name of ["curl", "grep"]) symlinkSync(program(name) ?? "", join(programs, name));
    const said = await learn("Python", { PATH: programs, ...pip }, "tsgi");
    expect(said).toBe('{"notes":2}');
  });
});
