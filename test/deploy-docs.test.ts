// docs/deploy and `tsgi init`: the texts are the same, and the programs that they are for accept them. nginx is loaded and proxies real
// requests; systemd checks the units; YAML is parsed; what a Dockerfile starts is started here, since no container engine is needed for that.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { PLATFORM_NAMES, type PlatformName } from "../src/cli/init/platform-names.ts";
import { writeFiles } from "../src/cli/init/write-files.ts";
import { splitWords } from "../src/server/settings/split-words.ts";
import { type Command, Project } from "./cli-command.ts";
import { freePort } from "./free-port.ts";
import { program, venvPython } from "./needs.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const project = new Project({
  "package.json": JSON.stringify({ name: "shop", type: "module", dependencies: { tsgi: "*" } }),
  "package-lock.json": "{}",
  "requirements.txt": "flask\n",
  "app.ts": `
    import type { WSGIApplication } from "tsgi/wsgi";
    export const application: WSGIApplication = (environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "application/json"]]);
      const texts = Object.entries(environ).filter(([, value]) => typeof value === "string");
      return [Buffer.from(JSON.stringify(Object.fromEntries(texts)))];
    };
  `,
});

const commands = new Set<Command>();
afterEach(async () => {
  for (const command of commands) command.signal("SIGKILL");
  await Promise.all([...commands].map((command) => command.result));
  commands.clear();
});
afterAll(() => project.remove());

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  const command = project.start(args, { env });
  commands.add(command);
  return command;
}

async function init(...args: string[]): Promise<string> {
  const { stdout, stderr, code } = await project.run(["init", ...args, "--stdout"]);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  return stdout;
}

/** What `npm install` does with the command of a package. */
function installCommand(): void {
  const path = project.path("node_modules/.bin/tsgi");
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) symlinkSync(join(ROOT, "bin", "tsgi.js"), path);
}

/** One file of several that were printed. */
function part(text: string, path: string): string {
  return (
    text
      .split(/^# --- /m)
      .find((each) => each.startsWith(`${path}\n`))
      ?.slice(path.length + 1) ?? ""
  );
}

type Environ = Readonly<Record<string, string>>;

function ask(port: number, headers: Readonly<Record<string, string>> = {}): Promise<Environ> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path: "/a%20b?c=d", headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(body) as Environ);
        else reject(new Error(`${response.statusCode}: ${body}`));
      });
    });
    sent.on("error", reject).end();
  });
}

/** Asks until the server is there. */
async function askPatiently(port: number, headers: Readonly<Record<string, string>> = {}): Promise<Environ> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(port, headers);
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
  }
}

describe("docs/deploy", () => {
  test.each(Object.keys(PLATFORM_NAMES))(
    "has a page for %s with a text of its own, and the overview links to it",
    (name) => {
      const page = readFileSync(join(ROOT, "docs", "deploy", `${name}.md`), "utf8");
      expect(page).toMatch(new RegExp(`<!-- tsgi init ${name}: \\S+ -->\n\n\`\`\`\\w+\n[^\`]`));
      expect(readFileSync(join(ROOT, "docs", "deploy", "README.md"), "utf8")).toContain(`](${name}.md)`);
    },
  );
});

