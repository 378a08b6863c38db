// Configuration files that mix languages: TypeScript around Python, Python around TypeScript, composites of both, eggs of Python.
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import type { DeployError } from "../../src/deploy/errors.ts";
import { loadApplication, type LoadedApplication } from "../../src/server/loading/load-application.ts";
import { ErrorLog } from "../../src/server/logging/error-log.ts";
import { LogFile } from "../../src/server/logging/log-file.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import { venvPython } from "../needs.ts";
import { eventually, serveApplication } from "../python/serve-python.ts";
import { Project } from "./project.ts";

const PYTHON = venvPython();

const TYPESCRIPT = `
import type { AppFactory, CompositeFactory, FilterFactory } from "tsgi/deploy";

export const auth: FilterFactory = (_globalConf, { realm = "none" }) => (application) => (environ, startResponse) => {
  if (environ["HTTP_AUTHORIZATION"] === undefined) {
    startResponse("401 Unauthorized", [["WWW-Authenticate", \`Basic realm="\${realm}"\`]]);
    return [Buffer.from("who are you")];
  }
  environ["my.roles"] = ["admin", 7];
  environ["my.limits"] = { items: 3 };
  return application(environ, startResponse);
};

export const stamp: FilterFactory = () => (application) => (environ, startResponse) =>
  application(environ, (status, headers, excInfo) => startResponse(status, [...headers, ["X-Stamp", "ts"]], excInfo));

export const echo: AppFactory = (_globalConf, { name = "echo" }) => async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const seen = { name, script: environ.SCRIPT_NAME, path: environ.PATH_INFO, body: body.toString(), deep: environ["my.deep"] ?? null };
  return [Buffer.from(JSON.stringify(seen))];
};
`;

const FACTORIES = `
import json, os

def app_factory(global_conf, name="app", **local_conf):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json"), ("X-Pid", str(os.getpid()))])
        seen = {"name": name, "global": sorted(k for k in global_conf if k not in ("here", "__file__")), "local": local_conf,
            "mark": environ.get("my.mark") and environ["my.mark"].words, "script": environ["SCRIPT_NAME"], "path": environ["PATH_INFO"],
            "keys": sorted(k for k in environ if k.startswith("tsgi.deploy")), "suffix": global_conf.get("suffix")}
        return [json.dumps(seen).encode()]
    return app

class Mark:
    def __init__(self):
        self.words = []

def filter_factory(global_conf, word="filter", header="X-Filter"):
    def filter(app):
        def filtered(environ, start_response):
            environ.setdefault("my.mark", Mark()).words.append(word)
            def start(status, headers, exc_info=None):
                return start_response(status, headers + [(header, "%s %d" % (word, os.getpid()))], exc_info)
            return app(environ, start)
        return filtered
    return filter

def upper_factory(app, global_conf, **local_conf):
    def upper(environ, start_response):
        environ["my.deep"] = {"list": [1, 2.5, None, True], "text": "\\u00e9\\u4e00"}
        for chunk in app(environ, start_response):
            yield chunk.upper()
    return upper

def composite_factory(loader, global_conf, **local_conf):
    apps = {key: loader.get_app(name, global_conf=global_conf) for key, name in local_conf.items() if key.startswith("/")}
    if "around" in local_conf:
        names = local_conf["around"].split()
        app = loader.get_app(names[-1], dict(global_conf, suffix="!"))
        for name in reversed(names[:-1]):
            app = loader.get_filter(name, global_conf)(app)
        apps["/around"] = app
    def switch(environ, start_response):
        for key, app in apps.items():
            if environ["PATH_INFO"].startswith(key):
                environ["SCRIPT_NAME"] += key
                environ["PATH_INFO"] = environ["PATH_INFO"][len(key):]
                return app(environ, start_response)
        start_response("404 Not Found", [])
        return [b"no"]
    return switch

def asking_composite(loader, global_conf, **local_conf):
    return loader.get_app("hid" + "den")

def failing_factory(global_conf, **local_conf):
    raise ValueError("the database is away")

not_callable = 42
`;

