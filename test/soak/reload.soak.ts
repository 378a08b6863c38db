// A thousand reloads under load, with workers killed at random beside it; two hundred with broken code.
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { LoadClient } from "../server/load-client.ts";
import { children, kill, pause, ServerProject } from "../server/server-project.ts";
import { report as say, rounds } from "./scale.ts";

const server = new ServerProject();
beforeEach(() => server.deploy("one"));
afterEach(() => server.clean());
afterAll(() => server.remove());

const CONNECTIONS = 8;
/** Requests that were in hand when a worker was killed fail at once; a second is more than the clients need to notice. */
const NOTICE_MILLISECONDS = 1000;

test("1,000 reloads: no request fails", async () => {
  const count = rounds(1000);
  const command = server.start(["-w", "2"]);
  const port = await command.port();
  const loads = [true, false].map((isKeepAlive) =>
    new LoadClient({ to: port, connections: CONNECTIONS, pauseMilliseconds: 1, isKeepAlive }).start(),
  );
  for (let round = 1; round <= count; round++) {
    command.signal("SIGHUP");
    await command.saw("Reloaded: generation", round);
  }
  const [kept, closed] = await Promise.all(loads.map((load) => load.stop()));
  expect([kept?.failures, closed?.failures]).toEqual([[], []]);
  say(`${count} reloads, ${kept?.answers} answers on kept connections, ${closed?.answers} on closed ones, none failed`);
});

test("1,000 reloads with SIGKILL beside them: only what a killed worker had in hand fails", async () => {
  const count = rounds(1000);
  const command = server.start(["-w", "2"]);
  const port = await command.port();
  const loads = [true, false].map((isKeepAlive) =>
    new LoadClient({ to: port, connections: CONNECTIONS, pauseMilliseconds: 1, isKeepAlive }).start(),
  );
  const kills: number[] = [];
  for (let round = 1; round <= count; round++) {
    command.signal("SIGHUP");
    if (round % 10 === 0) {
      await pause(Math.random() * 300);
      const workers = children(command.pid);
      kills.push(Date.now());
      kill(workers[Math.floor(Math.random() * workers.length)] ?? 0, "SIGKILL");
    }
    // A killed canary fails its reload: that is what a transaction is for.
    await sawAnyEnd(command, round);
  }
  const failures = (await Promise.all(loads.map((load) => load.stop()))).flatMap((report) => report.failures);
  const unexplained = failures.filter(
    ({ at }) => !kills.some((killedAt) => at >= killedAt && at - killedAt < NOTICE_MILLISECONDS),
  );
  expect(unexplained).toEqual([]);
  expect(failures.length).toBeLessThanOrEqual(kills.length * CONNECTIONS * 2);
  say(`${count} reloads, ${kills.length} workers killed, ${failures.length} requests cut with them`);
});

test("200 reloads with broken code: none fails", async () => {
  const broken = ["const = 1;", "throw new Error('at load');", "await new Promise(() => setInterval(() => {}, 1000));"];
  const count = rounds(200);
  const command = server.start(["-w", "2", "--boot-timeout", "3"]);
  const port = await command.port();
  const load = new LoadClient({
    to: port,
    connections: CONNECTIONS,
    pauseMilliseconds: 1,
    isKeepAlive: true,
    target: "/version",
  }).start();
  for (let round = 1; round <= count; round++) {
    server.deployBroken(broken[round % broken.length] ?? "");
    command.signal("SIGHUP");
    await command.saw("Reload failed, generation 1 keeps serving", round);
  }
  const report = await load.stop();
  expect(report.failures).toEqual([]);
  expect([...report.bodies.keys()]).toEqual(["one"]);
  say(`${count} broken reloads, ${report.answers} answers, none failed`);
});

/** Waits until so many reloads have ended, well or not. */
async function sawAnyEnd(command: { readonly stderr: string }, times: number): Promise<void> {
  for (let attempt = 0; attempt < 1500; attempt++) {
    if ((command.stderr.match(/Reloaded: generation|Reload failed/g) ?? []).length >= times) return;
    await pause(20);
  }
  throw new Error(`Reload ${times} did not end:\n${command.stderr.slice(-2000)}`);
}