describe("tsgi init", () => {
  test("writes files, does not overwrite them, and does with --force", async () => {
    const folder = new Project({ "app.ts": "" });
    try {
      expect(await folder.run(["init", "systemd", "--name", "shop"])).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Wrote shop\.service\nWrote shop\.socket\nNext: cp shop\.service /),
      });
      folder.write("shop.socket", "mine");
      expect(await folder.run(["init", "systemd", "--name", "shop"])).toMatchObject({
        code: 2,
        stderr:
          "tsgi: Cannot write shop.service and shop.socket: already there; give --force to overwrite, or --stdout to look\n",
      });
      expect(readFileSync(folder.path("shop.socket"), "utf8")).toBe("mine");
      expect(await folder.run(["init", "systemd", "--name", "shop", "--force"])).toMatchObject({ code: 0 });
      expect(readFileSync(folder.path("shop.socket"), "utf8")).toContain("ListenStream=");
    } finally {
      folder.remove();
    }
  });

  test("--stdout writes nothing", async () => {
    const before = readdirSync(project.directory);
    const write = (name: PlatformName): Promise<string> => writeFiles(name, { stdout: true }, project.directory);
    for (const name of Object.keys(PLATFORM_NAMES) as PlatformName[]) expect(await write(name)).not.toBe("");
    expect(await init("docker")).toBe(await write("docker"));
    expect(readdirSync(project.directory)).toEqual(before);
  });

  test("says what it expected when it cannot tell what to serve", async () => {
    const folder = new Project({});
    try {
      expect(await folder.run(["init", "nginx"])).toMatchObject({
        code: 2,
        stdout: "",
        stderr: expect.stringMatching(/^tsgi: Cannot tell what to serve in .*--target\n$/),
      });
    } finally {
      folder.remove();
    }
  });
});

const nginx = program("nginx");

describe.skipIf(nginx === undefined)("nginx with the file of tsgi init", () => {
  /** Loads the file into a real nginx; only where it listens is another. */
  async function serveBehindNginx(site: string, use: (port: number) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "tsgi-nginx-"));
    const port = await freePort();
    writeFileSync(join(folder, "site.conf"), site.replace("listen 80;", `listen 127.0.0.1:${port};`));
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    writeFileSync(
      join(folder, "nginx.conf"),
      `pid ${folder}/pid;\nerror_log ${folder}/error.log;\ndaemon off;\nuser root;\nevents {}\nhttp {\naccess_log off;\n${paths.join("\n")}\ninclude ${folder}/site.conf;\n}\n`,
    );
    const args = ["-p", folder, "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")];
    const tried = spawnSync(nginx ?? "", ["-t", ...args], { encoding: "utf8" });
    expect(tried.stderr).toContain("syntax is ok");
    expect(tried.stderr).not.toMatch(/\[(?:warn|emerg)\] (?!the "user" directive)/);
    const child = spawn(nginx ?? "", args, { stdio: "ignore" });
    try {
      await use(port);
    } finally {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(folder, { recursive: true });
    }
  }

  const FORGED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    Forwarded: "for=6.6.6.6;proto=https",
    "X-Request-ID": "mine",
    Host: "shop.example",
  };

  /** What the application has to see. */
  const TRUTH = {
    PATH_INFO: "/a b",
    QUERY_STRING: "c=d",
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTP_HOST: "shop.example",
    HTTP_X_FORWARDED_FOR: "127.0.0.1",
    HTTP_X_FORWARDED_PROTO: "http",
    HTTP_X_FORWARDED_HOST: "shop.example",
    SERVER_NAME: "shop.example",
    SERVER_PORT: "80",
    REMOTE_ADDR: "127.0.0.1",
    SCRIPT_NAME: "",
    "wsgi.url_scheme": "http",
    HTTP_X_REQUEST_ID: expect.stringMatching(/^[\da-f]{32}$/),
  };

  function forgeriesIn(environ: Environ): string[] {
    return Object.values(environ).filter((value) => /6\.6\.6\.6|evil|^666$|^mine$/.test(value));
  }

  test("passes requests over TCP, and nothing that a client forged", async () => {
    const command = start(["app.ts", "--bind", "127.0.0.1:0"]);
    const site = await init("nginx", "--port", String(await command.port()));
    await serveBehindNginx(site, async (port) => {
      const environ = await askPatiently(port, FORGED);
      expect(environ).toMatchObject(TRUTH);
      expect(forgeriesIn(environ)).toEqual([]);
    });
  });

  test("passes requests over a unix socket", async () => {
    const socket = project.path("http.sock");
    const command = start(["app.ts", "--bind", `unix:${socket}`, "--forwarded-allow-ips", "unix", "--umask", "007"]);
    await command.saw("Listening at");
    const site = await init("nginx", "--socket", socket);
    await serveBehindNginx(site, async (port) => {
      const environ = await askPatiently(port, FORGED);
      expect(environ).toMatchObject(TRUTH);
      expect(forgeriesIn(environ)).toEqual([]);
    });
  });
});