const FLASK = `
from flask import Flask, request

def app_factory(global_conf, greeting="Hello"):
    app = Flask(__name__)

    @app.post("/items/<name>")
    def item(name):
        return {"greeting": greeting, "name": name, "roles": request.environ["my.roles"], "limits": request.environ["my.limits"],
            "mark": request.environ["my.mark"].words, "body": request.get_data(as_text=True)}

    return app
`;

const open: { close(graceSeconds: number): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close(0);
});

function project(files: Readonly<Record<string, string>>): Project {
  return new Project({ "typescript.ts": TYPESCRIPT, "pyfactories.py": FACTORIES, "shop.py": FLASK, ...files });
}

/** Loads as a worker does. */
async function load(target: string, python = PYTHON as string, logFile = "/dev/null"): Promise<LoadedApplication> {
  const settings = {
    arguments: [],
    workers: 1,
    guestProcesses: 1,
    python,
    threads: 1,
    workerClass: "sync" as const,
    guestMemoryLimit: 0,
    preload: false,
    timeout: 20,
    pythonHooks: null,
    logConfig: null,
    logConfigJson: null,
    captureOutput: false,
    errorLogfile: "-",
    gracefulTimeout: 1,
  };
  const loaded = await loadApplication(target, settings, new ErrorLog(LogFile.open(logFile), "info"));
  open.push(loaded);
  return loaded;
}

async function serve(
  files: Readonly<Record<string, string>>,
  target = "app.ini",
  python?: string,
): Promise<TestClient> {
  const loaded = await load(project(files).path(target), python);
  const server = await serveApplication(loaded.application);
  const client = new TestClient(`http://127.0.0.1:${server.port}`);
  open.push(server, { close: async () => client.close() });
  return client;
}

