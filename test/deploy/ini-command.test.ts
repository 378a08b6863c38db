// `tsgi app.ini` as a person runs it: arguments, server sections, workers, reloads, and the exit codes of what is wrong.
import { afterEach, describe, expect, test } from "vitest";
import { TestClient } from "../../src/testing/test-client.ts";
import { type Command, Project } from "../cli-command.ts";
import { freePort } from "../free-port.ts";
import { venvPython } from "../needs.ts";

const PYTHON = venvPython();
const FILES = {
  "site.ts": `
export const app = (globalConf, { text = "hello" }) => (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(text + " " + process.pid)];
};
export const bang = () => (application) => async (environ, startResponse) => {
  const chunks = [];
  for await (const chunk of await application(environ, startResponse)) chunks.push(chunk);
  return [Buffer.concat([...chunks, Buffer.from("!")])];
};
`,
  "snake.py": `
import os
def app_factory(global_conf, text="snake"):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [("%s %d" % (text, os.getpid())).encode()]
    return app
`,
  "app.ini": `
[DEFAULT]
word = default
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = 0
channel_timeout = 5
[server:two]
use = egg:tsgi
bind = 127.0.0.1:0
workers = 2
[app:main]
use = call:site:app
text = %(word)s
[pipeline:mixed]
pipeline = bang snake
[filter:bang]
use = call:site:bang
[app:snake]
use = call:snake:app_factory
[app:broken]
use = call:snake:app_factry
[server:wrong]
use = egg:tsgi
wrokers = 2
`,
};