const apache = program("apache2");
const lighttpd = program("lighttpd");
const caddy = program("caddy");

describe("another front with the file of tsgi init", () => {
  /** Starts it with the file, in a folder of its own; only where it listens is another. */
  async function serveBehind(
    path: string,
    args: (file: string) => readonly string[],
    check: string,
    configuration: (folder: string, port: number) => string,
  ): Promise<Environ> {
    const folder = mkdtempSync(join(tmpdir(), "tsgi-front-"));
    const port = await freePort();
    const file = join(folder, "conf");
    writeFileSync(file, configuration(folder, port));
    const tried = spawnSync(path, [...args(file), check], { encoding: "utf8" });
    expect(tried.stdout + tried.stderr).toMatch(/Syntax OK|^$/m);
    expect(tried.status, tried.stderr).toBe(0);
    const child = spawn(path, [...args(file), path === apache ? "-DFOREGROUND" : "-D"], { stdio: "ignore" });
    try {
      return await askPatiently(port, {
        Host: "shop.example",
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Prefix": "/evil",
        Forwarded: "for=6.6.6.6",
      });
    } finally {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(folder, { recursive: true });
    }
  }

  const SEEN = { PATH_INFO: "/a b", HTTP_HOST: "shop.example", REMOTE_ADDR: "127.0.0.1", "wsgi.url_scheme": "http" };
  const MODULES = ["mpm_event", "authz_core", "headers", "proxy", "proxy_http"];

  test.skipIf(apache === undefined)("Apache loads it, and passes nothing that a client forged", async () => {
    const command = start(["app.ts", "--bind", "127.0.0.1:0"]);
    const site = await init("apache", "--port", String(await command.port()));
    const environ = await serveBehind(
      apache ?? "",
      (file) => ["-f", file],
      "-t",
      (folder, port) =>
        [
          `ServerRoot ${folder}`,
          `DefaultRuntimeDir ${folder}`,
          `PidFile ${folder}/pid`,
          `ErrorLog ${folder}/error.log`,
          "ServerName localhost",
          process.getuid?.() === 0 ? "User www-data\nGroup www-data" : "",
          ...MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
          `Listen 127.0.0.1:${port}`,
          site.replace("*:80", `*:${port}`),
        ].join("\n"),
    );
    expect(environ).toMatchObject(SEEN);
    expect(Object.values(environ).filter((value) => /6\.6\.6\.6|evil/.test(value))).toEqual([]);
  });

  test.skipIf(caddy === undefined)("Caddy loads it, and passes nothing that a client forged", async () => {
    const command = start(["app.ts", "--bind", "127.0.0.1:0"]);
    const site = await init("caddy", "--port", String(await command.port()));
    const folder = mkdtempSync(join(tmpdir(), "tsgi-caddy-"));
    const port = await freePort();
    // No administration at a port of its own, which two tests would share.
    writeFileSync(join(folder, "Caddyfile"), `{\n\tadmin off\n}\n${site}`);
    const env = { ...process.env, SITE_ADDRESS: `http://:${port}`, HOME: folder, XDG_DATA_HOME: folder };
    const child = spawn(caddy ?? "", ["run", "--config", join(folder, "Caddyfile"), "--adapter", "caddyfile"], {
      stdio: "ignore",
      env,
    });
    try {
      const environ = await askPatiently(port, {
        Host: "shop.example",
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Prefix": "/evil",
        Forwarded: "for=6.6.6.6",
      });
      expect(environ).toMatchObject(SEEN);
      expect(Object.values(environ).filter((value) => /6\.6\.6\.6|evil/.test(value))).toEqual([]);
    } finally {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(folder, { recursive: true });
    }
  });

  test.skipIf(lighttpd === undefined)("lighttpd loads it, and passes nothing that a client forged", async () => {
    const command = start(["app.ts", "--bind", "127.0.0.1:0"]);
    const site = await init("lighttpd", "--port", String(await command.port()));
    const environ = await serveBehind(
      lighttpd ?? "",
      (file) => ["-f", file],
      "-tt",
      (folder, port) =>
        [`server.document-root = "${folder}"`, `server.port = ${port}`, `server.bind = "127.0.0.1"`, site].join("\n"),
    );
    expect(environ).toMatchObject(SEEN);
    expect(Object.values(environ).filter((value) => /6\.6\.6\.6|evil/.test(value))).toEqual([]);
  });
});

