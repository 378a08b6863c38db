// How Python processes end: as under any other server, with their threads waited for and their `atexit` functions run.
import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Command, Project } from "../cli-command.ts";
import { kill } from "../server/server-project.ts";
import { processesOf } from "./processes-of.ts";
import { eventually, PYTHON, send } from "./serve-python.ts";

/** What it does at its end takes longer than any time that is not the one of the setting. */
const APPLICATION = `
import atexit, os, tempfile, threading, time
from concurrent.futures import ThreadPoolExecutor

executor = ThreadPoolExecutor(1)
began = threading.Event()

def note(what, text=""):
    with open("%s-%d.part" % (what, os.getpid()), "w") as file:
        file.write(text)
    os.rename(file.name, file.name[:-5])

def at_exit():
    note("atexit-began")
    time.sleep(0 if os.path.exists("hurry") else 4)
    note("atexit")

atexit.register(at_exit)

def worked():
    began.wait()
    time.sleep(1)
    note("worked")

def endless():
    main = threading.main_thread()
    while True:
        # Python's own mark: the main thread has come to its end, and waits for the others.
        if not main.is_alive() or main._is_stopped:
            note("stopping")
        time.sleep(0.1)

def begin():
    global temporary
    temporary = tempfile.NamedTemporaryFile()
    directory = tempfile.TemporaryDirectory()
    note("temporary", "%s %s" % (temporary.name, directory.name))
    begin.directory = directory
    executor.submit(worked)
    threading.Thread(target=lambda: (began.wait(), time.sleep(1), note("thread"))).start()
    began.set()

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/begin":
        begin()
    if path == "/endless":
        threading.Thread(target=endless).start()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
`;

/** A program that serves in a thread, while its main thread waits. */
const THREADED_SCRIPT = `
import threading, time
from wsgiref.simple_server import make_server
from app import application

server = make_server("127.0.0.1", 8000, application)
threading.Thread(target=server.serve_forever).start()
while True:
    time.sleep(1000)
`;

let project: Project;
let command: Command | undefined;

beforeEach(() => {
  project = new Project({ "app.py": APPLICATION, "script.py": THREADED_SCRIPT });
});

afterEach(async () => {
  command?.signal("SIGTERM");
  command?.signal("SIGTERM");
  await command?.result;
  for (const pid of interpreters()) kill(pid, "SIGKILL");
  command = undefined;
  project.remove();
});

async function serve(...options: readonly string[]): Promise<number> {
  command = project.start(["-b", "127.0.0.1:0", "--python", PYTHON, ...options]);
  return await command.port();
}

function interpreters(): readonly number[] {
  return processesOf(project.directory, command?.pid ?? 0).interpreters;
}

function has(what: string, pid: number | string): boolean {
  return existsSync(project.path(`${what}-${pid}`));
}

/** That this process has had the end that Python gives every program. */
function expectWholeEnd(pid: string): void {
  for (const what of ["worked", "thread", "atexit"]) expect(has(what, pid), what).toBe(true);
  const temporary = readFileSync(project.path(`temporary-${pid}`), "utf8").split(" ");
  for (const path of temporary) expect(existsSync(path), path).toBe(false);
}

describe.each([
  { name: "one thread", options: ["app.py"] },
  { name: "several threads", options: ["app.py", "--threads", "3"] },
  { name: "preloaded and forked", options: ["app.py", "--preload", "-w", "2"] },
  { name: "a program whose main thread waits", options: ["script.py"] },
])("executors, threads, atexit functions and temporary files, $name:", ({ options }) => {
  test.each(["SIGTERM", "SIGINT"] as const)("a stop (%s)", async (signal) => {
    const port = await serve(...options);
    const { text: pid } = await send(port, "/begin");
    const all = interpreters();
    await command?.stop(signal);
    expectWholeEnd(pid);
    expect(interpreters()).toEqual([]);
    // The one that others were forked from ends as well.
    for (const each of all) expect(has("atexit", each)).toBe(true);
  });

  test("a reload", async () => {
    const port = await serve(...options);
    const { text: pid } = await send(port, "/begin");
    const before = interpreters();
    command?.signal("SIGHUP");
    await eventually(() => before.every((each) => !interpreters().includes(each)), "the old processes to end");
    expectWholeEnd(pid);
    expect(command?.stderr).not.toContain("[ERROR]");
  });
});

test("a replacement (--max-requests)", async () => {
  const port = await serve("app.py", "--max-requests", "1");
  const { text: pid } = await send(port, "/begin");
  await eventually(() => !interpreters().includes(Number(pid)), "the old process to end");
  expectWholeEnd(pid);
  expect(command?.stderr).not.toContain("[ERROR]");
});

test("what never ends is killed when --graceful-timeout is over, and the log says so", async () => {
  const port = await serve("app.py", "--graceful-timeout", "3");
  await send(port, "/endless");
  const begin = performance.now();
  const result = await command?.stop();
  expect(performance.now() - begin).toBeGreaterThan(2500);
  expect(result?.code).toBe(0);
  expect(result?.stderr).toContain("The process is killed: it was told to end, and has not");
  expect(interpreters()).toEqual([]);
});

test.each([
  { name: "one thread", options: [] },
  { name: "several threads", options: ["--threads", "2"] },
  { name: "preloaded and forked", options: ["--preload"] },
])("a server that is killed while its Python processes end leaves none behind, $name", async ({ options }) => {
  const port = await serve("app.py", "--graceful-timeout", "60", ...options);
  const { text: pid } = await send(port, "/endless");
  command?.signal("SIGTERM");
  await eventually(() => has("stopping", pid), "it to wait for its threads");
  expect(interpreters()).toContain(Number(pid));
  const { workers } = processesOf(project.directory, command?.pid ?? 0);
  command?.signal("SIGKILL");
  for (const worker of workers) kill(worker, "SIGKILL");
  await eventually(() => interpreters().length === 0, "the Python processes to end");
  expect(has("atexit", pid)).toBe(false);
});
