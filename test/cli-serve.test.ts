// `tsgi TARGET` as its clients, its operator and its log reader see it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { request as secureRequest } from "node:https";
import { connect, createServer } from "node:net";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { type Command, Project } from "./cli-command.ts";
import { program } from "./needs.ts";

const project = new Project({
  "app.ts": `
    import type { WSGIApplication } from "tsgi/wsgi";
    enum Reply { Hello = "hello" }
    export const application: WSGIApplication = async (environ, startResponse) => {
      if (environ.PATH_INFO === "/slow") {
        environ["wsgi.errors"].write("slow begins\\n");
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
      if (environ.PATH_INFO === "/never") { environ["wsgi.errors"].write("never begins\\n"); await new Promise(() => {}); }
      startResponse("200 OK", [["Content-Type", "text/plain"], ["X-Scheme", environ["wsgi.url_scheme"]]]);
      return [Buffer.from(Reply.Hello + " " + environ.PATH_INFO)];
    };
  `,
});

const commands = new Set<Command>();
function start(...args: string[]): Command {
  const command = project.start(["app.ts", ...args]);
  commands.add(command);
  return command;
}

afterEach(async () => {
  for (const command of commands) command.signal("SIGKILL");
  await Promise.all([...commands].map((command) => command.result));
  commands.clear();
});
afterAll(() => project.remove());

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly scheme: unknown;
}

function read(response: IncomingMessage, resolve: (answer: Answer) => void): void {
  let body = "";
  response.setEncoding("latin1").on("data", (text: string) => (body += text));
  response.on("end", () => resolve({ status: response.statusCode, body, scheme: response.headers["x-scheme"] }));
}

function get(
  where: { port: number; host?: string } | { socketPath: string },
  path = "/",
  headers = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const to = "port" in where ? { host: "127.0.0.1", ...where } : where;
    request({ ...to, path, headers, agent: false }, (response) => read(response, resolve))
      .on("error", reject)
      .end();
  });
}

describe("tsgi serves", () => {
  test("on a free port, which it names in gunicorn's form", async () => {
    const command = start("--bind", "127.0.0.1:0");
    const port = await command.port();
    expect(port).toBeGreaterThan(0);
    expect(await get({ port }, "/a")).toMatchObject({ status: 200, body: "hello /a", scheme: "http" });
    expect(command.stderr).toMatch(
      new RegExp(
        `^\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d [+-]\\d{4}\\] \\[${command.pid}\\] \\[INFO\\] Listening at: http://127\\.0\\.0\\.1:${port} \\(${command.pid}\\)\n$`,
      ),
    );
  });

  test("on $PORT of all interfaces when --bind is not given", async () => {
    const command = project.start(["app.ts"], { env: { PORT: "0" } });
    commands.add(command);
    const port = await command.port();
    expect(command.stderr).toContain(`http://0.0.0.0:${port}`);
    expect(await get({ port })).toMatchObject({ status: 200 });
  });

  test("on several addresses at once: IPv4, IPv6 and a unix socket", async () => {
    const command = start("-b", "127.0.0.1:0", "-b", "[::1]:0", "-b", "unix:many.sock");
    const port = await command.port();
    const port6 = Number(/http:\/\/\[::1\]:(\d+)/.exec(command.stderr)?.[1]);
    expect(command.stderr).toContain(`,unix:${project.path("many.sock")} (`);
    expect(await get({ port })).toMatchObject({ status: 200 });
    expect(await get({ port: port6, host: "::1" })).toMatchObject({ status: 200 });
    expect(await get({ socketPath: project.path("many.sock") })).toMatchObject({ status: 200 });
    expect(await command.stop()).toMatchObject({ code: 0 });
    expect(existsSync(project.path("many.sock"))).toBe(false);
  });

  test("over TLS, and asks for a client certificate when told to", async () => {
    const openssl = program("openssl") ?? "openssl";
    const [key, cert] = [project.path("key.pem"), project.path("cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-days", "2", "-nodes"];
    execFileSync(
      openssl,
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        ...subject,
        "-keyout",
        key,
        "-out",
        cert,
      ],
      { stdio: "ignore" },
    );
    const ask = (port: number, identity: object): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const options = { host: "127.0.0.1", port, rejectUnauthorized: false, agent: false, ...identity };
        secureRequest(options, (response) => read(response, resolve))
          .on("error", reject)
          .end();
      });
    const tls = ["--bind", "127.0.0.1:0", "--keyfile", key, "--certfile", cert];
    const open = start(...tls);
    expect(await ask(await open.port(), {})).toMatchObject({ status: 200, scheme: "https" });
    expect(open.stderr).toContain("Listening at: https://127.0.0.1:");
    const closed = start(...tls, "--ca-certs", cert, "--cert-reqs", "2");
    const port = await closed.port();
    await expect(ask(port, {})).rejects.toThrow(/certificate|socket hang up|ECONNRESET/);
    expect(await ask(port, { key: readFileSync(key), cert: readFileSync(cert) })).toMatchObject({ status: 200 });
  });
});

