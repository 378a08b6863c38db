// `tsgi --reload` while somebody edits: what the browser gets after each save, and what the terminal shows.
import { createSocket } from "node:dgram";
import { renameSync } from "node:fs";
import { Agent, get } from "node:http";
import { connect } from "node:net";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Command, Project } from "./cli-command.ts";
import { program } from "./needs.ts";

function source(word: string): string {
  return `import { mark } from "./mark.js";
    export const application = (environ: object, startResponse: Function) => {
      startResponse("200 OK", []); return [Buffer.from("${word}" + mark)]; };`;
}

const project = new Project({
  "app.ts": source("one"),
  "mark.ts": 'export const mark: string = "!";',
  "page.html": "",
  "notes.txt": "",
});
let running: Command | undefined;

afterEach(async () => {
  await running?.stop("SIGTERM");
  project.write("app.ts", source("one"));
});
afterAll(() => project.remove());

async function serve(...args: string[]): Promise<{ command: Command; port: number }> {
  const command = project.start(["app.ts", "--reload", "-b", "127.0.0.1:0", ...args]);
  running = command;
  return { command, port: await command.port() };
}

function body(port: number, agent?: Agent, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, agent: agent ?? false, headers }, (response) => {
      let text = "";
      response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
}

describe("tsgi --reload", () => {
  test("serves each saved version on the same port, however the editor saves", async () => {
    const { command, port } = await serve();
    expect(await body(port)).toBe("one!");
    project.write("app.ts", source("two"));
    await command.saw("Reloaded: generation 2");
    expect(await body(port)).toBe("two!");
    project.write("app.ts~", source("three"));
    renameSync(project.path("app.ts~"), project.path("app.ts"));
    await command.saw("Reloaded: generation 3");
    expect(await body(port)).toBe("three!");
    project.write("mark.ts", 'export const mark: string = "?";');
    await command.saw("Reloaded: generation 4");
    expect(await body(port)).toBe("three?");
    expect(command.stderr).toContain("[INFO] Reloading: mark.ts changed");
    project.write("mark.ts", 'export const mark: string = "!";');
    await command.saw("Reloaded: generation 5");
    expect(await command.stop("SIGINT")).toMatchObject({ code: 0 });
  });

  test("answers a kept connection with new code, or ends it", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { command, port } = await serve();
    expect(await body(port, agent)).toBe("one!");
    project.write("app.ts", source("two"));
    await command.saw("Reloaded: generation 2");
    expect(await body(port, agent).catch(() => body(port, agent))).toBe("two!");
    agent.destroy();
  });

  test("says what is wrong with a broken version; the last good one serves until it is mended", async () => {
    const { command, port } = await serve();
    project.write("app.ts", "const = 1;\n");
    await command.saw("Reload failed");
    expect(command.stderr).toMatch(/generation 1 keeps serving: Syntax error in .*app\.ts:1:\d+/);
    expect(await body(port)).toBe("one!");
    project.write("app.ts", "throw new Error('at load');\n");
    await command.saw("Reload failed", 2);
    expect(command.stderr).toContain("threw while loading: Error: at load");
    expect(await body(port)).toBe("one!");
    project.write("app.ts", source("mended"));
    await command.saw("Reloaded: generation 2");
    expect(await body(port)).toBe("mended!");
    expect(await command.stop()).toMatchObject({ code: 0 });
  });

  test("gives up a version that hangs as soon as the next is saved", async () => {
    const { command, port } = await serve();
    project.write("app.ts", "await new Promise(() => setInterval(() => {}, 1000));");
    await command.saw("Reloading: generation 2");
    project.write("app.ts", source("quick"));
    await command.saw("Reloaded: generation 2");
    expect(await body(port)).toBe("quick!");
  });

  test("waits for a change when the first version is broken, and ends with 0 when it is stopped then", async () => {
    project.write("app.ts", "const = 1;\n");
    const broken = project.start(["app.ts", "--reload", "-b", "127.0.0.1:0"]);
    running = broken;
    await broken.saw("waiting for a change");
    project.write("app.ts", "const = 2;\n");
    await broken.saw("waiting for a change", 2);
    project.write("app.ts", source("first"));
    expect(await body(await broken.port())).toBe("first!");
    await broken.stop();
    project.write("app.ts", "const = 1;\n");
    const again = project.start(["app.ts", "--reload", "-b", "127.0.0.1:0"]);
    running = again;
    await again.saw("waiting for a change");
    expect(await again.stop()).toMatchObject({ code: 0 });
  });

  test("watches extra files and the configuration file, and no others", async () => {
    project.write("settings.json", JSON.stringify({ accessLogfile: "-" }));
    const { command, port } = await serve("--reload-extra-file", "*.html", "-c", "settings.json");
    project.write("notes.txt", "not watched");
    project.write("page.html", "watched");
    await command.saw("Reloaded: generation 2");
    expect(command.stderr).toContain("Reloading: page.html changed");
    project.write("settings.json", JSON.stringify({ accessLogfile: "-", accessLogformat: "configured %(s)s" }));
    await command.saw("Reloaded: generation 3");
    expect(await body(port)).toBe("one!");
    await expect.poll(() => command.stdout).toContain("configured 200");
    expect(command.stderr).not.toContain("notes.txt");
  });

  test.skipIf(program("python3") === undefined)("reloads Python, also what it imports from elsewhere", async () => {
    const library = new Project({ "word.py": "word = b'adder'\n" });
    project.write(
      "snake.py",
      "from word import word\ndef application(environ, start_response):\n    start_response('200 OK', [])\n    return [word]\n",
    );
    try {
      const command = project.start(["snake:application", "--reload", "-b", "127.0.0.1:0"], {
        env: { PYTHONPATH: library.directory },
      });
      running = command;
      const port = await command.port();
      expect(await body(port)).toBe("adder");
      library.write("word.py", "word = b'python'\n");
      await command.saw("Reloaded: generation 2");
      expect(await body(port)).toBe("python");
      project.write("snake.py", "oops(\n");
      await command.saw("Reload failed");
      expect(command.stderr).toContain("SyntaxError");
      expect(await body(port)).toBe("python");
    } finally {
      await running?.stop();
      library.remove();
    }
  });

  test("ends with the code of what no edit can mend", async () => {
    running = undefined;
    expect(await project.run(["app.ts", "--reload", "-b", "192.0.2.1:80"])).toMatchObject({ code: 10 });
    expect(await project.run(["nope.ts", "--reload"])).toMatchObject({ code: 5 });
  });

  test("takes the serving process with it when it is killed", async () => {
    const { command, port } = await serve();
    await command.stop("SIGKILL");
    await expect(refused(port)).resolves.toBe(true);
  });
});