describe.skipIf(PYTHON === undefined)("A mixed pipeline", () => {
  const AROUND_FLASK = `
[pipeline:main]
pipeline = auth words flask

[filter:auth]
use = call:typescript:auth
realm = shop

[filter:words]
use = call:pyfactories:filter_factory
word = between

[app:flask]
use = call:shop:app_factory
greeting = Good morning
`;

  test("TypeScript auth, a Python filter, a Flask application", async () => {
    const client = await serve({ "app.ini": AROUND_FLASK });
    const refused = await client.post("/items/pen", { body: "blue" });
    expect([refused.status, refused.headers.get("WWW-Authenticate"), refused.headers.get("X-Filter")]).toEqual([
      401,
      'Basic realm="shop"',
      null,
    ]);
    const answer = await client.post("/items/pen", { body: "blue", headers: { Authorization: "Basic eA==" } });
    expect(answer.json()).toEqual({
      greeting: "Good morning",
      name: "pen",
      roles: ["admin", 7],
      limits: { items: 3 },
      mark: ["between"],
      body: "blue",
    });
    expect(answer.headers.get("X-Filter")).toMatch(/^between \d+$/);
  });

  test("a Python filter around a TypeScript application", async () => {
    const client = await serve({
      "app.ini": `
[app:main]
use = call:typescript:echo
name = quiet
filter-with = upper
[filter:upper]
paste.filter_app_factory = pyfactories:upper_factory
`,
    });
    const answer = await client.post("/some/where", { body: "a\nb" });
    expect(JSON.parse(answer.text().toLowerCase())).toEqual({
      name: "quiet",
      script: "",
      path: "/some/where",
      body: "a\nb",
      deep: { list: [1, 2.5, null, true], text: "\u00e9\u4e00" },
    });
    expect(answer.text()).toContain('"NAME":"QUIET"');
  });

  test("neighbouring Python layers share a process, and call each other without leaving it", async () => {
    const client = await serve({
      "app.ini": `
[pipeline:main]
pipeline = stamp one two app
[filter:stamp]
use = call:typescript:stamp
[filter:one]
use = call:pyfactories:filter_factory
word = first
header = X-One
[filter:two]
use = call:pyfactories:filter_factory
word = second
header = X-Two
[app:app]
use = call:pyfactories:app_factory
`,
    });
    const answer = await client.get("/");
    // An object of a class of its own reaches the application as it is: there was no wire in between.
    expect(answer.json()).toMatchObject({ mark: ["first", "second"], keys: [] });
    const pid = answer.headers.get("X-Pid");
    expect([answer.headers.get("X-One"), answer.headers.get("X-Two"), answer.headers.get("X-Stamp")]).toEqual([
      `first ${pid}`,
      `second ${pid}`,
      "ts",
    ]);
  });

  test("languages alternate as often as the file says, with one thread each", async () => {
    const client = await serve({
      "app.ini": `
[pipeline:main]
pipeline = outer stamp inner stamp app
[filter:stamp]
use = call:typescript:stamp
[filter:outer]
use = call:pyfactories:filter_factory
header = X-Outer
[filter:inner]
use = call:pyfactories:filter_factory
header = X-Inner
[app:app]
use = call:pyfactories:app_factory
`,
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.get("/")));
    for (const answer of answers) {
      const pids = ["X-Outer", "X-Inner", "X-Pid"].map((name) => answer.headers.get(name)?.replace(/\D/g, ""));
      expect(new Set(pids).size).toBe(3);
      expect(answer.headers.getAll("X-Stamp")).toEqual(["ts", "ts"]);
    }
  });

  test("applications of Python under a composite of TypeScript share one process", async () => {
    const client = await serve({
      "app.ini": `
[composite:main]
use = egg:tsgi#urlmap
/one = one
/two = two
/three = three
[app:one]
use = call:pyfactories:app_factory
name = one
[app:two]
use = call:pyfactories:app_factory
name = two
[app:three]
use = call:typescript:echo
`,
    });
    const [one, two, three] = await Promise.all([client.get("/one/x"), client.get("/two"), client.get("/three/y")]);
    expect(one?.json()).toMatchObject({ name: "one", script: "/one", path: "/x", keys: [] });
    expect(two?.json()).toMatchObject({ name: "two", script: "/two", path: "" });
    expect(three?.json()).toMatchObject({ name: "echo", script: "/three" });
    expect(one?.headers.get("X-Pid")).toBe(two?.headers.get("X-Pid"));
  });
});

describe.skipIf(PYTHON === undefined)("A composite in Python", () => {
  const COMPOSITE = `
[DEFAULT]
debug = no
[composite:main]
use = call:pyfactories:composite_factory
/py = pyapp
/ts = tsapp
/mix = mixed
/nested = nested
around = word pyapp
set suffix = ?
[composite:nested]
use = call:pyfactories:composite_factory
/deep = pyapp
/ts = tsapp
[pipeline:mixed]
pipeline = word stamp tsapp
[app:pyapp]
use = call:pyfactories:app_factory
[app:tsapp]
use = call:typescript:echo
[filter:word]
use = call:pyfactories:filter_factory
[filter:stamp]
use = call:typescript:stamp
`;

  test("loads applications of both languages by name", async () => {
    const client = await serve({ "app.ini": COMPOSITE });
    expect((await client.get("/py/x")).json()).toMatchObject({
      name: "app",
      path: "/x",
      suffix: "?",
      global: ["debug", "suffix"],
    });
    expect((await client.post("/ts/x", { body: "sent" })).json()).toMatchObject({
      script: "/ts",
      path: "/x",
      body: "sent",
    });
    const mixed = await client.get("/mix");
    expect([mixed.headers.get("X-Stamp"), mixed.headers.get("X-Filter")]).toEqual([
      "ts",
      expect.stringMatching(/^filter /),
    ]);
    expect((await client.get("/nested/deep/x")).json()).toMatchObject({ script: "/nested/deep", path: "/x" });
    expect((await client.get("/nested/ts/y")).json()).toMatchObject({ script: "/nested/ts", path: "/y" });
    expect((await client.get("/around")).json()).toMatchObject({ suffix: "!", mark: ["filter"] });
    expect((await client.get("/nothing")).status).toBe(404);
  });

  test.each([
    ["an application that no value names", "asking_composite", "", /No section describes the application "hidden"/],
    ["a TypeScript filter", "composite_factory", "around = stamp pyapp", /\[filter:stamp\] is not written in Python/],
    ["itself", "composite_factory", "/ = main", /\[composite:main\] is mounted in itself/],
    ["a section that does not load", "composite_factory", "/ = broken", /Cannot find the module "nowhere"/],
  ])("cannot load %s, and says so", async (_what, factory, line, message) => {
    const { directory } = project({
      "app.ini": `
[composite:main]
use = call:pyfactories:${factory}
${line}
[app:pyapp]
use = call:pyfactories:app_factory
[app:broken]
use = call:nowhere:app
[filter:stamp]
use = call:typescript:stamp
`,
    });
    await expect(load(`${directory}/app.ini`)).rejects.toThrow(message);
  });
});

