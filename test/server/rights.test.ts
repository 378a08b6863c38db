// What another local user may try against a server that root has started: every test makes the attack, as that user.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { venvPython } from "../needs.ts";
import { ask, ServerProject, until } from "./server-project.ts";

const venv = venvPython();
const isRoot = process.getuid?.() === 0;
/** The user of the service, who attacks, and who has no account. */
const SERVICE = 12_345;
/** One that has an account. */
const NOBODY = 65_534;
const server = new ServerProject();
let victim: string;
let theirs: string;

beforeEach(() => {
  chmodSync(server.project.directory, 0o755);
  victim = join(mkdtempSync(join(tmpdir(), "tsgi-victim-")), "secret");
  writeFileSync(victim, "of root\n", { mode: 0o600 });
  theirs = mkdtempSync(join(tmpdir(), "tsgi-theirs-"));
  chmodSync(theirs, 0o755);
  if (isRoot) chownSync(theirs, SERVICE, SERVICE);
});
afterEach(async () => {
  await server.clean();
  rmSync(join(victim, ".."), { recursive: true });
  rmSync(theirs, { recursive: true });
});
afterAll(() => server.remove());

/** Runs a command as the user of the service. */
function asService(command: string, ...args: string[]): void {
  execFileSync(command, args, { uid: SERVICE, gid: SERVICE });
}

/** Where an environment has its packages. */
function packagesOf(python: string | undefined): string {
  const library = join(python ?? "", "..", "..", "lib");
  return join(library, readdirSync(library)[0] ?? "", "site-packages");
}

const service = ["-u", String(SERVICE)];

describe.runIf(isRoot)("--user", () => {
  test("a number without an account keeps no group of root", async () => {
    const port = await server.start(service).port();
    const { uid, gid, groups } = JSON.parse((await ask(port, "/ids")).body) as {
      uid: number;
      gid: number;
      groups: number[];
    };
    expect({ uid, gid, groups }).toEqual({ uid: SERVICE, gid: 65_534, groups: [65_534] });
  });

  test("nothing of a script is run as root, not even to hear where it would serve", async () => {
    const note = `
import os
with open(${JSON.stringify(join(theirs, "ids"))}, "a") as ids:
    print(os.getuid(), os.getgid(), 0 in os.getgroups(), file=ids)
`;
    // Python imports this one by itself, before any program.
    writeFileSync(join(theirs, "sitecustomize.py"), note);
    writeFileSync(join(theirs, "ids"), "");
    chownSync(join(theirs, "ids"), NOBODY, NOBODY);
    server.project.write(
      "script.py",
      `${note}
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"served"]
from wsgiref.simple_server import make_server
make_server("127.0.0.1", 0, application).serve_forever()
`,
    );
    const args = ["script.py", "--python", "python3", "-u", String(NOBODY)];
    const command = server.run(args, { PYTHONPATH: theirs });
    expect(await ask(await command.port(), "/")).toMatchObject({ body: "served" });
    const runs = readFileSync(join(theirs, "ids"), "utf8").trim().split("\n");
    expect(new Set(runs)).toEqual(new Set([`${NOBODY} ${NOBODY} False`]));
    expect(runs.length).toBeGreaterThanOrEqual(4);
  });

  test.skipIf(venv === undefined)("a script cannot have root make a socket file", async () => {
    const socket = join(theirs, "script.sock");
    server.project.write(
      "script.py",
      `
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"served"]
import waitress
waitress.serve(application, unix_socket=${JSON.stringify(socket)})
`,
    );
    const { code, stderr } = await server.run(["script.py", "--python", "python3", ...service], {
      PYTHONPATH: packagesOf(venv),
    }).result;
    expect(stderr).toContain("name the socket with --bind");
    expect(code).toBe(2);
  });

  test("--check-config loads the application as its user", async () => {
    server.project.write(
      "check.ts",
      `import { writeFileSync } from "node:fs";
       writeFileSync(${JSON.stringify(join(theirs, "checked"))}, "");
       export const application = () => [];`,
    );
    const { code } = await server.run(["check.ts", "--check-config", ...service]).result;
    expect(code).toBe(0);
    expect(statSync(join(theirs, "checked")).uid).toBe(SERVICE);
  });
});