const open: { close(): void | Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

function makeProject(files: Readonly<Record<string, string>> = {}): Project {
  const project = new Project({ ...FILES, ...files });
  open.push({ close: () => project.remove() });
  return project;
}

const env = PYTHON === undefined ? {} : { TSGI_PYTHON: PYTHON };

function start(project: Project, ...args: string[]): Command {
  const command = project.start(args, { env });
  open.push({ close: () => command.stop("SIGQUIT") });
  return command;
}

async function ask(command: Command): Promise<string> {
  return askAt(await command.port());
}

async function askAt(port: number): Promise<string> {
  const client = new TestClient(`http://127.0.0.1:${port}`);
  try {
    return (await client.get("/")).text();
  } finally {
    client.close();
  }
}

describe("tsgi app.ini", () => {
  test("takes host and port from [server:main], and says what it does not use", async () => {
    const command = start(makeProject(), "app.ini");
    expect(await ask(command)).toMatch(/^default \d+$/);
    expect(command.stderr).toMatch(/Warning: Unknown setting "channel_timeout".*app.ini", line 8/);
  });

  test("takes variables, another server section, and the command line before it", async () => {
    const command = start(makeProject(), "app.ini", "extra=1", "--server-name", "two", "--workers", "1");
    await command.port();
    expect(command.stderr).not.toContain("Unknown setting");
    const printed = await makeProject().run(["app.ini", "--server-name", "two", "--print-config"]);
    expect(printed.stdout).toMatch(/workers.*2.*app\.ini:12/);
  });

  test("takes prefix and scheme as waitress does, and leaves a section out that it need not read", async () => {
    const app = `
      export const app = () => (environ, startResponse) => {
        startResponse("200 OK", []);
        return [Buffer.from(environ["wsgi.url_scheme"] + " " + environ.SCRIPT_NAME + " " + environ.PATH_INFO)];
      };
    `;
    const section = "url_prefix = /shop\nurl_scheme = https\nport = %(ENV:NO_SUCH_PORT:-0)s";
    const project = makeProject({
      "told.ts": app,
      "told.ini": `[server:main]\nuse = egg:waitress#main\n${section}\n[app:main]\nuse = call:told:app\n`,
      "unread.ini": "[server:main]\nport = %(no_such_value)s\n[app:main]\nuse = call:told:app\n",
    });
    expect(await ask(start(project, "told.ini"))).toBe("https /shop /");
    const unread = start(project, "unread.ini", "--bind", "127.0.0.1:0");
    expect(await ask(unread)).toBe("http  /");
    expect(unread.stderr).toContain("Section [server:main] is left out: ");
  });

  test("interpolates variables", async () => {
    const project = makeProject({
      "v.ini": "[server:main]\nuse = egg:tsgi\nport = %(port)s\n[app:main]\nuse = call:site:app\ntext = %(who)s\n",
    });
    const command = start(project, "v.ini", "who=Ada & Bob=#?", "port=0");
    expect(await ask(command)).toMatch(/^Ada & Bob=#\? \d+$/);
  });

  test("a reload takes the chosen server section anew, or says what is wrong with it", async () => {
    const [first, second] = [await freePort(), await freePort()];
    const section = (port: number, more: string): string =>
      `[app:main]\nuse = call:site:app\ntext = %(who)s\n[server:two]\nuse = egg:tsgi\nport = ${port}\n${more}\n`;
    const project = makeProject({ "r.ini": section(first, "workers = 1\nproc_name = %(who)s") });
    const command = start(project, "r.ini", "who=ada", "--server-name", "two");
    expect(await command.port()).toBe(first);
    const [, pid] = (await ask(command)).split(" ");
    project.write("r.ini", section(second, "workers = 2\nproc_name = %(who)s"));
    command.signal("SIGHUP");
    const pids = new Set<string>();
    const collect = async (): Promise<number> => {
      const [who, worker = ""] = (await askAt(second).catch(() => "")).split(" ");
      if (who === "ada") pids.add(worker);
      return pids.size;
    };
    await expect.poll(collect, { timeout: 20_000 }).toBe(2);
    expect(pids).not.toContain(pid);
    await expect.poll(() => askAt(first).catch((error: Error) => error.message)).toContain("ECONNREFUSED");
    project.write("r.ini", section(first, "wrokers = 3"));
    command.signal("SIGHUP");
    await command.saw('Unknown setting "wrokers"; did you mean "workers" (wrokers = "3" in [server:two] (r.ini:7))');
    expect(await askAt(second)).toMatch(/^ada \d+$/);
  });

  test.each<[args: string[], code: number, message: RegExp]>([
    [["app.ini", "--server-name", "nope"], 3, /No section "nope".*expected one of "main", "two"/],
    [
      ["app.ini", "--server-name", "wrong"],
      2,
      /Unknown setting "wrokers"; did you mean "workers".*\[server:wrong\] \(app\.ini:26\)/,
    ],
    [["app.ini", "novalue"], 3, /Cannot use the argument "novalue"; expected KEY=value/],
    [["site.ts:app", "a=b"], 2, /Too many arguments: "a=b"/],
    [["app.ini#nothing"], 3, /No section "nothing"/],
    [["missing.ini"], 5, /Cannot read the configuration file/],
  ])("%j ends with %d", async (args, code, message) => {
    const result = await makeProject().run(args, { env });
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
  });
});

describe.skipIf(PYTHON === undefined)("tsgi app.ini with Python", () => {
  test("two workers serve a mixed pipeline, each with a Python process, and a reload takes the new file", async () => {
    const project = makeProject();
    const command = start(project, "app.ini#mixed", "--workers", "2");
    const first = await ask(command);
    expect(first).toMatch(/^snake \d+!$/);
    await command.saw("Ready: Python", 2);
    project.write("app.ini", FILES["app.ini"].replace("app_factory\n", "app_factory\ntext = cobra\n"));
    command.signal("SIGHUP");
    await command.saw("Ready: Python", 4);
    await expect.poll(() => ask(command), { timeout: 20_000 }).toMatch(/^cobra \d+!$/);
    project.write("app.ini", FILES["app.ini"].replace("call:snake:app_factory", "call:snake:app_factry"));
    command.signal("SIGHUP");
    await command.saw("has no attribute 'app_factry'");
    expect(await ask(command)).toMatch(/^cobra \d+!$/);
    expect((await command.stop()).code).toBe(0);
  });

  test("--reload watches the INI file and Python's files", async () => {
    const project = makeProject();
    const command = start(project, "app.ini#mixed", "--reload");
    expect(await ask(command)).toMatch(/^snake \d+!$/);
    project.write("app.ini", FILES["app.ini"].replace("app_factory\n", "app_factory\ntext = cobra\n"));
    await command.saw("Reloading: app.ini changed");
    await expect.poll(() => ask(command).catch(String), { timeout: 20_000 }).toMatch(/^cobra \d+!$/);
    project.write("snake.py", FILES["snake.py"].replace('"%s', '"new %s'));
    await command.saw("Reloading: snake.py changed");
    await expect.poll(() => ask(command).catch(String), { timeout: 20_000 }).toMatch(/^new cobra \d+!$/);
  });

  test("an application that does not load ends the command with its reason and Python's traceback", async () => {
    const result = await makeProject().run(["app.ini#broken"], { env });
    expect(result.stderr).toMatch(
      /Factory "snake:app_factry" failed: AttributeError.*has no attribute 'app_factry'.*app\.ini", line \d+, .*\[app:broken\]/,
    );
    expect(result.stderr).toContain("Traceback (most recent call last)");
    expect(result.code).toBe(3);
  });

  test("config check finds Python's factories, and names what is near a missing one; so it does with settings of the server", async () => {
    const result = await makeProject().run(["config", "check", "app.ini"], { env: { VIRTUAL_ENV: "", ...env } });
    expect(result.stdout).toMatch(/Python module "snake" has no attribute "app_factry"; did you mean "app_factory"/);
    expect(result.stdout).toMatch(/Unknown setting "wrokers"; did you mean "workers"/);
    expect([result.code, result.stdout.split("\n").filter((line) => line.startsWith("error")).length]).toEqual([1, 2]);
  });
});
