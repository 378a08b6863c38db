// Functions in Python that are called in the life of Python processes, as gunicorn calls them; Python's logging; threads before a fork.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Command, Project } from "../cli-command.ts";
import { kill } from "../server/server-project.ts";
import { eventually, PYTHON, send } from "./serve-python.ts";

const APPLICATION = `
import logging, os, threading, time

if os.path.exists("with-threads"):
    threading.Thread(target=time.sleep, args=(3600,), daemon=True, name="refresher").start()

log = logging.getLogger("shop")

def application(environ, start_response):
    if environ["PATH_INFO"] == "/exit":
        os._exit(7)
    log.info("asked for %s", environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/stream":
        return iter([b"one", b"two"])
    return [str(os.getpid()).encode()]
`;

/** A configuration of gunicorn, with all that such files do: settings, arguments left out, both ways to format. */
const HOOKS = `
import os

workers = 3
word = "from the file"

def note(what):
    with open("notes", "a") as file:
        file.write("%s %d\\n" % (what, os.getpid()))

def when_ready(server):
    note("when_ready")

def pre_fork(server, worker):
    note("pre_fork")

def post_fork(server, worker):
    note("post_fork %d" % worker.pid)
    server.log.info("Worker spawned (pid: %s, %s)", worker.pid, worker.cfg.word)

def post_worker_init(worker):
    note("post_worker_init")

def pre_request(worker, req):
    note("pre_request %s %s" % (req.method, req.path))

def post_request(worker, req, environ, resp):
    note("post_request %s %s %d" % (req.path, resp.status, environ["wsgi.version"][0]))

def worker_exit(server, worker):
    note("worker_exit %d" % worker.pid)

def child_exit(server, worker):
    note("child_exit %d" % worker.pid)
`;

const GUIDE = new URL("../../docs/guests/python.md", import.meta.url);

let project: Project;
let command: Command | undefined;

beforeEach(() => {
  project = new Project({ "app.py": APPLICATION, "gunicorn.conf.py": HOOKS });
});

afterEach(async () => {
  await command?.stop();
  command = undefined;
  project.remove();
});

async function serve(target: string, ...options: readonly string[]): Promise<number> {
  command = project.start([target, "-b", "127.0.0.1:0", "--python", PYTHON, ...options]);
  return await command.port();
}

/** What the hooks have noted, without the process that noted it. */
function notes(): string[] {
  if (!existsSync(project.path("notes"))) return [];
  return readFileSync(project.path("notes"), "utf8").trimEnd().split("\n");
}

describe.each([{ options: [] }, { options: ["--threads", "2"] }, { options: ["--preload"] }])(
  "$options",
  ({ options }) => {
    test("hooks are called in the processes that serve, in gunicorn's order and with its arguments", async () => {
      const port = await serve("app:application", "--python-hooks", "gunicorn.conf.py", ...options);
      const { text: pid } = await send(port, "/");
      expect((await send(port, "/stream")).text).toBe("onetwo");
      await command?.stop();
      const expected = [
        `post_fork ${pid} ${pid}`,
        `post_worker_init ${pid}`,
        `pre_request GET / ${pid}`,
        `post_request / 200 OK 1 ${pid}`,
        `pre_request GET /stream ${pid}`,
        `post_request /stream 200 OK 1 ${pid}`,
        `worker_exit ${pid} ${pid}`,
      ];
      expect(notes().filter((note) => note.endsWith(` ${pid}`))).toEqual(expected);
      // Those that are called elsewhere.
      const others = notes().filter((note) => !note.endsWith(` ${pid}`));
      const names = others.map((note) => note.replace(/ \d+$/, ""));
      expect(names).toEqual([...(options.includes("--preload") ? ["pre_fork"] : []), `child_exit ${pid}`]);
      expect(command?.stderr).toContain(`Worker spawned (pid: ${pid}, from the file)`);
      expect(command?.stderr).toContain("because the server is no Python process: when_ready");
    });

    test("child_exit is called for a process that has crashed, and for one that was killed", async () => {
      const port = await serve("app:application", "--python-hooks", "gunicorn.conf.py", ...options);
      const { text: first } = await send(port, "/");
      await send(port, "/exit");
      await eventually(() => notes().some((note) => note.startsWith(`child_exit ${first} `)), "the hook for a crash");
      await eventually(async () => (await send(port, "/")).status === 200, "a new process");
      const { text: second } = await send(port, "/");
      kill(Number(second), "SIGKILL");
      await eventually(() => notes().some((note) => note.startsWith(`child_exit ${second} `)), "the hook for a kill");
      expect(command?.stderr).not.toContain("The hook child_exit failed");
    });
  },
);

