// What an operator sees of Python processes, of the requests that they have in hand, and of dashboards made for gunicorn.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { Project } from "../cli-command.ts";
import { venvPython } from "../needs.ts";
import { parsePrometheusText } from "./prometheus-parser.ts";
import { ask } from "./watched.ts";

const python = venvPython();
const APPLICATION = `
import os
import time
from flask import Flask, abort

app = Flask(__name__)

@app.get("/")
def index():
    return str(os.getpid())

@app.get("/hold/<name>")
def hold(name):
    while not os.path.exists("go"):
        time.sleep(0.02)
    return name

@app.get("/fail")
def fail():
    abort(500)
`;

interface ShownProcess {
  readonly pid: number;
  readonly state: string;
  readonly answered: number;
}

interface ShownRequest {
  readonly python: number | null;
}

class Watched {
  readonly project: Project;
  readonly port: number;
  readonly #stats: string;

  constructor(project: Project, port: number, stats: string) {
    this.project = project;
    this.port = port;
    this.#stats = stats;
  }

  async ctl(what: string): Promise<unknown> {
    const { stdout, stderr } = await this.project.run(["ctl", "-s", "ctl.sock", "show", what]);
    if (stderr !== "") throw new Error(stderr);
    return JSON.parse(stdout);
  }

