// What the command's own settings do for a Python application: the real command, and what a client gets.
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Project, type Command } from "../cli-command.ts";
import { venvPython } from "../needs.ts";
import { send } from "./serve-python.ts";

const APPLICATION = `
import os, sys, time

at_once = most = 0

def application(environ, start_response):
    global at_once, most
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/grow":
        return [str(len(bytearray(600 * 1024 * 1024))).encode()]
    if environ["PATH_INFO"] == "/patched":
        monkey = sys.modules.get("gevent.monkey")
        return [str(monkey is not None and monkey.is_module_patched("socket")).encode()]
    if environ["PATH_INFO"] == "/kind":
        return [("%s %s" % (environ["wsgi.multiprocess"], environ["wsgi.multithread"])).encode()]
    if environ["PATH_INFO"] == "/process":
        time.sleep(0.05)
        return [str(os.getpid()).encode()]
    at_once += 1
    most = max(most, at_once)
    # As many as are expected come, however slowly; more have a moment to come as well.
    expected, deadline = int(environ["QUERY_STRING"]), time.monotonic() + 30
    while most < expected and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    at_once -= 1
    return [str(most).encode()]
`;

const python = venvPython();

let project: Project;
let command: Command | undefined;

beforeEach(() => {
  project = new Project({ "app.py": APPLICATION });
});

afterEach(async () => {
  await command?.stop();
  command = undefined;
  project.remove();
});

async function serve(...options: readonly string[]): Promise<number> {
  command = project.start(["app.py", "-b", "127.0.0.1:0", "--python", python ?? "python3", ...options]);
  return await command.port();
}

/** How many of thirty requests were in the application at once, where so many are expected. */
async function mostAtOnce(port: number, expected: number): Promise<number> {
  const answers = await Promise.all(Array.from({ length: 30 }, () => send(port, `/?${expected}`)));
  return Math.max(...answers.map(({ text }) => Number(text)));
}

test.skipIf(python === undefined).each([
  { options: ["-k", "gevent"], most: 30 },
  { options: ["-k", "gevent", "--threads", "3"], most: 3 },
  { options: ["-k", "gthread", "--threads", "2"], most: 2 },
])("$options", async ({ options, most }) => {
  const port = await serve(...options);
  expect((await send(port, "/patched")).text).toBe(options.includes("gevent") ? "True" : "False");
  expect(await mostAtOnce(port, most)).toBe(most);
});

test.each([
  { options: [], multiprocess: "False", multithread: "False" },
  { options: ["-w", "2"], multiprocess: "True", multithread: "False" },
  { options: ["--guest-processes", "2"], multiprocess: "True", multithread: "False" },
  { options: ["--threads", "2"], multiprocess: "False", multithread: "True" },
])(
  "wsgi.multiprocess and wsgi.multithread tell the truth: $options",
  async ({ options, multiprocess, multithread }) => {
    const port = await serve(...options);
    expect((await send(port, "/kind")).text).toBe(`${multiprocess} ${multithread}`);
  },
);

test("--guest-processes: requests of one worker are shared out among them", async () => {
  const port = await serve("--guest-processes", "3");
  const answers = await Promise.all(Array.from({ length: 12 }, () => send(port, "/process")));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(3);
});

test("gevent that is not installed is named, and the command ends", async () => {
  execFileSync("python3", ["-m", "venv", "--without-pip", project.path("bare")]);
  const { code, stderr } = await project.run(["app.py", "-b", "127.0.0.1:0", "--python", "bare", "-k", "gevent"]);
  expect(stderr).toContain("No module named 'gevent'");
  expect(code).toBe(3);
});

test.skipIf(python === undefined)(
  "--guest-memory-limit: what asks for more gets 500, and the next request is answered",
  async () => {
    const port = await serve("--guest-memory-limit", "300M");
    expect((await send(port, "/grow")).status).toBe(500);
    expect(command?.stderr).toContain("MemoryError");
    expect((await send(port, "/patched")).status).toBe(200);
  },
);
