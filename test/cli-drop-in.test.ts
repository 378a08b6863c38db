// Command lines of gunicorn, uWSGI and pserve with one word in front, or by a link of that name: what their clients see.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Command, Project } from "./cli-command.ts";
import { freePort } from "./free-port.ts";
import { program, venvPython } from "./needs.ts";

const BIN = fileURLToPath(new URL("../bin/tsgi.js", import.meta.url));
const python = venvPython();
const nginx = program("nginx");
const env = { TSGI_PYTHON: python };

/** The application of a talk about WSGI, in Python 3. */
const WEB_APPLICATION = `
def application(environ, start_response):
    path = environ.get("PATH_INFO")
    response_body = b"Index" if path == "/" else b"Hello"
    start_response("200 OK", [("Content-Length", str(len(response_body)))])
    return [response_body]
`;

const GREENLETS = `
import time
from gevent.monkey import is_module_patched
def app(environ, start_response):
    time.sleep(0.05)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"patched" if is_module_patched("time") else b"threads"]
`;

const SETTINGS = `
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = ["wsgi.multithread", "SCRIPT_NAME", "PATH_INFO", "REMOTE_ADDR", "wsgi.url_scheme"]
    return [repr([environ.get(name) for name in names] + [os.environ.get("GREETING")]).encode()]
`;

let project: Project;
const commands = new Set<Command>();
const children = new Set<ChildProcess>();

beforeEach(() => {
  project = new Project({ "web_application.py": WEB_APPLICATION, "MyWSGIApp.py": GREENLETS, "shop.py": SETTINGS });
});