  async top(): Promise<string> {
    return (await this.project.run(["top", "--stats", this.#stats])).stdout;
  }

  /** Values of a metric, by labels as JSON. */
  async metric(name: string): Promise<Readonly<Record<string, number>>> {
    const families = parsePrometheusText((await ask(this.#stats, "/metrics")).body);
    const samples = families.flatMap((family) => family.samples).filter((sample) => sample.name === name);
    return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(" "), value]));
  }
}

async function start(): Promise<Watched> {
  const project = new Project({ "shop.py": APPLICATION });
  const args = ["--guest-processes", "2", "-b", "127.0.0.1:0", "--stats", "127.0.0.1:0"];
  const command = project.start(["shop:app", "--python", String(python), ...args, "--control-socket", "ctl.sock"]);
  onTestFinished(async () => {
    project.write("go", "");
    await command.stop();
    project.remove();
  });
  const port = await command.port();
  await command.saw("Statistics at");
  await command.saw("Control socket at");
  return new Watched(project, port, /Statistics at: (\S+)/.exec(command.stderr)?.[1] ?? "");
}

describe.skipIf(python === undefined)("with two Python processes", () => {
  test("metrics, ctl and top show them, what they have in hand, and that one was killed", async () => {
    const watched = await start();
    for (let count = 0; count < 5; count += 1) await ask(watched.port, "/");
    const held = ask(watched.port, "/hold/a%20b?token=hunter2", { "X-Secret": "hunter2" });
    await expect
      .poll(async () => await watched.ctl("requests"), { timeout: 20_000 })
      .toMatchObject({
        requests: [{ method: "GET", path: "/hold/a%20b", state: "working", worker: 1, python: expect.any(Number) }],
        leftOut: 0,
        silentWorkers: [],
      });
    const shown = (await watched.ctl("requests")) as { requests: ShownRequest[] };
    expect(JSON.stringify(shown)).not.toContain("hunter2");
    expect(await watched.metric("tsgi_python_processes")).toMatchObject({ "1 ready": 2, "1 starting": 0 });
    expect(await watched.metric("tsgi_python_requests_in_flight")).toEqual({ 1: 1 });
    expect(await watched.metric("tsgi_python_requests_queued")).toEqual({ 1: 0 });
    expect(await watched.metric("tsgi_python_requests_total")).toEqual({ "": 5 });
    expect(await watched.metric("tsgi_python_restarts_total")).toEqual({ "": 0 });

    const busy = shown.requests[0]?.python;
    const processes = async (): Promise<readonly ShownProcess[]> => {
      const [worker] = (await watched.ctl("workers")) as { stats: { python: { processes: ShownProcess[] } } }[];
      return worker?.stats.python.processes ?? [];
    };
    const before = await processes();
    expect(before.map(({ state }) => state)).toEqual(["ready", "ready"]);
    expect(before.reduce((sum, { answered }) => sum + answered, 0)).toBe(5);
    const idle = before.find(({ pid }) => pid !== busy)?.pid ?? 0;
    process.kill(idle, "SIGKILL");
    await expect
      .poll(async () => await watched.metric("tsgi_python_restarts_total"), { timeout: 20_000 })
      .toEqual({ "": 1 });
    await expect
      .poll(async () => await watched.metric("tsgi_python_processes"), { timeout: 20_000 })
      .toMatchObject({ "1 ready": 2 });
    const after = await processes();
    expect(after.map(({ pid }) => pid)).not.toContain(idle);
    expect(after.map(({ pid }) => pid)).toContain(busy);
    const memory = await watched.metric("tsgi_python_process_resident_memory_bytes");
    expect(Object.keys(memory).toSorted()).toEqual(after.map(({ pid }) => `1 ${pid}`).toSorted());
    for (const bytes of Object.values(memory)) expect(bytes).toBeGreaterThan(1e6);
    await expect
      .poll(async () => await watched.top())
      .toMatch(
        /^Python: 2 of 2 processes ready {2}1 busy {2}0 queued {2}0 refused {2}1 restarted {2}0 replaced {2}\d+M$/m,
      );

    watched.project.write("go", "");
    expect(await held).toMatchObject({ status: 200, body: "a b" });
    expect(await watched.ctl("requests")).toEqual({ requests: [], leftOut: 0, silentWorkers: [] });
    // Numbers of a worker that has ended are still counted.
    expect(await watched.project.run(["reload", "--wait", "-s", "ctl.sock"])).toMatchObject({ code: 0 });
    await expect
      .poll(async () => await watched.metric("tsgi_worker_ends_total"), { timeout: 20_000 })
      .toEqual({ reload: 1 });
    expect(await watched.metric("tsgi_python_restarts_total")).toEqual({ "": 1 });
    expect(await watched.metric("tsgi_python_requests_total")).toEqual({ "": 6 });
  });
});

describe.skipIf(python === undefined)("a configuration of gunicorn with statsd_host", () => {
  test("sends what gunicorn's dashboards know, once it is imported", async () => {
    const daemon = createSocket("udp4");
    daemon.bind(0, "127.0.0.1");
    await once(daemon, "listening");
    let text = "";
    daemon.on("message", (message) => (text += `${message.toString()}\n`));
    const statsd = `statsd_host = "127.0.0.1:${daemon.address().port}"\nstatsd_prefix = "shop"\n`;
    const project = new Project({
      "shop.py": APPLICATION,
      "gunicorn.conf.py": `wsgi_app = "shop:app"\nbind = "127.0.0.1:0"\n${statsd}`,
    });
    const written = await project.run(["import", "gunicorn.conf.py", "-o", "tsgi.json"]);
    expect(written).toMatchObject({ code: 0 });
    const command = project.start(["-c", "tsgi.json", "--python", String(python)]);
    onTestFinished(async () => {
      await command.stop();
      project.remove();
      daemon.close();
    });
    const port = await command.port();
    for (const path of ["/", "/", "/missing", "/fail"]) await ask(port, path);
    const sumOf = (name: string): number =>
      [...text.matchAll(/^shop\.(\S+):(\d+)\|c$/gm)].reduce(
        (sum, [, found, count]) => sum + (found === name ? Number(count) : 0),
        0,
      );
    await expect.poll(() => sumOf("gunicorn.requests"), { timeout: 20_000 }).toBe(4);
    expect(sumOf("gunicorn.request.status.200")).toBe(2);
    expect(sumOf("gunicorn.request.status.404")).toBe(1);
    expect(sumOf("gunicorn.request.status.500")).toBe(1);
    expect(text).toMatch(/^shop\.gunicorn\.request\.duration:[\d.]+\|ms\|@[\d.]+$/m);
    expect(text).toMatch(/^shop\.gunicorn\.workers:1\|g$/m);
    expect(text).not.toMatch(/^shop\.(?!gunicorn\.)/m);
  });
});