describe.skipIf(PYTHON === undefined)("Eggs of Python", () => {
  const METADATA = {
    "my_shop-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: my-shop\nVersion: 1.0\n",
    "my_shop-1.0.dist-info/entry_points.txt": `
[paste.app_factory]
main = pyfactories:app_factory [extra]
[paste.filter_factory]
word = pyfactories:filter_factory
`,
  };

  test("load with their entry points", async () => {
    const client = await serve({
      ...METADATA,
      "app.ini": `
[app:main]
use = egg:my-shop
require = my-shop flask
filter-with = egg:My_Shop#word
name = from the egg
`,
    });
    const answer = await client.get("/");
    expect(answer.json()).toMatchObject({ name: "from the egg", mark: ["filter"] });
  });

  test("of an installed package: PasteDeploy's prefix", async () => {
    const client = await serve({
      "app.ini": `
[pipeline:main]
pipeline = prefix app
[filter:prefix]
use = egg:PasteDeploy#prefix
prefix = /shop
[app:app]
use = call:reader:app_factory
`,
      "reader.py": `
def app_factory(global_conf):
    def app(environ, start_response):
        start_response("200 OK", [])
        return [("%s|%s" % (environ["SCRIPT_NAME"], environ["PATH_INFO"])).encode()]
    return app
`,
    });
    expect((await client.get("/shop/pens")).text()).toBe("/shop|/pens");
  });

  test.each([
    [
      "an unknown entry point",
      "egg:my-shop#mian",
      /Entry point "mian" is not in package "my-shop".*not found in Python either/,
    ],
    ["an unknown package", "egg:no-such-shop", /Cannot find the package "no-such-shop".*not found in Python either/],
  ])("%s is an error", async (_what, uri, message) => {
    const { directory } = project({ ...METADATA, "app.ini": `[app:main]\nuse = ${uri}\n` });
    await expect(load(`${directory}/app.ini`)).rejects.toThrow(message);
  });
});

