// Two workers on two cores against one. The load generator (wrk) takes a share of the same cores: what it used is taken off.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { afterAll, afterEach, expect, test } from "vitest";
import { descendants, ServerProject } from "../server/server-project.ts";
import { report as say, rounds } from "./scale.ts";

const SECONDS = rounds(10);
const TICKS_PER_SECOND = 100;

const server = new ServerProject();
afterEach(() => server.clean());
afterAll(() => server.remove());

test.runIf(availableParallelism() >= 2)(
  "two workers answer 1.8 times what one does, per processor time that wrk leaves them",
  async () => {
    const one = await throughput(1);
    const two = await throughput(2);
    // One worker and wrk fit beside each other on two cores; two workers share what wrk leaves of the second one.
    const free = Math.min(2, availableParallelism() - two.wrkCores);
    const ideal = (free / Math.min(1, one.serverCores)) * one.perSecond;
    say(
      `one worker ${one.perSecond.toFixed(0)}/s on ${one.serverCores.toFixed(2)} cores (wrk ${one.wrkCores.toFixed(2)}), ` +
        `two ${two.perSecond.toFixed(0)}/s on ${two.serverCores.toFixed(2)} cores (wrk ${two.wrkCores.toFixed(2)}); ideal ${ideal.toFixed(0)}/s`,
    );
    expect(two.perSecond).toBeGreaterThanOrEqual(0.9 * ideal);
  },
);

interface Throughput {
  readonly perSecond: number;
  readonly serverCores: number;
  readonly wrkCores: number;
}

/** The application works for a millisecond per request, so that wrk needs little of the machine. */
async function throughput(workers: number): Promise<Throughput> {
  const command = server.start(["-w", String(workers)]);
  const port = await command.port();
  const pids = [command.pid, ...descendants(command.pid)];
  const before = cpuSeconds(pids);
  const { stdout } = await promisify(execFile)("sh", [
    "-c",
    `wrk -t1 -c32 -d${SECONDS}s http://127.0.0.1:${port}/work/1; times`,
  ]);
  const used = cpuSeconds(pids) - before;
  await command.stop();
  const wrk = [...(stdout.trim().split("\n").at(-1) ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  const wrkSeconds = wrk.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
  expect(stdout).not.toContain("Socket errors");
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    serverCores: used / SECONDS,
    wrkCores: wrkSeconds / SECONDS,
  };
}

function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /, "")
      .split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }, 0);
}
