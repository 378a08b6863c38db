// Compiled code that is kept between starts, and run: no other local user may have put it there.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Project } from "./cli-command.ts";

const isRoot = process.getuid?.() === 0;
const OTHER = 12_345;
/** Without an account. */
const UNKNOWN = 54_321;
/** What no version of Node reads by itself. */
const APPLICATION = `
enum Word { Own = "own" }
export const application = (environ: unknown, startResponse: (status: string, headers: [string, string][]) => void) => {
  startResponse("200 OK", []);
  return [Buffer.from(Word.Own)];
};
export const factory = () => application;
export default application;
`;

let project: Project;
let env: Record<string, string>;

beforeEach(() => {
  project = new Project({ "app.ts": APPLICATION, "app.ini": "[app:main]\npaste.app_factory = app:factory\n" });
  chmodSync(project.directory, 0o755);
  for (const name of ["tmp", "home"]) mkdirSync(project.path(name));
  chmodSync(project.path("tmp"), 0o1777);
  env = { TMPDIR: project.path("tmp"), HOME: project.path("home"), XDG_CACHE_HOME: "" };
});

afterEach(() => project.remove());

/** All files that a start has left where compiled code may lie. */
function kept(): string[] {
  return ["tmp", "home", "node_modules/.cache"].flatMap((name) => {
    const directory = project.path(name);
    if (!existsSync(directory)) return [];
    const below = readdirSync(directory, { recursive: true, encoding: "utf8" });
    return below.map((path) => join(directory, path)).filter((path) => statSync(path).isFile());
  });
}

describe.runIf(isRoot)("code that another user has put into a cache is not run", () => {
  test.each(["app.ts", "app.ini"])("%s", async (target) => {
    const first = await project.run(["fetch", target, "/"], { env });
    expect(first).toMatchObject({ code: 0, stdout: "own" });
    expect(kept()).not.toEqual([]);
    for (const path of kept()) {
      writeFileSync(path, readFileSync(path, "utf8").replaceAll('"own"', '"planted"'));
      for (
        let each = path;
        ![project.path("tmp"), project.path("home"), project.path("node_modules")].includes(each);
        each = join(each, "..")
      ) {
        chownSync(each, OTHER, OTHER);
      }
    }
    expect((await project.run(["fetch", target, "/"], { env })).stdout).toBe("own");
  });

  test("but what this user has kept is", async () => {
    await project.run(["fetch", "app.ini", "/"], { env });
    for (const path of kept()) writeFileSync(path, readFileSync(path, "utf8").replaceAll('"own"', '"kept"'));
    expect((await project.run(["fetch", "app.ini", "/"], { env })).stdout).toBe("kept");
  });
});

describe.runIf(isRoot)("a user without an account and without HOME", () => {
  test.each(["app.ts", "app.ini"])("serves %s", async (target) => {
    // Beside dependencies nobody would look for the home directory.
    rmSync(project.path("node_modules"), { recursive: true });
    const command = project.start([target, "-b", "127.0.0.1:0"], { env: { ...env, HOME: undefined }, uid: UNKNOWN });
    const response = await fetch(`http://127.0.0.1:${await command.port()}/`);
    expect(await response.text()).toBe("own");
    expect(await command.stop()).toMatchObject({ code: 0 });
    expect(kept()).toEqual([]);
  });
});
