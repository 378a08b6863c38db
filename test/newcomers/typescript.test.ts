// The npm package as a TypeScript user meets it: an empty folder, and what the README and the tutorial say to type.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../free-port.ts";
import { venvPython, wheelhouse } from "../needs.ts";
import { Learner } from "./learner.ts";
import { Newcomer, readmeCommands, ROOT } from "./newcomer.ts";
import { takeShortcuts } from "./shortcuts.ts";
import { learn, TUTORIAL_MILLISECONDS, tutorialSteps } from "./tutorial.ts";

const place = mkdtempSync(join(tmpdir(), "tsgi-packed-"));
const python = venvPython();
const wheels = wheelhouse();

/** What a shell knows. */
const variables = {
  PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
  // npm keeps what it downloaded, so this is the time of somebody with a fast line.
  npm_config_cache: npmSetting("cache"),
  npm_config_registry: npmSetting("registry"),
  npm_config_prefer_offline: "true",
  npm_config_update_notifier: "false",
  npm_config_audit: "false",
  npm_config_fund: "false",
};

let packed = "";
let person: Newcomer | Learner | undefined;

function npmSetting(name: string): string {
  return execFileSync("npm", ["config", "get", name], { encoding: "utf8" }).trim();
}

beforeAll(() => {
  const name = execFileSync("npm", ["pack", "--silent", "--pack-destination", place, ROOT], { encoding: "utf8" });
  packed = join(place, name.trim());
});

afterEach(async () => {
  await person?.leave();
  person = undefined;
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

test("TypeScript by npm in two commands", async () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, application = ""] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  const newcomer = new Newcomer({ "app.ts": application }, variables);
  person = newcomer;
  const [install = "", serve = ""] = readmeCommands(/TypeScript/);
  expect(install).toBe("npm install tsgi");
  expect(serve).toBe("npx tsgi app.ts");
  const port = await freePort();
  newcomer.run(install.replace(/tsgi$/, `"${packed}"`));
  expect(await newcomer.serve(`${serve} --bind 127.0.0.1:${port}`, port, "/Ada")).toBe("Hello, Ada\n");
  newcomer.tell("TypeScript by npm");
});

test("the tutorial has seven steps, each with something to do in both languages", () => {
  expect(tutorialSteps()).toHaveLength(7);
  for (const blocks of tutorialSteps())
    for (const audience of ["TypeScript", "Python"])
      expect(blocks.filter((block) => block.audience === audience).length).toBeGreaterThan(0);
});

// Its fourth step is in Python.
describe.skipIf(python === undefined || wheels === undefined)("the tutorial", () => {
  test("in TypeScript, from the first command to the last", { timeout: TUTORIAL_MILLISECONDS }, async () => {
    const programs = join(place, "programs");
    mkdirSync(programs);
    takeShortcuts(programs, python ?? "");
    const pip = { PIP_NO_INDEX: "1", PIP_FIND_LINKS: wheels ?? "", PIP_DISABLE_PIP_VERSION_CHECK: "1" };
    const path = { PATH: `${programs}:${variables.PATH}` };
    const learner = new Learner(
      { ...variables, ...path, ...pip, PIP_NO_CACHE_DIR: "1", PIP_NO_COMPILE: "1" },
      await freePort(),
    );
    person = learner;
    expect(await learn(learner, "TypeScript", packed)).toBe('{"notes":2}');
  });
});