describe("tsgi cannot listen, says why and ends with a code of its own", () => {
  test("when the port is taken", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const { port } = blocker.address() as { port: number };
    const result = await start("-b", `127.0.0.1:${port}`).result;
    expect(result).toMatchObject({
      code: 9,
      stdout: "",
      stderr: `tsgi: Cannot listen at 127.0.0.1:${port}: the address is in use by another process\nFor more: tsgi explain ERR_TSGI_ADDRESS_IN_USE\n`,
    });
    await new Promise((resolve) => blocker.close(resolve));
  });

  test("when a live server has the unix socket, but not when a dead one left it behind", async () => {
    const first = start("-b", "unix:one.sock");
    await first.saw("Listening at");
    const second = await start("-b", "unix:one.sock").result;
    expect(second).toMatchObject({
      code: 9,
      stderr: expect.stringMatching(/Cannot listen at unix:.*one\.sock: the address is in use/),
    });
    expect(await get({ socketPath: project.path("one.sock") })).toMatchObject({ status: 200 });
    await first.stop("SIGKILL");
    expect(existsSync(project.path("one.sock"))).toBe(true);
    await start("-b", "unix:one.sock").saw("Listening at");
    expect(await get({ socketPath: project.path("one.sock") })).toMatchObject({ status: 200 });
  });

  test.each([
    [
      "the address is not this machine's",
      "192.0.2.1:80",
      /: this machine has no such address\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    [
      "the host is unknown",
      "no-such-host.invalid:80",
      /: the host name (?:is unknown|cannot be looked up)\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    [
      "a file is in the way of the socket",
      "unix:app.ts",
      /: a file that is no socket is in the way\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
    [
      "the directory of the socket does not exist",
      "unix:no/such.sock",
      /: the directory does not exist\nFor more: tsgi explain ERR_TSGI_\w+\n$/,
    ],
  ])("when %s", async (_, address, message) => {
    expect(await start("-b", address).result).toMatchObject({ code: 10, stderr: expect.stringMatching(message) });
  });

  test.each([
    [
      "a certificate that does not exist",
      ["--certfile", "nope.pem"],
      /^tsgi: Cannot read the file "nope\.pem" of --certfile: ENOENT/,
    ],
    [
      "a certificate that is none",
      ["--certfile", "app.ts"],
      /^tsgi: Cannot use the certificate and key in "app\.ts": /,
    ],
    [
      "a log in no directory",
      ["--access-logfile", "no/such.log"],
      /^tsgi: Cannot open the log file "no\/such\.log": ENOENT/,
    ],
  ])("with %s", async (_, args, message) => {
    expect(await start("-b", "127.0.0.1:0", ...args).result).toMatchObject({
      code: 11,
      stderr: expect.stringMatching(message),
    });
  });
});

describe("tsgi stops", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("at %s after the answers in hand, with exit code 0", async (signal) => {
    const command = start("-b", "127.0.0.1:0");
    const answer = get({ port: await command.port() }, "/slow");
    await command.saw("slow begins");
    const result = await command.stop(signal);
    expect(await answer).toMatchObject({ status: 200, body: "hello /slow" });
    expect(result).toMatchObject({ code: 0, signal: null });
    expect(result.stderr).toContain(`[INFO] Handling signal: ${signal.slice(3).toLowerCase()}\n`);
    expect(result.stderr).toMatch(/\[INFO\] Shutting down: tsgi\n$/);
  });

  test("at once at the second signal, without its unix socket", async () => {
    const command = start("-b", "unix:quick.sock");
    await command.saw("Listening at");
    const answer = get({ socketPath: project.path("quick.sock") }, "/never").catch((error: Error) => error);
    await command.saw("never begins");
    command.signal("SIGTERM");
    await command.saw("Handling signal: term");
    expect(await command.stop("SIGTERM")).toMatchObject({ code: 0 });
    expect(await answer).toBeInstanceOf(Error);
    expect(existsSync(project.path("quick.sock"))).toBe(false);
  });

  test("within --graceful-timeout when an answer never comes", async () => {
    const command = start("-b", "127.0.0.1:0", "--graceful-timeout", "0.3");
    const answer = get({ port: await command.port() }, "/never").catch((error: Error) => error);
    await command.saw("never begins");
    expect(await command.stop()).toMatchObject({ code: 0 });
    expect(await answer).toBeInstanceOf(Error);
  });
});

describe("tsgi logs", () => {
  test("requests on standard output in gunicorn's format, and no client forges a line", async () => {
    const command = start("-b", "127.0.0.1:0", "--access-logfile", "-");
    const port = await command.port();
    await get({ port }, "/a?b=1", { "User-Agent": 'evil" "\\', Referer: "http://r/" });
    const { stdout } = await command.stop();
    expect(stdout).toMatch(
      /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/a\?b=1 HTTP\/1\.1" 200 8 "http:\/\/r\/" "evil\\x22 \\x22\\x5C"\n$/,
    );
  });

  test("in a format of one's own", async () => {
    const command = start(
      "-b",
      "127.0.0.1:0",
      "--access-logfile",
      "-",
      "--access-logformat",
      "%(m)s %(U)s %(s)s %({x-scheme}o)s %({x-id}i)s",
    );
    await get({ port: await command.port() }, "/a", { "X-Id": "7" });
    expect((await command.stop()).stdout).toBe("GET /a 200 http 7\n");
  });

  test("to files, which SIGUSR1 opens again after a rotation without losing a line", async () => {
    mkdirSync(project.path("logs"));
    const [access, errors] = [project.path("logs/access.log"), project.path("logs/error.log")];
    const command = start(
      "-b",
      "unix:log.sock",
      "--access-logfile",
      access,
      "--access-logformat",
      "%(U)s",
      "--error-logfile",
      errors,
    );
    const where = { socketPath: project.path("log.sock") };
    await until(() => existsSync(errors) && readFileSync(errors, "utf8").includes("Listening at"));
    await get(where, "/before");
    renameSync(access, `${access}.1`);
    renameSync(errors, `${errors}.1`);
    command.signal("SIGUSR1");
    await until(() => existsSync(access) && existsSync(errors));
    await get(where, "/after");
    const result = await command.stop();
    expect(result).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(`${access}.1`, "utf8")).toBe("/before\n");
    expect(readFileSync(access, "utf8")).toBe("/after\n");
    expect(readFileSync(`${errors}.1`, "utf8")).toContain("Listening at");
    expect(readFileSync(errors, "utf8")).toContain("Shutting down");
  });

  test("a request whose client left", async () => {
    const command = start("-b", "127.0.0.1:0", "--access-logfile", "-", "--access-logformat", "%(U)s %(s)s");
    const socket = connect(await command.port(), "127.0.0.1");
    socket.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    await command.saw("slow begins");
    socket.resetAndDestroy();
    expect((await command.stop()).stdout).toBe("/slow -\n");
  });

  test("a request that it refused, escaped", async () => {
    const command = start("-b", "127.0.0.1:0");
    const socket = connect(await command.port(), "127.0.0.1");
    socket.on("error", () => {}).write("GET / HTTP/1.1\r\nBad\x1b[31m Name: x\r\n\r\n");
    await command.saw("Invalid request from ip=127.0.0.1: A line of the request head contains a control character");
    socket.destroy();
    expect((await command.stop()).stderr).not.toContain("\x1b");
  });

  test("only what --log-level lets through", async () => {
    const command = start("-b", "unix:quiet.sock", "--log-level", "warning");
    await until(() => existsSync(project.path("quiet.sock")));
    expect(await command.stop()).toMatchObject({ code: 0, stderr: "" });
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 600 && !isTrue(); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(isTrue()).toBe(true);
}
