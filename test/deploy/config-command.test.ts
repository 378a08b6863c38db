// The commands of `tsgi config`, as a person at a terminal sees them.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Project } from "./project.ts";

const JITI = fileURLToPath(import.meta.resolve("jiti/register"));
const PROGRAM = fileURLToPath(new URL("config-program.ts", import.meta.url));

const project = new Project({
  "app.ini":
    "[DEFAULT]\ndebug = true\n[app:main]\nuse = call:factories:app\ntitle = %(debug)s %(http)s\n[server:main]\nport = 80\nuse = call:x:y\n",
  "options.ini":
    "[filter:limit]\nuse = egg:tsgi#body-limit\nmax_bytes = plenty\n" +
    "[filter:zip]\nuse = egg:tsgi#compress\nlevle = 5\n[filter:mine]\nuse = call:factories:failing\n",
  "secrets.ini":
    "[DEFAULT]\ndb.password = hunter1\nurl = postgres://shop:hunter2@db/shop\n" +
    "[app:main]\nuse = call:factories:app\n# both ways\nset db.password = hunter3\nreply = %(db.password)s\nfrom = %(ENV:MY_PASSWORD)s\n",
  "bad.ini": "[app:main]\nuse = call:factories:ap\n[filter:f]\nuze = call:factories:filter\n",
});

function run(...args: string[]): { out: string; error: string; code: number | null } {
  const child = spawnSync(process.execPath, ["--import", JITI, PROGRAM, "config", ...args], {
    cwd: project.directory,
    encoding: "utf8",
    env: { ...process.env, MY_PASSWORD: "hunter4", PWD: project.directory },
  });
  return { out: child.stdout, error: child.stderr, code: child.status };
}

describe("tsgi config", () => {
  test("explain prints all values, with variables from the command line", () => {
    const { out, code } = run("explain", "app.ini", "http=8080");
    expect(code).toBe(0);
    expect(out).toContain('  title = true 8080  ← app.ini line 5, "title" in [app:main]');
    expect(out).toContain('  global debug = true  ← app.ini line 2, "debug" in [DEFAULT]');
    expect(out).toContain("  global http = 8080  ← the caller");
  });

  test("explain prints no value that is probably a secret, nor one that it replaced", () => {
    const { out } = run("explain", "secrets.ini");
    expect(out).not.toContain("hunter");
    expect(out).toContain("  global db.password = (hidden)  ← secrets.ini line 7");
    expect(out).toContain('replaces "(hidden)" from secrets.ini line 2');
    expect(out).toContain("  global url = postgres://shop:(hidden)@db/shop");
    expect(out).toContain("  reply = (hidden)");
    expect(out).toContain("  from = (hidden)");
    expect(out).toContain(`  global here = ${project.directory}`);
  });

  test("explain prints one value, of an application or a server", () => {
    expect(run("explain", "app.ini", "debug", "http=1").out.split("\n")).toHaveLength(3);
    expect(run("explain", "app.ini", "port", "--type", "server").out).toContain("port = 80  ← app.ini line 7");
  });

  test("explain says when there is no such value, and names the place of a mistake", () => {
    expect(run("explain", "app.ini", "nope", "http=1")).toMatchObject({
      code: 1,
      error: 'tsgi: No value "nope" in app.ini\n',
    });
    const { error, code } = run("explain", "app.ini");
    expect([code, error]).toEqual([3, expect.stringContaining(`file "${project.path("app.ini")}", line 5`)]);
  });

  test("graph draws text, and SVG to a file or to standard output", () => {
    expect(run("graph", "app.ini#main", "http=1").out).toBe("[app:main]  call:factories:app\n");
    const svg = run("graph", "app.ini", "http=1", "--svg").out;
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(run("graph", "app.ini", "http=1", "--svg", "out.svg").code).toBe(0);
    expect(readFileSync(project.path("out.svg"), "utf8")).toBe(svg);
  });

  test("check prints all mistakes and ends with 1, or says that there are none", () => {
    const bad = run("check", "bad.ini");
    expect([bad.code, bad.out.trimEnd().split("\n").length]).toEqual([1, 2]);
    expect(bad.out).toContain('did you mean "app"');
    expect(run("check", "bad.ini", "--no-import").out).not.toContain('did you mean "app"');
    const good = run("check", "app.ini", "http=1", "--no-import");
    expect([good.code, good.out]).toEqual([0, "No problems found\n"]);
  });

  test("check reads the options of TSGI's own filters, and calls no factory of the application", () => {
    const { code, out } = run("check", "options.ini");
    expect(code).toBe(1);
    const problems = out.trimEnd().split("\n");
    expect(problems).toEqual([
      expect.stringMatching(/^error: .*max_bytes.*plenty.*line 3.*section \[filter:limit\]/),
      expect.stringMatching(/^error: .*levle.*line 6.*section \[filter:zip\]/),
    ]);
  });
});
