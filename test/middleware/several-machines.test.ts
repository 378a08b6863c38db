// Two servers behind nginx that know nothing of each other but a Redis: as two machines would, their pipeline out of an INI file.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { type Command, Project } from "../cli-command.ts";
import { freePort } from "../free-port.ts";
import { program } from "../needs.ts";
import { HAS_REDIS, RedisServer } from "./redis-server.ts";

const nginx = program("nginx");

const APP = `
import { sessionOf } from "tsgi/middleware/sessions";
export const make = () => (environ, startResponse) => {
  const session = sessionOf(environ);
  const visits = (session.get("visits") ?? 0) + 1;
  session.set("visits", visits);
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(process.ppid + " " + visits)];
};
`;

interface Answer {
  readonly status: number | undefined;
  readonly cookie: string | undefined;
  readonly body: string;
}

function ask(port: number, cookie?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = cookie === undefined ? {} : { Cookie: cookie };
    request({ host: "127.0.0.1", port, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("error", reject).on("end", () => {
        const [line] = response.headers["set-cookie"] ?? [];
        resolve({ status: response.statusCode, cookie: line?.split(";")[0], body });
      });
    })
      .on("error", reject)
      .end();
  });
}

describe.skipIf(!HAS_REDIS || nginx === undefined)("two servers with one Redis", () => {
  const redis = new RedisServer();
  const servers: Command[] = [];
  let project: Project | undefined;
  let front: ChildProcess | undefined;

  afterEach(async () => {
    for (const server of servers) await server.stop("SIGKILL");
    if (front !== undefined && front.exitCode === null) {
      front.kill("SIGTERM");
      await once(front, "exit");
    }
    project?.remove();
    await redis.remove();
  });

  test("a session begun on one goes on at the other, and a limit counts over both", async () => {
    await redis.start();
    const site = [
      "[pipeline:main]",
      "pipeline = limit session app",
      "[filter:limit]",
      "use = egg:tsgi#rate-limit",
      "limit = 6",
      "window_seconds = 3600",
      `storage = ${redis.url}`,
      "[filter:session]",
      "use = egg:tsgi#session-store",
      `storage = ${redis.url}`,
      "[app:app]",
      "paste.app_factory = app:make",
    ];
    project = new Project({ "app.ts": APP, "site.ini": `${site.join("\n")}\n` });
    servers.push(project.start(["site.ini", "-b", "127.0.0.1:0"]), project.start(["site.ini", "-b", "127.0.0.1:0"]));
    const [one, two] = await Promise.all(servers.map((server) => server.port()));
    const port = await freePort();
    project.write(
      "nginx.conf",
      `daemon off; pid ${project.path("nginx.pid")}; error_log ${project.path("error.log")}; events {} http { access_log off;
       upstream app { server 127.0.0.1:${one}; server 127.0.0.1:${two}; }
       server { listen 127.0.0.1:${port}; location = /ready { return 204; } location / {
         proxy_pass http://app; proxy_set_header X-Forwarded-For $remote_addr; } } }`,
    );
    front = spawn(nginx ?? "", ["-p", project.directory, "-c", project.path("nginx.conf")], { stdio: "ignore" });
    const ready = (): Promise<number> => fetch(`http://127.0.0.1:${port}/ready`).then(({ status }) => status);
    await expect.poll(() => ready().catch(() => 0), { timeout: 20_000 }).toBe(204);

    const { cookie, ...first } = await ask(port);
    expect(first.status).toBe(200);
    const answers = [first.body];
    for (let count = 1; count < 6; count += 1) answers.push((await ask(port, cookie)).body);
    // nginx takes the servers in turn; each has seen some of the visits, and all visits were counted.
    expect(new Set(answers.map((body) => body.split(" ")[0]))).toEqual(new Set(servers.map(({ pid }) => String(pid))));
    expect(answers.map((body) => Number(body.split(" ")[1]))).toEqual([1, 2, 3, 4, 5, 6]);
    const refused = await Promise.all([ask(port, cookie), ask(port), ask(port, cookie)]);
    expect(refused.map(({ status }) => status)).toEqual([429, 429, 429]);

    // Without Redis nobody is counted and no session is found; both come back with it.
    await redis.stop();
    expect((await ask(port, cookie)).status).toBe(500);
    const said = (): string => servers.map(({ stderr }) => stderr).join("");
    await expect.poll(said, { timeout: 20_000 }).toContain("Cannot count requests for the rate limit: ");
    await redis.start();
    await expect.poll(async () => (await ask(port)).status, { timeout: 20_000 }).toBe(200);
  });
});