const analyze = program("systemd-analyze");

describe.skipIf(analyze === undefined)("systemd with the units of tsgi init", () => {
  test.each([[[]], [["--socket", "/run/shop/http.sock"]]])("finds no fault in them (%j)", async (options) => {
    const folder = mkdtempSync(join(tmpdir(), "tsgi-units-"));
    const text = await init("systemd", "--user", "root", ...options);
    installCommand();
    const paths = ["shop.service", "shop.socket"].map((name) => {
      writeFileSync(join(folder, name), part(text, name));
      return join(folder, name);
    });
    const { status, stderr } = spawnSync(analyze ?? "", ["verify", "--man=no", ...paths], {
      encoding: "utf8",
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
    });
    rmSync(folder, { recursive: true });
    expect({ status, faults: stderr.split("\n").filter((line) => line.includes("shop")) }).toEqual({
      status: 0,
      faults: [],
    });
  });
});

const activate = program("systemd-socket-activate");

describe.skipIf(activate === undefined)("the command of the unit", () => {
  test("serves the socket that systemd hands over, and ends by TERM to its own process", async () => {
    const port = await freePort();
    const unit = part(await init("systemd"), "shop.service");
    const words = splitWords(/^ExecStart=(.*)$/m.exec(unit)?.[1] ?? "", "unit");
    installCommand();
    const child = spawn(activate ?? "", ["-l", `127.0.0.1:${port}`, "-E", "PATH", ...words], {
      cwd: project.directory,
      stdio: "ignore",
    });
    try {
      expect(await askPatiently(port)).toMatchObject({ SERVER_PORT: String(port), REMOTE_ADDR: "127.0.0.1" });
      child.kill("SIGTERM");
      expect(await once(child, "exit")).toEqual([0, null]);
    } finally {
      child.kill("SIGKILL");
    }
  });
});

const python = venvPython();

describe.skipIf(python === undefined)("the YAML of tsgi init", () => {
  function parseYaml(text: string): unknown[] {
    const script = "import json, sys, yaml; json.dump(list(yaml.safe_load_all(sys.stdin.read())), sys.stdout)";
    return JSON.parse(execFileSync(python ?? "", ["-c", script], { input: text, encoding: "utf8" })) as unknown[];
  }

  test("for Kubernetes says that nothing is lost: ready before the old one goes, and time for the whole stop", async () => {
    const [deployment, service, budget, scaling] = parseYaml(await init("kubernetes", "--name", "yes"));
    const probe = (path: string): object => ({ httpGet: { path, port: "stats" } });
    expect(deployment).toMatchObject({
      kind: "Deployment",
      metadata: { name: "yes" },
      spec: {
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels: { app: "yes" } },
          spec: {
            // preStop 5, lame duck 5, graceful 30, spare 5.
            terminationGracePeriodSeconds: 45,
            containers: [
              {
                image: "yes:latest",
                args: ["--lame-duck-seconds", "5", "--graceful-timeout", "30"],
                ports: [
                  { name: "http", containerPort: 8000 },
                  { name: "stats", containerPort: 9100 },
                ],
                readinessProbe: probe("/readyz"),
                livenessProbe: probe("/healthz"),
                startupProbe: probe("/readyz"),
                lifecycle: { preStop: { exec: { command: ["sleep", "5"] } } },
              },
            ],
          },
        },
      },
    });
    // The private listener is no part of the service.
    expect(service).toMatchObject({
      kind: "Service",
      spec: { selector: { app: "yes" }, ports: [{ targetPort: "http" }] },
    });
    expect(budget).toMatchObject({ kind: "PodDisruptionBudget", spec: { selector: { matchLabels: { app: "yes" } } } });
    expect(scaling).toMatchObject({
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "yes" },
      spec: {
        scaleTargetRef: { kind: "Deployment", name: "yes" },
        metrics: [{ type: "Pods", pods: { target: { type: "AverageValue", averageValue: "50" } } }],
      },
    });
  });

  test("for App Engine names a runtime and how to start", async () => {
    expect(parseYaml(await init("appengine"))).toMatchObject([
      { runtime: "nodejs22", entrypoint: expect.stringMatching(/^exec node_modules\/\.bin\/tsgi app\.ts /) },
    ]);
    expect(parseYaml(part(await init("appengine", "--target", "wsgi.py"), "app.yaml"))).toMatchObject([
      { runtime: "custom", env: "flex" },
    ]);
  });
});

