import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { resolveSettings } from "../../server/settings/resolve.ts";
import { SETTINGS, type Settings } from "../../server/settings/table.ts";
import type { Remark } from "./remark-list.ts";
import { draftOf, importFile, type ImportKind } from "./import-file.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tsgi-import-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const PATH = { PATH: process.env["PATH"] };

function put(name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
}

/** What the server itself reads out of the imported file, where it is not the default. */
async function settingsOf(
  name: string,
  environment: Record<string, string | undefined> = PATH,
): Promise<Partial<Settings>> {
  importFile(name, { output: "tsgi.config.json" }, root, environment);
  const { settings } = await resolveSettings({ directory: root, environment: {} });
  const { configFile, ...others } = settings;
  expect(configFile).toBe(join(root, "tsgi.config.json"));
  return Object.fromEntries(
    Object.entries(others).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(SETTINGS[key as keyof typeof SETTINGS].default),
    ),
  );
}

/** Kind and reason of what was said about a line. */
function remark(
  kind: Exclude<ImportKind, "nginx" | "apache">,
  name: string,
  subject: string,
  environment = PATH,
): Pick<Remark, "kind" | "why"> | undefined {
  const { remarks } = draftOf(name, kind, root, environment);
  return remarks.find((each) => each.subject === subject || each.subject.startsWith(`${subject} = `));
}

describe("gunicorn.conf.py", () => {
  test("is run by Python, and its settings get the names and forms of here", async () => {
    put("shop/wsgi.py", "");
    put(
      "gunicorn.conf.py",
      [
        "import os",
        'bind = ["127.0.0.1:8001", "[::1]:8001"]',
        "workers = len([1, 2, 3])",
        "timeout, graceful_timeout, keepalive = 120, 20, 7",
        "preload_app = True",
        "umask = 0o027",
        "user = 1000",
        'loglevel = "WARNING"',
        'accesslog = "-"',
        'raw_env = ["A=1", "B=x,y"]',
        'wsgi_app = "shop.wsgi:make()"',
        'print("said while it is read")',
      ].join("\n"),
    );
    expect(await settingsOf("gunicorn.conf.py")).toEqual({
      bind: ["127.0.0.1:8001", "[::1]:8001"],
      workers: 3,
      timeout: 120,
      gracefulTimeout: 20,
      keepAlive: 7,
      preload: true,
      umask: 0o027,
      user: "1000",
      logLevel: "warning",
      accessLogfile: "-",
      env: ["A=1", "B=x,y"],
      target: "shop.wsgi:make()",
    });
  });

  test.each([
    ["def on_reload(server): pass", "on_reload", "missing", "onReload(arbiter)"],
    ["def post_fork(server, worker): pass", "post_fork", "changed", "Python processes call"],
    ["def worker_abort(worker): pass", "worker_abort", "missing", "childExit"],
    ['worker_tmp_dir = "/dev/shm"', "worker_tmp_dir", "missing", "pipe"],
    ['worker_class = "uvicorn.workers.UvicornWorker"', "worker_class", "missing", "ASGI"],
    ['worker_class = "gevent"', "worker_class", "changed", "greenlets"],
    ['worker_class = "gthread"', "worker_class", "needless", "threads"],
    ['forwarder_headers = "SCRIPT_NAME,PATH_INFO"', "forwarder_headers", "changed", "forwardedHeaders"],
    ['forwarder_headers = ["REMOTE_USER"]', "forwarder_headers", "missing", "SCRIPT_NAME"],
    ["threads = 4\ntimeout = 9", "timeout", "changed", "each request"],
    ["worker = 3", "worker", "missing", '"workers"'],
    ["workers = 0", "workers", "missing", "a whole number from 1"],
    ["workers = object()", "workers", "missing", "object"],
    ['bind = "unix:/run/a.sock"', "bind", "changed", "trusted"],
  ])("%j is commented on", (text, subject, kind, why) => {
    put("gunicorn.conf.py", text);
    expect(remark("gunicorn", "gunicorn.conf.py", subject)).toMatchObject({ kind, why: expect.stringContaining(why) });
  });

  test("can be read also where gunicorn is not installed any more", async () => {
    put(
      "gunicorn.conf.py",
      [
        "import gunicorn, logging",
        "from gunicorn import glogging, util",
        "from gunicorn.glogging import CONFIG_DEFAULTS, Logger",
        "from uvicorn.workers import UvicornWorker",
        'gunicorn.SERVER_SOFTWARE = "shop"',
        "class ShopLogger(Logger):",
        "    def setup(self, cfg):",
        "        super().setup(cfg)",
        "class ShopWorker(UvicornWorker):",
        '    CONFIG_KWARGS = {"loop": "asyncio"}',
        "logger_class = ShopLogger",
        "workers = 2 if gunicorn.__version__ >= '20' else 1",
      ].join("\n"),
    );
    expect(await settingsOf("gunicorn.conf.py")).toEqual({ workers: 2 });
    expect(remark("gunicorn", "gunicorn.conf.py", "logger_class")).toMatchObject({ kind: "missing" });
  });

  test("that fails is reported with Python's own words", () => {
    put("gunicorn.conf.py", "workers = 1 / 0");
    expect(() => importFile("gunicorn.conf.py", {}, root, PATH)).toThrow(/ZeroDivisionError: division by zero$/);
    put("gunicorn.conf.py", "import gunicorn_of_ours");
    expect(() => importFile("gunicorn.conf.py", {}, root, PATH)).toThrow(/No module named 'gunicorn_of_ours'$/);
  });

  test("gives way to GUNICORN_CMD_ARGS", async () => {
    put("gunicorn.conf.py", "workers = 2\nthreads = 3");
    const environment = { ...PATH, GUNICORN_CMD_ARGS: "--workers=5 -b :9000" };
    expect(await settingsOf("gunicorn.conf.py", environment)).toEqual({ workers: 5, threads: 3, bind: [":9000"] });
  });
});

