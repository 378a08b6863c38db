// Guesses at passwords against the real command: a public page goes on, a stop is not held up, and nothing keeps a process alive.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { hashSync } from "bcryptjs";
import { afterEach, expect, test } from "vitest";
import { TestClient } from "../../src/testing/test-client.ts";
import { Project } from "../cli-command.ts";

const APP = `
export const app = () => (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(environ.REMOTE_USER ?? "everybody")];
};
`;
const INI = `
[composite:main]
use = egg:tsgi#url-map
/ = public
/members = members
[app:public]
use = call:app:app
[app:members]
use = call:app:app
filter-with = auth
[filter:auth]
use = egg:tsgi#auth-basic
htpasswd = %(here)s/users
`;
/** Of a cost that takes seconds. */
const SLOW = hashSync("right", 4).replace("$04$", "$15$");

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function makeProject(files: Readonly<Record<string, string>>): Project {
  const project = new Project(files);
  closers.push(() => project.remove());
  return project;
}

test("guesses beyond the queue get 503, the public page is answered meanwhile, and a stop does not wait for them", async () => {
  const project = makeProject({ "app.ts": APP, "app.ini": INI, users: `ada:${SLOW}\n` });
  const command = project.start(["app.ini", "--bind", "127.0.0.1:0", "--workers", "1", "--graceful-timeout", "1"]);
  closers.push(() => command.stop("SIGQUIT"));
  const client = new TestClient(`http://127.0.0.1:${await command.port()}`);
  closers.push(() => client.close());
  const statuses: number[] = [];
  const guesses = Array.from({ length: 40 }, async (_, index) => {
    const auth = { user: "ada", password: `wrong ${index}` };
    statuses.push((await client.get("/members", { auth })).status);
  });
  const all = Promise.allSettled(guesses);
  await expect.poll(() => statuses.filter((status) => status === 503).length).toBeGreaterThan(15);
  expect((await client.get("/")).text()).toBe("everybody");
  expect(statuses.filter((status) => status === 401).length).toBeLessThan(4);
  const stoppedAt = performance.now();
  expect((await command.stop()).code).toBe(0);
  // Eighteen guesses of seconds each were waiting.
  expect(performance.now() - stoppedAt).toBeLessThan(20_000);
  await all;
});

test("a program that has checked passwords ends when its server is closed", async () => {
  const project = makeProject({
    users: `ada:${hashSync("right", 4)}\n`,
    "serve.mjs": `
      import { makeServer } from "tsgi/server";
      import { authBasic } from "tsgi/middleware/auth-basic";
      const app = authBasic({ htpasswd: "users" })((environ, startResponse) => {
        startResponse("200 OK", []);
        return [];
      });
      const server = makeServer("127.0.0.1", 0, app);
      await server.listen();
      const ask = async (password) =>
        (await fetch(server.url, { headers: { Authorization: "Basic " + btoa("ada:" + password) } })).status;
      console.log(await ask("right"), await ask("wrong"));
      await server.close();
    `,
  });
  const { stdout } = await promisify(execFile)(process.execPath, ["serve.mjs"], {
    cwd: project.directory,
    timeout: 60_000,
  });
  expect(stdout).toBe("200 401\n");
});