describe.runIf(isRoot)("links in a directory of the service's user", () => {
  const content = (): string => readFileSync(victim, "utf8");

  test("the pid file takes the place of a link", async () => {
    const path = join(theirs, "app.pid");
    asService("ln", "-s", victim, path);
    const command = server.start([...service, "--pid", path]);
    await command.saw("Listening at");
    expect(content()).toBe("of root\n");
    expect(lstatSync(path).isFile()).toBe(true);
    expect(readFileSync(path, "utf8")).toBe(`${command.pid}\n`);
    await command.stop();
    expect(existsSync(path)).toBe(false);
  });

  test("tsgi reload signals nothing that only they name", async () => {
    const path = join(theirs, "app.pid");
    const command = server.start(["--pid", server.project.path("app.pid")]);
    await command.saw("Listening at");
    asService("sh", "-c", `echo ${command.pid} > ${path}`);
    const refused = await server.run(["reload", "--pid", path]).result;
    expect(refused).toMatchObject({ code: 11 });
    expect(refused.stderr).toContain(`it belongs to user ${SERVICE}, and the process that it names does not`);
    asService("ln", "-sf", server.project.path("app.pid"), path);
    expect(await server.run(["reload", "--pid", path]).result).toMatchObject({ code: 11 });
    expect(await server.run(["reload", "--pid", server.project.path("app.pid")]).result).toMatchObject({ code: 0 });
    await command.saw("Reloaded: generation 2");
    expect(command.stderr).not.toContain("generation 3");
  });

  test.each(["--access-logfile", "--error-logfile"])("%s is not written through one", async (flag) => {
    const path = join(theirs, "app.log");
    asService("ln", "-s", victim, path);
    const { code, stderr } = await server.start([...service, flag, path]).result;
    expect(stderr).toContain("it is a link that somebody else has made");
    expect(code).toBeGreaterThan(0);
    expect(content()).toBe("of root\n");
  });

  test("nor through one on the way to it", async () => {
    asService("ln", "-s", join(victim, ".."), join(theirs, "logs"));
    const { stderr } = await server.start([...service, "--error-logfile", join(theirs, "logs", "app.log")]).result;
    expect(stderr).toContain('the link "logs" is user');
    expect(existsSync(join(victim, "..", "app.log"))).toBe(false);
  });

  test("nor when logs are reopened", async () => {
    const path = join(theirs, "app.log");
    const command = server.start([...service, "--error-logfile", path]);
    await until(() => existsSync(path) && readFileSync(path, "utf8").includes("Listening at"));
    asService("mv", path, `${path}.1`);
    asService("ln", "-s", victim, path);
    command.signal("SIGUSR1");
    await until(() => readFileSync(`${path}.1`, "utf8").includes("somebody else has made"));
    expect(content()).toBe("of root\n");
  });

  test("a link of root is followed", async () => {
    const directory = join(victim, "..");
    const path = join(directory, "linked.log");
    execFileSync("ln", ["-s", join(directory, "real.log"), path]);
    const command = server.start([...service, "--error-logfile", path]);
    await until(() => existsSync(path) && readFileSync(path, "utf8").includes("Listening at"));
    await command.stop();
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(statSync(join(directory, "real.log")).uid).toBe(SERVICE);
  });
});

describe.runIf(isRoot)("logs of workers that have given up root", () => {
  test("are reopened after a rotation in a directory of root", async () => {
    const directory = join(victim, "..");
    chmodSync(directory, 0o755);
    const [access, error] = [join(directory, "access.log"), join(directory, "error.log")];
    const command = server.start([...service, "--access-logfile", access, "--error-logfile", error]);
    const port = await until(() => existsSync(error) && readFileSync(error, "utf8").includes("Listening at")).then(() =>
      Number(/http:\/\/127.0.0.1:(\d+)/.exec(readFileSync(error, "utf8"))?.[1]),
    );
    await ask(port, "/before");
    await until(() => readFileSync(access, "utf8").includes("/before"));
    for (const path of [access, error]) renameSync(path, `${path}.1`);
    command.signal("SIGUSR1");
    await until(() => existsSync(access) && existsSync(error));
    await until(async () => {
      await ask(port, "/after");
      return readFileSync(access, "utf8").includes("/after");
    }, 20);
    expect(statSync(access).mode & 0o777).toBe(0o640);
  });
});
