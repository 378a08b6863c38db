// What another local user may try against a server that root has started: every test makes the attack, as that user.
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
    const { uid, gid, groups } = JSON.parse((await ask(port, "/ids")).body) as { uid: number; gid: number; groups: number[] };
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
    const socket = join(victim, "..", "script.sock");
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
    const { code, stderr } = await server.run(["script.py", "--python", "python3", ...service], { PYTHONPATH: packagesOf(venv) })
      .result;
    expect(stderr).toContain("name the socket with --bind");
    expect(code).toBe(2);
    expect(existsSync(socket)).toBe(false);
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