test("a file of hooks that cannot be run keeps the server from starting, with Python's traceback", async () => {
  project.write("gunicorn.conf.py", "import no_such_module\n");
  const { code, stderr } = await project.run([
    "app:application",
    "-b",
    "127.0.0.1:0",
    "--python",
    PYTHON,
    "--python-hooks",
    "gunicorn.conf.py",
  ]);
  expect(code).toBe(3);
  expect(stderr).toContain("No module named 'no_such_module'");
});

test("--preload says which threads of the application do not run in the processes that serve", async () => {
  project.write("with-threads", "");
  await serve("app:application", "--preload");
  expect(command?.stderr).toContain("The application has started threads while it was loaded: refresher.");
});

const LOGGERS = `
[loggers]
keys = root

[handlers]
keys = file

[formatters]
keys = plain

[logger_root]
level = INFO
handlers = file

[handler_file]
class = FileHandler
args = ("%(here)s/shop.log",)
formatter = plain

[formatter_plain]
format = %(name)s says %(message)s
`;

test.each([
  { name: "--log-config", target: "app:application", options: ["--log-config", "logging.ini"] },
  { name: "--log-config-json", target: "app:application", options: ["--log-config-json", "logging.json"] },
  { name: "[loggers] of the INI file that is served", target: "site.ini", options: [] },
])("$name configures Python's logging", async ({ target, options }) => {
  project.write("logging.ini", LOGGERS);
  project.write(
    "logging.json",
    JSON.stringify({
      formatters: { plain: { format: "%(name)s says %(message)s" } },
      handlers: { file: { class: "logging.FileHandler", filename: "shop.log", formatter: "plain" } },
      root: { level: "INFO", handlers: ["file"] },
    }),
  );
  project.write("site.ini", `[app:main]\npaste.app_factory = factories:make\n${LOGGERS}`);
  project.write("factories.py", "from app import application\n\ndef make(global_conf):\n    return application\n");
  const port = await serve(target, ...options);
  expect((await send(port, "/cart")).status).toBe(200);
  expect(readFileSync(project.path("shop.log"), "utf8")).toBe("shop says asked for /cart\n");
});

const MEASURED = `
import os, time
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, multiprocess

requests = Counter("shop_requests", "Requests")
processes = Gauge("shop_processes", "Processes", multiprocess_mode="livesum")

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/metrics":
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        return [generate_latest(registry)]
    requests.inc()
    processes.set(1)
    time.sleep(0.02)
    return [str(os.getpid()).encode()]
`;

test("prometheus_client counts over all processes, and forgets one that has been killed", async () => {
  project.write("measured.py", MEASURED);
  const [, hooks = ""] = /```python\n(from prometheus_client[\s\S]*?)```/.exec(readFileSync(GUIDE, "utf8")) ?? [];
  project.write("prometheus.py", hooks);
  mkdirSync(project.path("metrics"));
  command = project.start(
    [
      "measured:application",
      "-b",
      "127.0.0.1:0",
      "--workers",
      "2",
      "--python",
      PYTHON,
      "--python-hooks",
      "prometheus.py",
    ],
    { env: { PROMETHEUS_MULTIPROC_DIR: project.path("metrics") } },
  );
  const port = await command.port();
  const pids = new Set<string>();
  let asked = 0;
  await eventually(async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(port, "/")));
    for (const { text } of answers) pids.add(text);
    asked += answers.length;
    return pids.size === 2;
  }, "both processes to answer");
  const valueOf = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec((await send(port, "/metrics")).text)?.[1]);
  expect(await valueOf("shop_requests_total")).toBe(asked);
  expect(await valueOf("shop_processes")).toBe(2);

  kill(Number([...pids][0]), "SIGKILL");
  await eventually(async () => (await valueOf("shop_processes")) === 1, "the hook to take its gauge away");
  expect(await valueOf("shop_requests_total")).toBe(asked);
});
