// `--workers` of a Python application counts its processes, as with gunicorn: one worker stands in front of several of them.
import { readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Command, Project } from "../cli-command.ts";
import { BESIDE_STARTS_MILLISECONDS, LoadClient } from "../server/load-client.ts";
import { processesOf } from "./processes-of.ts";
import { eventually, PYTHON, send } from "./serve-python.ts";

const APPLICATION = `
import os, time

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/hold":
        open("held-%d" % os.getpid(), "w").close()
        while not os.path.exists("release"):
            time.sleep(0.01)
    if path == "/pid":
        time.sleep(0.02)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [("%d" % (os.getppid() if path == "/parent" else os.getpid())).encode()]
`;

let project: Project;
let command: Command | undefined;

beforeEach(() => {
  project = new Project({ "app.py": APPLICATION });
});

afterEach(async () => {
  project.write("release", "");
  await command?.stop();
  command = undefined;
  project.remove();
});

async function serve(...options: readonly string[]): Promise<number> {
  command = project.start(["app.py", "-b", "127.0.0.1:0", "--python", PYTHON, ...options]);
  return await command.port();
}

function count(): readonly [workers: number, interpreters: number] {
  const { workers, interpreters } = processesOf(project.directory, command?.pid ?? 0);
  return [workers.length, interpreters.length];
}

async function bodies(port: number, path: string, requests: number): Promise<Set<string>> {
  const answers = await Promise.all(Array.from({ length: requests }, () => send(port, path)));
  return new Set(answers.map(({ text }) => text));
}

test.each([
  { options: ["-w", "4"], expected: [1, 4] },
  { options: ["-w", "9"], expected: [2, 9] },
  { options: ["-w", "2", "--guest-processes", "2"], expected: [2, 4] },
] as const)("$options makes $expected workers and processes", async ({ options, expected }) => {
  const port = await serve(...options);
  expect(count()).toEqual(expected);
  expect((await send(port, "/pid")).status).toBe(200);
});

test("three slow requests of four connections leave the fourth process to all others, also on the connections that are open", async () => {
  const port = await serve("-w", "4");
  const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const ask = (agent: Agent, path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port, path, agent }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode ?? 0));
      })
        .on("error", reject)
        .end();
    });
  for (const agent of agents) expect(await ask(agent, "/")).toBe(200);
  const held = agents.slice(0, 3).map((agent) => ask(agent, "/hold"));
  await eventually(
    () => readdirSync(project.directory).filter((name) => name.startsWith("held-")).length === 3,
    "three processes to be held",
  );
  for (let round = 0; round < 20; round += 1) {
    const answers = await Promise.all(agents.slice(3).map((agent) => ask(agent, "/")));
    expect(answers).toEqual([200, 200, 200, 200, 200]);
  }
  project.write("release", "");
  expect(await Promise.all(held)).toEqual([200, 200, 200]);
  for (const agent of agents) agent.destroy();
});

test("--preload forks all of them from one process", async () => {
  const port = await serve("-w", "3", "--preload");
  expect((await bodies(port, "/parent", 12)).size).toBe(1);
  await eventually(async () => (await bodies(port, "/pid", 12)).size === 3, "each process to answer");
});

test("TTIN and TTOU add and remove a process, and no request fails", async () => {
  const port = await serve("-w", "2");
  const load = new LoadClient({
    to: port,
    connections: 4,
    isKeepAlive: true,
    pauseMilliseconds: BESIDE_STARTS_MILLISECONDS,
  }).start();
  command?.signal("SIGTTIN");
  await eventually(() => count().join() === "1,3", "three processes");
  for (const processes of [2, 1]) {
    command?.signal("SIGTTOU");
    await eventually(() => count().join() === `1,${processes}`, `${processes} processes`);
  }
  const { failures, answers } = await load.stop();
  expect(failures).toEqual([]);
  expect(answers).toBeGreaterThan(0);
});

test("--max-requests counts for each process: all are replaced together, and no request fails", async () => {
  const port = await serve("-w", "2", "--max-requests", "30");
  // Few of the requests that a process may have: on a busy machine one of the two may take a whole round.
  const before = new Set<string>();
  await eventually(async () => {
    for (const pid of await bodies(port, "/pid", 4)) before.add(pid);
    return before.size === 2;
  }, "answers of both processes");
  const load = new LoadClient({
    to: port,
    connections: 2,
    isKeepAlive: true,
    pauseMilliseconds: BESIDE_STARTS_MILLISECONDS,
  }).start();
  await eventually(() => {
    const { interpreters } = processesOf(project.directory, command?.pid ?? 0);
    return interpreters.length > 0 && interpreters.every((pid) => !before.has(String(pid)));
  }, "other processes");
  const { failures } = await load.stop();
  expect(failures).toEqual([]);
});