describe("ini-paste-logged", () => {
  const SITE = "[uwsgi]\nhttp-socket = :9090\nprocesses = 3\nini-paste-logged = %p\n[app:main]\nuse = egg:shop\n";

  test.each([
    ["on a command line", "Procfile", "web: uwsgi --ini-paste-logged site.ini", "site.ini"],
    ["in another file", "uwsgi.ini", "[uwsgi]\nini-paste-logged = config:site.ini#main", "site.ini#main"],
  ])("%s names the application, and its section [uwsgi] counts", async (_, name, text, target) => {
    put("site.ini", SITE);
    put(name, text);
    expect(await settingsOf(name)).toMatchObject({ target, workers: 3, bind: [":9090"] });
    const kind = name === "Procfile" ? "procfile" : "uwsgi";
    expect(remark(kind, name, "target")).toBeUndefined();
  });

  test("a file without such a section is an application only; one that is not there is said", async () => {
    put("site.ini", "[app:main]\nuse = egg:shop\n");
    put("Procfile", "web: uwsgi --ini-paste site.ini");
    expect(await settingsOf("Procfile")).toMatchObject({ target: "site.ini" });
    expect(remark("procfile", "Procfile", "target")).toBeUndefined();
    put("Procfile", "web: uwsgi --ini-paste-logged missing.ini");
    expect(remark("procfile", "Procfile", "target")).toMatchObject({ why: "no such file is there" });
  });

  test("a file of gunicorn's --paste that is there needs no remark", () => {
    put("site.ini", SITE);
    put("Procfile", "web: gunicorn --paste site.ini");
    expect(remark("procfile", "Procfile", "target")).toBeUndefined();
  });
});

