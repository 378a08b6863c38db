// What the command may be told to serve in Python: files of any name, programs with arguments, commands that run Python.
import { chmodSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Project, type Command } from "../cli-command.ts";
import { freePort } from "../free-port.ts";
import { venvPython } from "../needs.ts";
import { send } from "./serve-python.ts";

const APPLICATION = `
import sys
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("%s %r" % (__name__, sys.argv)).encode()]
`;
const PROGRAM = `${APPLICATION}
import argparse
from wsgiref.simple_server import make_server
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--text")
    parser.add_argument("port", type=int)
    print("text is", parser.parse_args().text)
    make_server("127.0.0.1", parser.parse_args().port, application).serve_forever()
`;
const PYTHON = venvPython() ?? "python3";

let project: Project;
let command: Command | undefined;

beforeEach(() => {
  project = new Project({
    "app.wsgi": APPLICATION,
    "bin/keystone-wsgi-public": PROGRAM,
    "my-app.py": APPLICATION,
    "приложение.py": APPLICATION.replace("def application", "def основа"),
    "prog.py": PROGRAM,
    "lib/neighbour.py": "NAME = 'a neighbour'",
    "neighbourly.py": `from neighbour import NAME\n${APPLICATION}`,
    tracer: `#!/bin/sh\nTRACED=yes exec "$@"\n`,
    "traced.py": APPLICATION.replace("__name__", "__import__('os').environ['TRACED']"),
    "app.ts": "export const application = () => []",
  });
  chmodSync(project.path("tracer"), 0o755);
});

afterEach(async () => {
  await command?.stop();
  command = undefined;
  project.remove();
});

test.each([
  [["./app.wsgi"], "tsgi_target_app ['tsgi']"],
  [["app.wsgi:application"], "tsgi_target_app ['tsgi']"],
  [["--python", PYTHON, "app.wsgi"], "tsgi_target_app ['tsgi']"],
  [["bin/keystone-wsgi-public:application"], "tsgi_target_keystone_wsgi_public ['tsgi']"],
  [["bin/keystone-wsgi-public", "--", "8001"], "__main__ ['bin/keystone-wsgi-public', '8001']"],
  [["my-app:application"], "my-app ['tsgi']"],
  [["приложение:основа"], "приложение ['tsgi']"],
  [["my-app:application", "--", "--text", "x y"], "my-app ['tsgi', '--text', 'x y']"],
  [["prog.py", "--", "--text", "x", "8001"], "__main__ ['prog.py', '--text', 'x', '8001']"],
])("%s", async (args, text) => {
  command = project.start(["-b", "127.0.0.1:0", ...args]);
  expect((await send(await command.port(), "/")).text).toBe(text);
});

test("an absolute path with an attribute", async () => {
  command = project.start(["-b", "127.0.0.1:0", `${project.path("app.wsgi")}:application`]);
  expect((await send(await command.port(), "/")).status).toBe(200);
});

test("a program that learns from its arguments where to serve is served there", async () => {
  const port = await freePort();
  command = project.start(["prog.py", "--", "--text", "where to", String(port)]);
  expect(await command.port()).toBe(port);
  expect((await send(port, "/")).text).toBe(`__main__ ['prog.py', '--text', 'where to', '${port}']`);
});

test("a target in TypeScript takes no arguments", async () => {
  const { code, stderr } = await project.run(["app.ts", "--", "--text", "x"]);
  expect(stderr).toContain(
    'tsgi: Too many arguments: "--text"; only an application in Python, Ruby or Perl takes arguments after "--"',
  );
  expect(code).toBe(2);
});

test("a command that runs Python", async () => {
  command = project.start(["-b", "127.0.0.1:0", "--python", `./tracer ${PYTHON}`, "traced:application"]);
  expect((await send(await command.port(), "/")).text).toBe("yes ['tsgi']");
});

test("PYTHONSAFEPATH keeps what stands in PYTHONPATH, and the directory that is served from", async () => {
  command = project.start(["-b", "127.0.0.1:0", "--python", PYTHON, "neighbourly:application"], {
    env: { PYTHONSAFEPATH: "1", PYTHONPATH: project.path("lib") },
  });
  expect((await send(await command.port(), "/")).status).toBe(200);
});

test.each([
  [
    ["mising.py"],
    5,
    `tsgi: Cannot find 'mising.py': No such file (looked for DIRECTORY/mising.py); did you mean 'missing.py'\n`,
  ],
  [["./bin/", "--python", PYTHON], 5, "tsgi: Cannot find './bin/': it is a directory, expected a file or a module\n"],
  [
    ["--python", PYTHON, "missin:app"],
    5,
    "tsgi: Cannot find the module 'missin': No module named 'missin'; did you mean 'missing'\n",
  ],
  [["missing:ap"], 7, "tsgi: missing has no attribute 'ap'; did you mean 'app'\n"],
  [["missing:other"], 7, "tsgi: missing has no attribute 'other'\n"],
  [["unclosed:app"], 6, "SyntaxError: '(' was never closed"],
])("a mistake in the target is one line: %s", async (args, code, message) => {
  project.write("missing.py", "app = 1");
  project.write("unclosed.py", "app = (1\n");
  const result = await project.run(["-b", "127.0.0.1:0", ...args]);
  expect(result.stderr).toContain(message.replace("DIRECTORY", project.directory));
  expect(result.stderr).not.toContain("guests/python/shim");
  expect(result.code).toBe(code);
});