describe("the Dockerfile of tsgi init", () => {
  const INSTRUCTIONS = /^(?:FROM|RUN|CMD|EXPOSE|ENV|COPY|ENTRYPOINT|USER|WORKDIR|HEALTHCHECK) /;

  /** The instructions, with continued lines joined and comments left out. */
  function instructions(text: string): string[] {
    return text
      .replaceAll(/\\\n\s*/g, "")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
  }

  test.each([["app.ts"], ["wsgi.py"]])(
    "for %s has known instructions only, and copies from stages that exist",
    async (target) => {
      const lines = instructions(part(await init("docker", "--target", target), "Dockerfile"));
      expect(lines.filter((line) => !INSTRUCTIONS.test(line))).toEqual([]);
      expect(lines[0]).toMatch(/^FROM \S+ AS \w+$/);
      const stages = lines.flatMap((line) => /^FROM \S+ AS (\w+)$/.exec(line)?.[1] ?? []);
      const sources = lines.flatMap((line) => /--from=(\w+)/.exec(line)?.[1] ?? []);
      expect(new Set(sources)).toEqual(new Set(stages));
      // Root is given up before anything starts, and no shell stands before process 1.
      const last = lines.findLastIndex((line) => line.startsWith("FROM "));
      expect(lines.findIndex((line, index) => index > last && /^USER (?!root|0)/.test(line))).toBeGreaterThan(last);
      expect(lines.at(-1)).toMatch(/^ENTRYPOINT \[.*\]$/);
      expect(lines.filter((line) => line.startsWith("HEALTHCHECK "))).toHaveLength(1);
    },
  );

  test("starts a server whose health check is green, and stops it", async () => {
    const stats = await freePort();
    const lines = instructions(part(await init("docker", "--port", String(await freePort())), "Dockerfile")).map(
      (line) => line.replaceAll("9100", String(stats)),
    );
    const [, ...words] = JSON.parse(lines.at(-1)?.replace("ENTRYPOINT ", "") ?? "") as string[];
    const [node, ...check] = JSON.parse(
      lines.find((line) => line.startsWith("HEALTHCHECK "))?.replace(/^.*? CMD /, "") ?? "",
    ) as string[];
    expect(node).toBe("node");
    expect(spawnSync(process.execPath, check).status).toBe(1);
    const command = start(words);
    await askPatiently(await command.port());
    expect(spawnSync(process.execPath, check).status).toBe(0);
    expect(await command.stop()).toMatchObject({ code: 0 });
  });
});

describe("the process file of tsgi init", () => {
  test("starts a server at $PORT with $WEB_CONCURRENCY workers that believes its front end", async () => {
    const line = (await init("heroku")).replace(/^web: /, "");
    const [name, ...words] = splitWords(line, "Procfile");
    expect(name).toBe("node_modules/.bin/tsgi");
    const port = await freePort();
    start(words, { PORT: String(port), WEB_CONCURRENCY: "2" });
    const headers = { "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" };
    expect(await askPatiently(port, headers)).toMatchObject({ REMOTE_ADDR: "203.0.113.9", "wsgi.url_scheme": "https" });
  });
});
