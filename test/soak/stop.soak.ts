// Stops and upgrades under load, again and again.
import { existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, expect, test } from "vitest";
import { isRunning } from "../python/processes-of.ts";
import { LoadClient } from "../server/load-client.ts";
import { kill, pause, ServerProject, until } from "../server/server-project.ts";
import { report as say, rounds } from "./scale.ts";

const server = new ServerProject();
afterEach(() => server.clean());
afterAll(() => server.remove());

test.each([true, false])(
  "100 stops under load with a listen queue that is never empty, keep-alive %s",
  async (isKeepAlive) => {
    let answers = 0;
    for (let round = 0; round < rounds(100); round++) {
      const command = server.start(["-w", "2"]);
      const port = await command.port();
      const load = new LoadClient({
        to: port,
        connections: 200,
        isKeepAlive,
        target: "/work/1",
        mayRefuse: true,
      }).start();
      await pause(300);
      const stopped = command.stop("SIGTERM");
      const report = await load.stop();
      expect(report.failures).toEqual([]);
      expect(await stopped).toMatchObject({ code: 0 });
      answers += report.answers;
    }
    say(`${rounds(100)} stops, ${answers} answers, none failed`);
  },
);

test("20 upgrades with USR2, every other one taken back: none fails", async () => {
  const pidFile = server.project.path("upgrade.pid");
  const command = server.start(["-w", "2", "-p", pidFile]);
  const port = await command.port();
  const load = new LoadClient({ to: port, connections: 16, isKeepAlive: false }).start();
  let current = command.pid;
  try {
    for (let round = 1; round <= rounds(20); round++) {
      kill(current, "SIGUSR2");
      await command.saw("Listening at", round + 1);
      const successor = Number(readFileSync(`${pidFile}.2`, "utf8"));
      const leaver = round % 2 === 0 ? successor : current;
      kill(leaver, "SIGTERM");
      await until(() => !isRunning(leaver), 60);
      if (leaver === current) {
        current = successor;
        await until(() => existsSync(pidFile) && Number(readFileSync(pidFile, "utf8")) === successor);
      } else {
        await command.saw("The new arbiter has ended", round / 2);
      }
    }
    const report = await load.stop();
    expect(report.failures).toEqual([]);
    say(`${rounds(20)} upgrades, ${report.answers} answers, none failed`);
  } finally {
    kill(current, "SIGTERM");
    await until(() => !isRunning(current), 60);
  }
});
