// What an application prints belongs to it: it goes where that of the server goes, byte for byte, unless the error log is to have it.
import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Command, Project } from "../cli-command.ts";
import { kill } from "../server/server-project.ts";
import { eventually, PYTHON, send, servePython } from "./serve-python.ts";

const PYTHON_APPLICATION = `
import os, subprocess, sys

print('{"event": "loaded"}')

def application(environ, start_response):
    if environ["PATH_INFO"] == "/print":
        print('{"event": "printed", "text": "\\u00fc"}')
        sys.stdout.buffer.write(b"\\xff\\xfe no text\\r\\n")
        sys.stdout.flush()
        os.write(1, b"by descriptor\\n")
        subprocess.run(["echo", "from a child"])
        print("complaint", file=sys.stderr)
        os.write(2, b"\\xff complaint by descriptor\\n")
        subprocess.run(["sh", "-c", "echo complaint of a child >&2"])
        environ["wsgi.errors"].write("for the log\\n")
    if environ["PATH_INFO"] == "/bar":
        for _ in range(300000):
            sys.stdout.write("....")
            sys.stdout.flush()
        sys.stdout.write("done\\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
`;

const TYPESCRIPT_APPLICATION = `
import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";

console.log('{"event": "loaded"}');

export function application(environ, startResponse) {
  if (environ.PATH_INFO === "/print") {
    console.log('{"event": "printed", "text": "\\u00fc"}');
    process.stdout.write(Buffer.from([0xff, 0xfe, ...Buffer.from(" no text\\r\\n")]));
    writeSync(1, "by descriptor\\n");
    spawnSync("echo", ["from a child"], { stdio: "inherit" });
    console.error("complaint");
    writeSync(2, Buffer.from([0xff, ...Buffer.from(" complaint by descriptor\\n")]));
    spawnSync("sh", ["-c", "echo complaint of a child >&2"], { stdio: "inherit" });
    environ["wsgi.errors"].write("for the log\\n");
  }
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from("ok")];
}
`;

const LOADED = '{"event": "loaded"}\n';
const PRINTED = Buffer.concat([
  Buffer.from('{"event": "printed", "text": "ü"}\n'),
  Buffer.from([0xff, 0xfe]),
  Buffer.from(" no text\r\nby descriptor\nfrom a child\n"),
]);
const COMPLAINTS = "complaint\n\ufffd complaint by descriptor\ncomplaint of a child\n";

let project: Project;
let command: Command | undefined;

beforeEach(() => {
  project = new Project({ "app.py": PYTHON_APPLICATION, "app.js": TYPESCRIPT_APPLICATION });
});

afterEach(async () => {
  await command?.stop();
  command = undefined;
  project.remove();
});

async function serve(...options: readonly string[]): Promise<number> {
  command = project.start(["-b", "127.0.0.1:0", "--python", PYTHON, ...options]);
  return await command.port();
}

function logged(): string {
  return existsSync(project.path("error.log")) ? readFileSync(project.path("error.log"), "utf8") : "";
}

describe.each([
  { target: "app.py", options: [], loads: 1 },
  { target: "app.py", options: ["-w", "2", "--threads", "2"], loads: 2 },
  { target: "app.py", options: ["-w", "2", "--preload"], loads: 1 },
  { target: "app.py", options: ["-k", "gevent"], loads: 1 },
  { target: "app.js", options: [], loads: 1 },
] as const)("$target $options", ({ target, options, loads }) => {
  test.each([{ more: [] }, { more: ["--capture-output"] }])(
    "standard output and error keep their bytes: $more",
    async ({ more }) => {
      const port = await serve(target, ...options, ...more);
      expect((await send(port, "/print")).status).toBe(200);
      const result = await command?.stop();
      expect(result?.bytes).toEqual(Buffer.concat([Buffer.from(LOADED.repeat(loads)), PRINTED]));
      // The error log is there as well, by lines; nothing stands before what the application has written.
      for (const line of COMPLAINTS.trimEnd().split("\n")) expect(result?.stderr.split("\n")).toContain(line);
    },
  );
});

test.each(["app.py", "app.js"])("the level of the log is the log's: %s", async (target) => {
  command = project.start([
    target,
    "-b",
    `unix:${project.path("socket")}`,
    "--python",
    PYTHON,
    "--log-level",
    "critical",
  ]);
  await eventually(() => command?.stdout === LOADED, "what is printed while the application loads");
  expect(command?.stderr).not.toContain("loaded");
});

test("--capture-output puts it into the file of the error log as it is, whatever its level", async () => {
  const file = project.path("error.log");
  command = project.start([
    "app.py",
    "-b",
    `unix:${project.path("socket")}`,
    "--python",
    PYTHON,
    "--capture-output",
    "--error-logfile",
    file,
    "--log-level",
    "warning",
  ]);
  await eventually(() => logged().includes("loaded"), "the application to print");
  expect(logged()).toBe(LOADED);
  const result = await command.stop();
  expect(result.bytes.toString("latin1")).toBe("");
});

test("--capture-output: megabytes without an end of line do not keep the server from answering", async () => {
  const file = project.path("error.log");
  command = project.start([
    "app.py",
    "-b",
    "127.0.0.1:0",
    "--python",
    PYTHON,
    "--capture-output",
    "--error-logfile",
    file,
  ]);
  await eventually(() => logged().includes("Listening at"), "the server to listen");
  const port = Number(/Listening at: \S*?:\/\/\S*?:(\d+)/.exec(logged())?.[1]);
  expect((await send(port, "/bar")).text).toBe("ok");
  await eventually(() => logged().includes("done"), "what is printed last");
  expect(logged().split("....").length).toBeGreaterThan(299_000);
});

test("--daemon --capture-output", async () => {
  const file = project.path("error.log");
  const result = await project.run([
    "app.py",
    "-b",
    `unix:${project.path("socket")}`,
    "--python",
    PYTHON,
    "--daemon",
    "--pid",
    project.path("pid"),
    "--capture-output",
    "--error-logfile",
    file,
  ]);
  expect(result.code).toBe(0);
  const pid = Number(readFileSync(project.path("pid"), "utf8"));
  await eventually(() => logged().includes(LOADED), "the application to print");
  kill(pid, "SIGTERM");
  await eventually(() => !existsSync(project.path("pid")), "the server to end");
});

test("from TypeScript, `output` receives it line by line, with process and request", async () => {
  const served = await servePython({ target: "app:application", directory: project.directory });
  await served.get("/print");
  await eventually(() => served.output.some(({ text }) => text === "complaint of a child"), "the last line");
  expect(served.output).toContainEqual({
    stream: "stdout",
    text: "by descriptor",
    pid: served.guest.stats().processes[0]?.pid,
    request: "GET /print",
  });
  await served.close();
});