describe.skipIf(PYTHON === undefined)("What goes wrong", () => {
  test.each([
    [
      "a module that is nowhere",
      "call:nowhere:app",
      /Cannot find the module "nowhere".*not found in Python either.*line 2/,
    ],
    [
      "an attribute that is not there",
      "call:pyfactories:app_factry",
      /Factory "pyfactories:app_factry" failed: AttributeError.*line 2/,
    ],
    [
      "a factory that fails",
      "call:pyfactories:failing_factory",
      /Factory "pyfactories:failing_factory" failed: ValueError: the database is away.*line 2/,
    ],
    ["a factory that is none", "call:pyfactories:not_callable", /'int' object is not callable/],
    ["a module that does not load", "call:broken:app", /Factory "broken:app" failed: ZeroDivisionError/],
    [
      "a package that does not load",
      "call:half.inner:app",
      /Python fails to look into the module "half.inner": ZeroDivisionError/,
    ],
  ])("%s names its place", async (_what, uri, message) => {
    const { directory } = project({
      "app.ini": `[app:main]\nuse = ${uri}\n`,
      "broken.py": "1 / 0\n",
      "half/__init__.py": "1 / 0\n",
    });
    const error = (await load(`${directory}/app.ini`).catch((thrown: unknown) => thrown)) as DeployError & {
      detail?: string;
    };
    expect(error.message).toMatch(message);
    expect([error.name, error.exitCode, error.file]).toEqual(["DeployError", 3, realpathSync(`${directory}/app.ini`)]);
  });

  test("Python's traceback comes along", async () => {
    const { directory } = project({ "app.ini": "[app:main]\nuse = call:pyfactories:failing_factory\n" });
    const loading = load(`${directory}/app.ini`);
    await expect(loading).rejects.toHaveProperty(
      "detail",
      expect.stringContaining('raise ValueError("the database is away")'),
    );
  });

  test("no Python is started, or even looked for, while all is TypeScript", async () => {
    const client = await serve({ "app.ini": "[app:main]\nuse = call:typescript:echo\n" }, "app.ini", "/no/such/python");
    expect((await client.get("/")).status).toBe(200);
    const { directory } = project({ "py.ini": "[app:main]\nuse = call:pyfactories:app_factory\n" });
    await expect(load(`${directory}/py.ini`, "/no/such/python")).rejects.toThrow(/"\/no\/such\/python" does not exist/);
  });

  test("warnings go to the log", async () => {
    const { directory } = project({
      "app.ini": "[DEFAULT]\nname = a\n[app:main]\nuse = call:pyfactories:app_factory\nname = b\n",
    });
    await load(`${directory}/app.ini`, PYTHON, `${directory}/log`);
    await eventually(() => existsSync(`${directory}/log`), "the log");
    expect(readFileSync(`${directory}/log`, "utf8")).toContain('Key "name" of [app:main] is ignored');
  });
});

describe.skipIf(PYTHON === undefined)("A target", () => {
  test("takes a name, values, and a URI", async () => {
    const files = { "app.ini": "[app:other]\nuse = call:pyfactories:app_factory\nname = %(who)s\n" };
    const { directory } = project(files);
    const loaded = await load(`config:${directory}/app.ini?who=me%20too&debug=on#other`);
    const answer = await new TestClient(loaded.application).get("/");
    expect(answer.json()).toMatchObject({ name: "me too", global: ["debug", "who"] });
    expect(await loaded.files?.()).toEqual(
      expect.arrayContaining([`${directory}/app.ini`, `${directory}/pyfactories.py`]),
    );
  });
});

describe.skipIf(PYTHON === undefined)("The example", () => {
  test("does what its README says", async () => {
    const file = fileURLToPath(new URL("../../examples/mixed/app.ini", import.meta.url));
    const loaded = await load(`${file}?greeting=Hi`);
    const client = new TestClient(loaded.application);
    expect((await client.get("/shop/")).status).toBe(401);
    const shop = await client.get("/shop/", { headers: { Authorization: "Bearer open sesame" } });
    expect(shop.json()).toEqual({ message: "Hi, Ada", roles: ["customer"] });
    expect(shop.headers.get("X-Python-Seconds")).toMatch(/^0\.\d{6}$/);
    const notes = await client.post("/notes", { body: "buy milk" });
    expect(notes.json()).toEqual(["buy milk"]);
    expect(notes.headers.get("X-Python-Seconds")).toMatch(/^0\.\d{6}$/);
  });
});