describe("Procfile", () => {
  test.each<[line: string, settings: Partial<Settings>]>([
    ["gunicorn shop:app", { target: "shop:app" }],
    ["gunicorn -w4 -b :9000 --bind=:9001 shop:app", { target: "shop:app", workers: 4, bind: [":9000", ":9001"] }],
    ["gunicorn shop:app --bind 0.0.0.0:$PORT -w $WEB_CONCURRENCY", { target: "shop:app" }],
    ['gunicorn shop:app -b "0.0.0.0:${PORT:-8000}" --log-file -', { target: "shop:app" }],
    ["gunicorn --preload --threads ${THREADS:-8} shop:app", { target: "shop:app", preload: true, threads: 8 }],
    ["cd src && FOO=bar exec poetry run gunicorn shop:app", { target: "shop:app", chdir: "src", env: ["FOO=bar"] }],
    ["cd src && gunicorn --chdir web shop:app", { target: "shop:app", chdir: "src/web" }],
    ["python -m gunicorn --paste site.ini#main --paste-global debug=true", { target: "site.ini?debug=true#main" }],
    ["GUNICORN_CMD_ARGS='--workers 3' gunicorn shop:app --reload", { target: "shop:app", workers: 3, reload: true }],
    [
      "gunicorn -k gevent --worker-connections 50 shop:app",
      { target: "shop:app", workerClass: "gevent", threads: 50, workerConnections: 50 },
    ],
    [
      "gunicorn shop:app --proxy-protocol --max-requests-j 5",
      { target: "shop:app", proxyProtocol: "auto", maxRequestsJitter: 5 },
    ],
    ["uwsgi --http :$PORT -p 2 --disable-logging --module shop:app", { target: "shop:app", workers: 2 }],
  ])("%s", async (line, settings) => {
    put("shop.py", "");
    put("src/shop.py", "");
    put("Procfile", `worker: celery\nweb: ${line}\n`);
    expect(await settingsOf("Procfile")).toEqual(settings);
  });

  test.each([
    ["web: waitress-serve shop:app", "expected one that starts gunicorn or uwsgi"],
    ["worker: celery", "no process of type web"],
    ["web: gunicorn --nonsense shop:app", "gunicorn has no such flag"],
    ["web: gunicorn shop:app --workers", "expected a value after it"],
  ])("%s is refused", (text, message) => {
    put("Procfile", text);
    expect(() => importFile("Procfile", {}, root, PATH)).toThrow(message);
  });

  test("lists its other processes, and variables that nobody fills in", () => {
    put("Procfile", "web: gunicorn shop:app --log-file $LOG\nworker: celery -A shop");
    expect(remark("procfile", "Procfile", "worker: celery -A shop")).toMatchObject({ kind: "missing" });
    expect(remark("procfile", "Procfile", "$LOG")).toMatchObject({ kind: "missing" });
  });
});

describe("uwsgi.ini", () => {
  test("fills in variables, and takes the last of an option that is repeated", async () => {
    put("src/shop.py", "");
    put(
      "etc/site.ini",
      [
        "[other]",
        "processes = 9",
        "[uwsgi]",
        "; a comment",
        "project = shop",
        "chdir = %d../src",
        "module = %(project)",
        "callable = app",
        "http-socket = 127.0.0.1:8001",
        "processes = 2",
        "processes = 4",
        "harakiri = 60",
        "max-requests = 100",
        "max_worker_lifetime = 3600",
        "env = A=1",
        "env = SITE=%n",
        "env = HOME_OF=$(OWNER)",
        "logger = file:/tmp/%n.log",
        "disable-logging = true",
        "limit-post = 1000",
        "umask = 022",
      ].join("\n"),
    );
    const settings = await settingsOf("etc/site.ini", { ...PATH, OWNER: "me" });
    expect(settings).toEqual({
      chdir: `${root}/etc/../src`,
      target: "shop:app",
      bind: ["127.0.0.1:8001"],
      workers: 4,
      timeout: 60,
      maxRequests: 100,
      maxWorkerAge: 3600,
      env: ["A=1", "SITE=site", "HOME_OF=me"],
      errorLogfile: "/tmp/site.log",
      limitRequestBody: 1000,
      umask: 0o022,
    });
  });

  test.each<[text: string, settings: Partial<Settings>]>([
    ["wsgi-file = web/app.py", { target: "web/app.py:application" }],
    ["module = shop.wsgi", { target: "shop.wsgi:application" }],
    ["module = shop:make('a:b')", { target: "shop:make('a:b')" }],
    ["mount = /=shop:app", { target: "shop:app" }],
    ["ini-paste = site.ini", { target: "site.ini" }],
    ["http = 0:80", { bind: ["0.0.0.0:80"] }],
    ["http-socket = run/a.sock", { bind: ["unix:run/a.sock"], forwardedAllowIps: ["127.0.0.1", "::1", "unix"] }],
    ["socket = run/a.sock", { bind: ["uwsgi:unix:run/a.sock"] }],
    ["stats = /run/stats", { stats: "unix:/run/stats" }],
    ["stats = 0:1717", { stats: "0.0.0.0:1717" }],
    ["https = :443,a.crt,a.key,HIGH", { bind: [":443"], certfile: "a.crt", keyfile: "a.key", ciphers: "HIGH" }],
    ["buffer-size = 32768", { limitRequestLine: 32_768, limitRequestFieldSize: 32_768 }],
    ["buffer-size = 4096", {}],
    ["chmod-socket = 660", { umask: 0o006 }],
    ["virtualenv = /srv/venv", { python: "/srv/venv" }],
    ["gevent = 500", { workerClass: "gevent", threads: 500 }],
    ["py-autoreload = 2", { reload: true }],
    ["daemonize = /tmp/a.log", { daemon: true, errorLogfile: "/tmp/a.log" }],
    ["stats = 127.0.0.1:1717", { stats: "127.0.0.1:1717" }],
    ["reuse-port = true", { reusePort: true, dispatch: "reuse-port" }],
    ["pp = lib\npp = /opt/x", { env: ["PYTHONPATH=@/lib:/opt/x"] }],
  ])("%j", async (text, settings) => {
    put("uwsgi.ini", `[uwsgi]\ndisable-logging = true\n${text}\n`);
    const expected = JSON.parse(JSON.stringify(settings).replace("@", root)) as Partial<Settings>;
    expect(await settingsOf("uwsgi.ini")).toEqual(expected);
  });

  test.each([
    ["socket = :3031", "socket", "changed", "gatewayAllowIps"],
    ["static-map = /static=/srv", "static-map", "missing", "nginx"],
    ["cheaper-algo = busyness", "cheaper-algo", "missing", "number of workers is fixed"],
    ["touch-reload = x", "touch-reload", "missing", "HUP"],
    ["reload-on-rss = 200", "reload-on-rss", "missing", "guestMemoryLimit"],
    ["master = true", "master", "needless", "process above"],
    ["master = false", "master", "changed", "cannot be turned off"],
    ["harakiry = 3", "harakiry", "missing", '"harakiri"'],
    ["mount = /a=a.py\nmount = /b=b.py", "mount", "missing", "urlMap"],
    ["wsgi-file = app.wsgi", "wsgi-file", "missing", ".py"],
    ["logto = $(NOWHERE)/a", "logto", "missing", "$(NOWHERE) has no value"],
    ['log-format = %(addr) "%(method)"', "log-format", "missing", "write accessLogformat in gunicorn's atoms"],
  ])("%j is commented on", (text, subject, kind, why) => {
    put("uwsgi.ini", `[uwsgi]\n${text}\n`);
    expect(remark("uwsgi", "uwsgi.ini", subject)).toMatchObject({ kind, why: expect.stringContaining(why) });
  });
});

