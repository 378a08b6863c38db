// How Python processes end: as under any other server, with their threads waited for and their `atexit` functions run.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test, type TestContext } from "vitest";
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
    time.sleep(4)
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

/** A server in a project of its own: the tests wait for most of their time, so they wait side by side. */
class Served {
  readonly project = new Project({ "app.py": APPLICATION, "script.py": THREADED_SCRIPT });
  readonly command: Command;

  constructor(options: readonly string[], { onTestFinished }: TestContext) {
    this.command = this.project.start(["-b", "127.0.0.1:0", "--python", PYTHON, ...options]);
    onTestFinished(async () => {
      this.command.signal("SIGTERM");
      this.command.signal("SIGTERM");
      await this.command.result;
      for (const pid of this.interpreters()) kill(pid, "SIGKILL");
      this.project.remove();
    });
  }

  async ask(path: string): Promise<string> {
    return (await send(await this.command.port(), path)).text;
  }

  interpreters(): readonly number[] {
    return processesOf(this.project.directory, this.command.pid).interpreters;
  }

  has(what: string, pid: number | string): boolean {
    return existsSync(this.project.path(`${what}-${pid}`));
  }
}

/** That this process has had the end that Python gives every program. */
function expectWholeEnd(served: Served, pid: string): void {
  for (const what of ["worked", "thread", "atexit"]) expect(served.has(what, pid), what).toBe(true);
  const temporary = readFileSync(served.project.path(`temporary-${pid}`), "utf8").split(" ");
  for (const path of temporary) expect(existsSync(path), path).toBe(false);
}

describe.concurrent.each([
  { name: "one thread", options: ["app.py"] },
  { name: "several threads", options: ["app.py", "--threads", "3"] },
  { name: "preloaded and forked", options: ["app.py", "--preload", "-w", "2"] },
  { name: "a program whose main thread waits", options: ["script.py"] },
])("executors, threads, atexit functions and temporary files, $name:", ({ options }) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`a stop (${signal})`, async (context) => {
      const served = new Served(options, context);
      const pid = await served.ask("/begin");
      const all = served.interpreters();
      await served.command.stop(signal);
      expectWholeEnd(served, pid);
      expect(served.interpreters()).toEqual([]);
      // The one that others were forked from ends as well.
      for (const each of all) expect(served.has("atexit", each)).toBe(true);
    });
  }

  test("a reload", async (context) => {
    const served = new Served(options, context);
    const pid = await served.ask("/begin");
    const before = served.interpreters();
    served.command.signal("SIGHUP");
    await eventually(() => before.every((each) => !served.interpreters().includes(each)), "the old processes to end");
    expectWholeEnd(served, pid);
    expect(served.command.stderr).not.toContain("[ERROR]");
  });
});

describe.concurrent("an end", () => {
  test("by a replacement (--max-requests)", async (context) => {
    const served = new Served(["app.py", "--max-requests", "1"], context);
    const pid = await served.ask("/begin");
    await eventually(() => !served.interpreters().includes(Number(pid)), "the old process to end");
    expectWholeEnd(served, pid);
    expect(served.command.stderr).not.toContain("[ERROR]");
  });

  test("that never comes is forced when --graceful-timeout is over, and the log says so", async (context) => {
    const served = new Served(["app.py", "--graceful-timeout", "3"], context);
    await served.ask("/endless");
    const begin = performance.now();
    const result = await served.command.stop();
    expect(performance.now() - begin).toBeGreaterThan(2500);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("The process is killed: it was told to end, and has not");
    expect(served.interpreters()).toEqual([]);
  });

  for (const { name, options } of [
    { name: "one thread", options: [] },
    { name: "several threads", options: ["--threads", "2"] },
    { name: "preloaded and forked", options: ["--preload"] },
  ]) {
    test(`of a server that is killed meanwhile leaves no Python process behind, ${name}`, async (context) => {
      const served = new Served(["app.py", "--graceful-timeout", "60", ...options], context);
      const pid = await served.ask("/endless");
      served.command.signal("SIGTERM");
      await eventually(() => served.has("stopping", pid), "it to wait for its threads");
      expect(served.interpreters()).toContain(Number(pid));
      const { workers } = processesOf(served.project.directory, served.command.pid);
      served.command.signal("SIGKILL");
      for (const worker of workers) kill(worker, "SIGKILL");
      await eventually(() => served.interpreters().length === 0, "the Python processes to end");
      expect(served.has("atexit", pid)).toBe(false);
    });
  }
});
