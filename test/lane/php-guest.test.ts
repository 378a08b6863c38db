// A guest in a fourth language: examples/php-guest, which was written from docs/lane-protocol.md and docs/guests/your-language.md.
import { cpSync, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { commandApplication } from "../../src/guests/command/command-application.ts";
import { commandMiddleware } from "../../src/guests/command/command-middleware.ts";
import type { CommandOptions } from "../../src/guests/command/options.ts";
import { Project } from "../cli-command.ts";
import { program } from "../needs.ts";
import { isRunning, processesOf } from "../python/processes-of.ts";
import { eventually } from "../python/serve-python.ts";
import { testBelowFilter } from "./filter-conformance.ts";
import { serveGuest, type ServedGuest } from "./serve-guest.ts";

const DIRECTORY = fileURLToPath(new URL("../../examples/php-guest/", import.meta.url));
const CHAPTER = readFileSync(new URL("../../docs/guests/your-language.md", import.meta.url), "utf8");

const php = program("php", "php8.4", "php8.2");
const guestOf = (app: string): CommandOptions => ({
  name: "PHP",
  command: [php ?? "php", "guest.php"],
  language: { app },
  directory: DIRECTORY,
  log: () => {},
  output: () => {},
});

describe.skipIf(php === undefined)("A guest in PHP", () => {
  let project: Project;
  beforeEach(() => {
    project = new Project({});
    cpSync(DIRECTORY, project.directory, { recursive: true });
  });
  afterEach(() => project.remove());

  test("keeps every rule of lane-check, as the chapter calls it", async () => {
    const words = /^npx tsgi (lane-check .*)$/m.exec(CHAPTER)?.[1] ?? "";
    const args = [...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain = ""]) => quoted ?? plain);
    const { code, stdout } = await project.run(args);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.filter((line) => !line.startsWith("ok      "))).toEqual([
      `${lines.length - 1} of ${lines.length - 1} cases hold`,
    ]);
    expect(lines.length).toBeGreaterThan(10);
    expect(code).toBe(0);
  });

  test("is served by the INI file of the chapter", async () => {
    project.write("app.ini", /```ini\n([\s\S]*?)```/.exec(CHAPTER)?.[1] ?? "");
    const { stdout } = await project.run(["fetch", "app.ini", "/path/caf%C3%A9", "--include"]);
    expect(stdout).toMatch(/^HTTP\/1\.1 200 /);
    expect(stdout).toContain("X-Filter: PHP ");
    expect(stdout).toMatch(/\/path\/café$/);
  });

  test.skipIf(process.platform !== "linux")(
    "ends with a server that is killed, and removes what that left",
    async () => {
      const section = [
        "use = egg:tsgi#guest",
        "name = PHP",
        "command = php guest.php",
        "processes = 2",
        "app = app.php",
      ];
      project.write("one.ini", ["[app:main]", ...section, ""].join("\n"));
      const command = project.start(["one.ini", "--bind", "127.0.0.1:0"]);
      await command.port();
      const all = processesOf(project.directory, command.pid).workers;
      const guests = all.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("guest.php"));
      expect(guests).toHaveLength(2);
      const files = readdirSync(`/proc/${guests[0]}/fd`).map((name) => readlinkSync(`/proc/${guests[0]}/fd/${name}`));
      const directory = dirname(files.find((path) => path.endsWith("/status")) ?? "");
      expect(directory).toContain("/tsgi-");
      command.signal("SIGKILL");
      for (const pid of all) if (!guests.includes(pid)) process.kill(pid, "SIGKILL");
      await expect.poll(() => guests.filter(isRunning)).toEqual([]);
      await expect.poll(() => existsSync(directory)).toBe(false);
    },
  );
});

describe.skipIf(php === undefined)("An application in PHP", () => {
  let served: ServedGuest;
  beforeAll(async () => {
    served = await serveGuest((log) => commandApplication({ ...guestOf("app.php"), log, deadlineSeconds: 1 }));
  });
  afterAll(() => served.close());

  test("that does not answer is a 504, and the log has its stack", async () => {
    expect(await served.get("/stuck")).toMatchObject({ status: 504 });
    await eventually(() => served.errors.text.includes("PHPDeadlineMissed"), "the log");
    expect(served.errors.text).toContain("app.php(");
    expect(await served.get("/hello")).toMatchObject({ text: "hello" });
  });

  test("that raises is a 500, and the log says where", async () => {
    expect(await served.get("/raise")).toMatchObject({ status: 500 });
    expect(served.errors.text).toMatch(/PHPApplicationFailed: .* GET \/raise: On purpose\n[\s\S]*app\.php:\d+/);
  });

  test("that does not load is one clear error", async () => {
    await expect(commandApplication(guestOf("missing.php"))).rejects.toThrow("missing.php");
    await expect(commandApplication({ ...guestOf("app.php"), threads: 2 })).rejects.toThrow("one thread a process");
  });
});

describe.skipIf(php === undefined)("Applications of ours below a filter in PHP", () => {
  testBelowFilter(() => commandMiddleware({ ...guestOf("filter.php"), processes: 4 }), {});
});

test.each([
  [{ command: ["php9"] }, "php9"],
  [{ command: [] }, "Expected a command, such as php guest.php"],
  [{ command: ["php"], name: "two words" }, 'The name is "two words"; expected one word'],
])("%j is no guest", async (options, message) => {
  await expect(commandApplication(options)).rejects.toThrow(message);
});