afterEach(async () => {
  for (const command of commands) await command.stop("SIGKILL");
  commands.clear();
  for (const child of children) {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  children.clear();
  project.remove();
});

function start(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Command {
  const command = project.start(words, { env: { ...env, ...variables } });
  commands.add(command);
  return command;
}

function get(port: number, path = "/", headers = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve(body)).on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}

/** As it was typed in a talk or a post, but for the port, which somebody else may have here. */
const WRITTEN = [
  ["gunicorn -k gevent -w 4 -b 127.0.0.1:5000 MyWSGIApp:app", "5000", "/", "patched"],
  ["gunicorn web_application:application --bind=localhost:8051", "8051", "/abcd", "Hello"],
  ["uwsgi --http :8051 --wsgi-file web_application.py", "8051", "/", "Index"],
] as const;

describe.skipIf(python === undefined)("a command line serves after one word more", () => {
  test.each(WRITTEN)("tsgi %s", async (line, written, path, answer) => {
    const port = await freePort();
    const command = start(line.replace(written, String(port)).split(" "));
    await command.saw("Listening at");
    const answers = await Promise.all(Array.from({ length: 40 }, () => get(port, path)));
    expect(new Set(answers)).toEqual(new Set([answer]));
    expect(await command.stop()).toMatchObject({ code: 0 });
  });

  test("or by a link that is called like the other server", async () => {
    const link = project.path("gunicorn");
    symlinkSync(BIN, link);
    const port = await freePort();
    const child = spawn(process.execPath, [link, "web_application:application", `--bind=localhost:${port}`], {
      cwd: project.directory,
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.add(child);
    for await (const chunk of child.stderr) if (String(chunk).includes("Listening at")) break;
    expect(await get(port)).toBe("Index");
  });
});

describe.skipIf(python === undefined)("tsgi gunicorn", () => {
  test("takes the file, the variable and the words; a reload reads the file again", async () => {
    const port = await freePort();
    const file = (greeting: string): string =>
      `bind = "127.0.0.1:${port}"\nthreads = 4\nraw_env = ["GREETING=${greeting}"]\nlogger_class = "shop.Logger"\n`;
    project.write("gunicorn.conf.py", file("hello"));
    const command = start(["gunicorn", "shop:app"], { GUNICORN_CMD_ARGS: "--threads 1 --spew" });
    await command.saw("Listening at");
    expect(await get(port)).toBe("[False, '', '/', '127.0.0.1', 'http', 'hello']");
    expect(command.stderr).toMatch(
      /^tsgi: gunicorn's logger_class = "shop.Logger": .*\ntsgi: gunicorn's spew = true: /,
    );
    project.write("gunicorn.conf.py", file("good evening"));
    command.signal("SIGHUP");
    await expect.poll(() => get(port), { timeout: 20_000 }).toContain("'good evening'");
    expect(command.stderr.split("logger_class")).toHaveLength(2);
  });

  test("checks a configuration, and says what is wrong in a line", async () => {
    expect(await project.run(["gunicorn", "--check-config", "shop:app"], { env })).toMatchObject({ code: 0 });
    expect(await project.run(["gunicorn", "--nonsense"], { env })).toMatchObject({
      code: 2,
      stderr: 'tsgi: Cannot read the flag "--nonsense": gunicorn has no such flag\n',
    });
    expect((await project.run(["gunicorn", "-w", "many", "shop:app", "--check-config"], { env })).stderr).toContain(
      'tsgi: gunicorn\'s workers = "many": ',
    );
  });
});

test("tsgi uwsgi and tsgi gunicorn refuse files that would hold them up, in a line and with little memory", async () => {
  const laughs = Array.from({ length: 40 }, (_, n) => `a${n + 1} = ${`%(a${n})`.repeat(10)}\n`);
  project.write("laughs.ini", `[uwsgi]\na0 = ha\n${laughs.join("")}`);
  project.write("laughs.yaml", "uwsgi:\n  a: &a [ha, ha]\n  b: [*a, *a]\n");
  project.write("laughs.xml", '<!DOCTYPE uwsgi [<!ENTITY a "ha">]><uwsgi><env>&a;</env></uwsgi>');
  project.write("deep.json", `{"uwsgi": ${'{"a": '.repeat(100_000)}`);
  symlinkSync("/dev/zero", project.path("endless.ini"));
  project.write("gone.conf.py", "import sys\nsys.exit()\n");
  const lines = ["laughs.ini", "laughs.yaml", "laughs.xml", "deep.json", "endless.ini"].map((name) => ["uwsgi", name]);
  const small = { ...env, NODE_OPTIONS: "--max-old-space-size=64" };
  for (const line of [...lines, ["gunicorn", "-c", "gone.conf.py", "shop:app"]]) {
    const refused = await project.run(line, { env: small });
    expect(refused).toMatchObject({ code: 11, stdout: "" });
    expect(refused.stderr).toMatch(
      /^tsgi: Cannot (?:read|evaluate) [^\n]*\n(?:[^\n]*ERR_TSGI_FILE_UNUSABLE[^\n]*\n)?$/,
    );
  }
});

describe.skipIf(python === undefined || nginx === undefined)("tsgi uwsgi", () => {
  test("speaks uwsgi with the nginx that is there already", async () => {
    const port = await freePort();
    const socket = project.path("shop.sock");
    project.write("shop.ini", `[uwsgi]\nsocket = ${socket}\nmodule = shop:app\nenv = GREETING=by %n\nmaster = true\n`);
    writeFileSync(
      project.path("nginx.conf"),
      `daemon off; user root; pid ${project.path("nginx.pid")}; error_log ${project.path("error.log")};
       events {} http { access_log off; server { listen 127.0.0.1:${port}; location / {
         uwsgi_pass unix://${socket};
         ${["QUERY_STRING $query_string", "REQUEST_METHOD $request_method", "CONTENT_TYPE $content_type", "CONTENT_LENGTH $content_length", "REQUEST_URI $request_uri", "PATH_INFO $document_uri", "SERVER_PROTOCOL $server_protocol", "REMOTE_ADDR $remote_addr", "SERVER_PORT $server_port", "SERVER_NAME $server_name", "HTTP_HOST $http_host"].map((each) => `uwsgi_param ${each};`).join("\n")}
       } } }`,
    );
    const command = start(["uwsgi", "--ini", "shop.ini"], { UWSGI_THREADS: "2" });
    await command.saw("Listening at");
    const front = spawn(nginx ?? "", ["-p", project.directory, "-c", project.path("nginx.conf")], { stdio: "ignore" });
    children.add(front);
    const asked = (): Promise<string> => get(port, "/a%20b?c").catch((error: unknown) => String(error));
    await expect.poll(asked, { timeout: 20_000 }).toBe("[True, '', '/a b', '127.0.0.1', 'http', 'by shop']");
  });
});

describe.skipIf(python === undefined)("tsgi pserve", () => {
  test("serves a section with its variables, and what the server section says", async () => {
    const port = await freePort();
    project.write("lib/__init__.py", "");
    project.write(
      "app.ini",
      `[server:main]\nuse = egg:waitress#main\nlisten = 127.0.0.1:${port}\n[app:main]\nuse = call:nothing:here\n[app:shop]\npaste.app_factory = factory:make\ngreeting = %(word)s\n`,
    );
    project.write(
      "factory.py",
      "def make(global_conf, greeting):\n    def app(environ, start_response):\n        start_response('200 OK', [])\n        return [greeting.encode()]\n    return app\n",
    );
    const command = start(["pserve", "app.ini", "-n", "shop", "word=greetings", "--browser"]);
    await command.saw("Listening at");
    expect(await get(port)).toBe("greetings");
    expect(command.stderr).toMatch(/^tsgi: pserve's --browser: open the address yourself\n/);
  });
});