describe("importFile", () => {
  test("writes TypeScript with the hooks to write, which the server reads", async () => {
    put("gunicorn.conf.py", 'workers = 2\nwsgi_app = "a:b"\ndef on_exit(server): pass');
    importFile("gunicorn.conf.py", { output: "tsgi.config.ts" }, root, PATH);
    expect(readFileSync(join(root, "tsgi.config.ts"), "utf8")).toContain("  // onExit(arbiter) {},\n");
    const { settings } = await resolveSettings({ directory: root, environment: {} });
    expect(settings).toMatchObject({ workers: 2, target: "a:b" });
  });

  test("leaves hooks of Python processes where they are", () => {
    put("gunicorn.conf.py", "chdir = 'src'\ndef child_exit(server, worker): pass\ndef post_fork(server, worker): pass");
    const output = "tsgi.config.json";
    importFile("gunicorn.conf.py", { output }, root, PATH);
    expect(JSON.parse(readFileSync(join(root, output), "utf8"))).toEqual({
      chdir: "src",
      pythonHooks: "../gunicorn.conf.py",
    });
  });

  test("overwrites nothing unless it is told to", () => {
    put("gunicorn.conf.py", "workers = 2");
    put("tsgi.config.json", "{}");
    const output = "tsgi.config.json";
    expect(() => importFile("gunicorn.conf.py", { output }, root, PATH)).toThrow("give --force");
    expect(readFileSync(join(root, output), "utf8")).toBe("{}");
    importFile("gunicorn.conf.py", { output, force: true }, root, PATH);
    expect(readFileSync(join(root, output), "utf8")).toBe('{\n  "workers": 2\n}\n');
  });

  test.each([
    ["haproxy.cfg", {}, "Cannot tell what kind of file"],
    ["uwsgi.ini", { output: "a.yaml" }, "expected a name that ends in"],
    ["absent.ini", {}, "Cannot read the file"],
  ])("refuses %s", (file, options, message) => {
    expect(() => importFile(file, options, root, PATH)).toThrow(message);
  });
});
