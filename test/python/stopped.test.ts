// An interpreter that cannot run does not notice that its worker was killed. It must not stay for ever.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Project } from "../cli-command.ts";
import { guestDirectories, killIfThere, processesOf } from "./processes-of.ts";
import { eventually, PYTHON, send } from "./serve-python.ts";

const APPLICATION = `
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
`;

/** Starts the command with one worker; resolves when so many interpreters run. */
async function serve(options: readonly string[], interpreters: number) {
  const project = new Project({ "app.py": APPLICATION });
  mkdirSync(project.path("tmp"));
  const command = project.start(["app.py", "-b", "127.0.0.1:0", "-w", "1", "--python", PYTHON, ...options], {
    env: { TMPDIR: project.path("tmp") },
  });
  const look = () => processesOf(project.directory, command.pid);
  onTestFinished(async () => {
    const { workers, interpreters: left } = look();
    await command.stop("SIGKILL");
    for (const pid of [...workers, ...left]) killIfThere(pid, "SIGKILL");
    project.remove();
  });
  const port = await command.port();
  await eventually(() => look().interpreters.length === interpreters, "all interpreters");
  const { workers, interpreters: all } = look();
  const [directory] = guestDirectories(all);
  if (directory === undefined || workers[0] === undefined) throw new Error("A worker and its directory were expected");
  return { command, port, look, worker: workers[0], interpreters: all, directory };
}

async function answers(port: number): Promise<boolean> {
  return await send(port, "/").then(
    ({ status, text }) => status === 200 && text === "hello",
    () => false,
  );
}

test.each([
  { name: "the only one", options: [], interpreters: 1, stopped: 1 },
  { name: "one of three", options: ["--guest-processes", "3", "--threads", "2"], interpreters: 3, stopped: 1 },
  { name: "all of three", options: ["--guest-processes", "3", "--threads", "2"], interpreters: 3, stopped: 3 },
  // The template is a process as well.
  { name: "all forked ones", options: ["--guest-processes", "2", "--preload"], interpreters: 3, stopped: 3 },
])("stopped interpreters end after their worker was killed: $name", async ({ options, interpreters, stopped }) => {
  const served = await serve(options, interpreters);
  const victims = served.interpreters.slice(0, stopped);
  for (const pid of victims) process.kill(pid, "SIGSTOP");
  process.kill(served.worker, "SIGKILL");
  await eventually(() => answers(served.port), "answers of the next worker");
  await eventually(() => {
    const running = served.look().interpreters;
    return running.length === interpreters && !victims.some((pid) => running.includes(pid));
  }, "the end of what was stopped");
  await eventually(() => !existsSync(served.directory), "the directory to go");
  expect(await answers(served.port)).toBe(true);
  expect((await served.command.stop()).code).toBe(0);
  expect(served.look()).toEqual({ workers: [], interpreters: [] });
});

test("a process of somebody else that has the id of an interpreter is left alone", async () => {
  const served = await serve([], 1);
  const other = spawn("sleep", ["600"], { stdio: "ignore" });
  onTestFinished(() => void other.kill("SIGKILL"));
  writeFileSync(join(served.directory, `process-${other.pid}`), "");
  const [interpreter] = served.interpreters;
  process.kill(interpreter ?? 0, "SIGSTOP");
  process.kill(served.worker, "SIGKILL");
  await eventually(() => answers(served.port), "answers of the next worker");
  await eventually(() => !existsSync(served.directory), "the directory to go");
  await eventually(() => !served.look().interpreters.includes(interpreter ?? 0), "the end of what was stopped");
  expect({ code: other.exitCode, signal: other.signalCode }).toEqual({ code: null, signal: null });
  process.kill(other.pid ?? 0, 0);
});
