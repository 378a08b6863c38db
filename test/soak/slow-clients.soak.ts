// Five thousand clients that read 64 KB per second, beside normal load: nobody else waits for them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import { LoadClient, type LoadReport } from "../server/load-client.ts";
import { pause, ServerProject } from "../server/server-project.ts";
import { report as say, rounds } from "./scale.ts";

const SLOW_CLIENTS = fileURLToPath(new URL("./slow_clients.py", import.meta.url));

const server = new ServerProject({
  "large.ts": `
    const megabyte = Buffer.alloc(4 * 1024 * 1024, "x");
    export const application = (environ: { PATH_INFO: string }, startResponse: Function) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [environ.PATH_INFO === "/large" ? megabyte : Buffer.from("small")];
    };
  `,
});
afterEach(() => server.clean());
afterAll(() => server.remove());

test("p99 of the normal load at most doubles", async () => {
  const clients = rounds(5000);
  const command = server.run([
    "large.ts",
    "-w",
    "2",
    "-b",
    "127.0.0.1:0",
    "--worker-connections",
    "0",
    "--write-timeout",
    "120",
  ]);
  const port = await command.port();
  await measure(port, 2);
  const alone = percentile(await measure(port, 10), 0.99);
  // In a process of its own, and in Python, where 5,000 clients take an eighth of a processor; in Node they took half of one.
  const slow = spawn("python3", [SLOW_CLIENTS, String(port), String(clients)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await pause(5000);
  const beside = percentile(await measure(port, 10), 0.99);
  slow.stdin.end();
  const [text] = (await once(slow.stdout, "data")) as [Buffer];
  const { bytes, open } = JSON.parse(text.toString()) as { bytes: number; open: number };
  say(
    `p99 alone ${alone.toFixed(2)} ms, beside ${open} slow clients (${(bytes / 1e6).toFixed(0)} MB read) ${beside.toFixed(2)} ms`,
  );
  expect(open).toBe(clients);
  // They are as fast as they say: 64 KB for each of 15 seconds, less what connecting takes.
  expect(bytes).toBeGreaterThan(0.7 * clients * 65_536 * 15);
  expect(beside).toBeLessThanOrEqual(Math.max(2 * alone, 1));
});

/** Normal load: ten clients that pause a little, so that the processors are not full with them alone. */
async function measure(port: number, seconds: number): Promise<LoadReport> {
  const load = new LoadClient({ to: port, connections: 10, isKeepAlive: true, pauseMilliseconds: 10 }).start();
  await pause(seconds * 1000);
  const report = await load.stop();
  expect(report.failures).toEqual([]);
  return report;
}

function percentile({ milliseconds }: LoadReport, part: number): number {
  return milliseconds[Math.floor(milliseconds.length * part)] ?? 0;
}