describe("tsgi --reload serves by the same settings as without it:", () => {
  const FORWARDED = { "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https" };

  beforeEach(() => {
    project.write(
      "app.ts",
      `export const application = (environ: Record<string, unknown>, startResponse: Function) => {
        startResponse("200 OK", []);
        return [Buffer.from(environ.REMOTE_ADDR + " " + environ["wsgi.url_scheme"])];
      };`,
    );
  });

  test.each([
    ["trusted proxies", ["--forwarded-allow-ips", "127.0.0.1"], FORWARDED, "203.0.113.9 https"],
    ["proxies that are not trusted", ["--forwarded-allow-ips", "10.0.0.1"], FORWARDED, "127.0.0.1 http"],
  ])("%s", async (_, args, headers, expected) => {
    const { port } = await serve(...args);
    expect(await body(port, undefined, headers)).toBe(expected);
  });

  test("the PROXY protocol", async () => {
    const { port } = await serve("--proxy-protocol", "v1");
    expect(await say(port, "PROXY TCP4 203.0.113.7 192.0.2.1 4242 80\r\nGET / HTTP/1.0\r\n\r\n")).toContain(
      "203.0.113.7 http",
    );
  });

  test("limits, the form of the access log, and a log of its own", async () => {
    const args = ["--limit-request-line", "100", "--access-logfile", "-", "--access-log-style", "json"];
    const { command, port } = await serve(...args);
    expect(await say(port, `GET /${"x".repeat(200)} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 414/);
    await body(port);
    const lines = (): string[] => command.stdout.trim().split("\n");
    await expect.poll(() => lines().length).toBe(2);
    expect(JSON.parse(lines()[1] ?? "")).toMatchObject({ status: 200, method: "GET" });
  });

  test("syslog", async () => {
    const heard: string[] = [];
    const syslog = createSocket("udp4", (packet) => heard.push(packet.toString("latin1")));
    await new Promise<void>((resolve) => syslog.bind(0, "127.0.0.1", resolve));
    try {
      const { port } = await serve("--log-syslog", "--log-syslog-to", `udp://127.0.0.1:${syslog.address().port}`);
      await body(port);
      await expect.poll(() => heard.join("\n")).toContain('"GET / HTTP/1.1" 200');
    } finally {
      syslog.close();
    }
  });

  test("several workers", async () => {
    const { command, port } = await serve("-w", "2");
    expect(await body(port)).toBe("127.0.0.1 http");
    project.write("app.ts", source("both"));
    await command.saw("Reloaded: generation 2");
    expect(await Promise.all(Array.from({ length: 8 }, () => body(port)))).toEqual(Array(8).fill("both!"));
  });
});

/** Sends bytes and reads to the end. */
function say(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(text));
    let answer = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => (answer += chunk));
    socket.on("error", reject).on("end", () => resolve(answer));
  });
}

async function refused(port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await body(port).catch(() => undefined);
    if (answer === undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
