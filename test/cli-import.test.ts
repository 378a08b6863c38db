// `tsgi import`, and the server that its result starts: the real command, Python and Flask.
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, rmSync, symlinkSync } from "node:fs";
import { get } from "node:http";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Project } from "./cli-command.ts";
import { venvPython } from "./needs.ts";

const BIN = fileURLToPath(new URL("../bin/tsgi.js", import.meta.url));
const python = venvPython();
const APPLICATION = `
import os
from flask import Flask
app = Flask(__name__)

@app.get("/")
def index():
    import helper
    return f"{os.environ['GREETING']} from {helper.NAME} in {os.path.basename(os.getcwd())}"
`;

let project: Project;

beforeEach(() => {
  project = new Project({
    "site/shop/web.py": APPLICATION,
    "site/shop/__init__.py": "",
    "site/lib/helper.py": 'NAME = "flask"',
  });
});

afterEach(() => project.remove());

function answer(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text)).on("error", reject);
    }).on("error", reject);
  });
}

describe.skipIf(python === undefined)("tsgi import", () => {
  test.each([
    [
      "gunicorn.conf.py",
      'wsgi_app = "shop.web:app"\nbind = "127.0.0.1:0"\nworkers = 1 + 1\nthreads = 2\nworker_class = "gthread"\nchdir = "site"\npythonpath = "lib"\nraw_env = ["GREETING=hello"]\ntimeout = 20\n',
      "tsgi.json",
    ],
    [
      "uwsgi.ini",
      "[uwsgi]\nchdir = %dsite\nmodule = shop.web\ncallable = app\nhttp-socket = 127.0.0.1:0\nprocesses = 2\nthreads = 2\npythonpath = lib\nenv = GREETING=hello\nharakiri = 20\nmaster = true\n",
      "tsgi.ts",
    ],
    [
      "Procfile",
      "web: cd site && GREETING=hello gunicorn shop.web:app -b 127.0.0.1:0 --threads 2 --pythonpath lib\n",
      "tsgi.mjs",
    ],
  ])("of %s gives a configuration that serves the application", async (name, text, output) => {
    project.write(name, text);
    const imported = await project.run(["import", name, "--output", output]);
    expect(imported).toMatchObject({ code: 0, stdout: "" });
    expect(imported.stderr).toContain(`Wrote ${output}\n`);
    const server = project.start(["-c", output], { env: { TSGI_PYTHON: python ?? "" } });
    expect(await answer(await server.port())).toBe("hello from flask in site");
    expect(await server.stop()).toMatchObject({ code: 0 });
  });

  test("reads what a shell pipes to it", () => {
    project.write("site.ini", "[uwsgi]\nmodule = shop.web:app\nprocesses = 3\n");
    const line = `"${process.execPath}" "${BIN}" import <(cat site.ini) --from uwsgi`;
    const printed = execFileSync("bash", ["-c", line], { cwd: project.directory, stdio: ["ignore", "pipe", "ignore"] });
    expect(JSON.parse(String(printed))).toMatchObject({ workers: 3 });
  });

  test("prints JSON, and remarks beside it; a file that exists stays", async () => {
    project.write("uwsgi.ini", "[uwsgi]\nmodule = shop.web:app\ncheaper = 2\ndisable-logging = true\nchdir = site\n");
    const printed = await project.run(["import", "uwsgi.ini"]);
    expect(JSON.parse(printed.stdout)).toEqual({ target: "shop.web:app", chdir: "site" });
    expect(printed.stderr).toContain("Without equivalent:\n  cheaper = 2: the number of workers is fixed");
    project.write("tsgi.config.json", "{}");
    const refused = await project.run(["import", "uwsgi.ini", "-o", "tsgi.config.json"]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toBe("tsgi: Cannot write tsgi.config.json: already there; give --force to overwrite\n");
    const below = await project.run(["import", "uwsgi.ini", "-o", "uwsgi.ini/tsgi.config.json"]);
    expect(below).toMatchObject({ code: 11, stdout: "" });
    expect(below.stderr).toMatch(
      /^tsgi: Cannot write the file "[^"]+": ENOTDIR.*\nFor more: tsgi explain ERR_TSGI_FILE_UNUSABLE\n$/,
    );
  });
});

describe("a link in place of a file that is to be made", () => {
  test.each([
    { args: ["import", "Procfile", "-o", "tsgi.config.json"], name: "tsgi.config.json" },
    { args: ["init", "systemd", "--target", "app.ts"], name: "app.service" },
  ])("$args is not written through it", async ({ args, name }) => {
    const linked = new Project({
      Procfile: "web: gunicorn --workers 2 app:app\n",
      "app.ts": "export const application = () => [];",
    });
    const outside = new Project({});
    try {
      const listed = args[0] === "init" ? (await linked.run([...args, "--force"])).stdout : "";
      const file = /Wrote (\S+\.service)/.exec(listed)?.[1] ?? name;
      rmSync(linked.path(file), { force: true });
      symlinkSync(outside.path("secret"), linked.path(file));
      expect((await linked.run(args)).stderr).toContain("already there");
      expect(existsSync(outside.path("secret"))).toBe(false);
      expect((await linked.run([...args, "--force"])).code).toBe(0);
      expect(existsSync(outside.path("secret"))).toBe(false);
      expect(lstatSync(linked.path(file)).isFile()).toBe(true);
    } finally {
      linked.remove();
      outside.remove();
    }
  });
});
