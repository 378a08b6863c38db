// The settings as the operator of the real command meets them.
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { type Command, Project } from "./cli-command.ts";

const project = new Project({
  "app.ts": `
    import type { WSGIApplication } from "tsgi/wsgi";
    export const application: WSGIApplication = (_, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [Buffer.from(process.env["GREETING"] ?? "none")];
    };
  `,
  "shop.config.ts": `
    import { defineConfig } from "tsgi/server";
    enum Limit { Line = 64 }
    export default defineConfig({
      target: "app.ts",
      bind: "127.0.0.1:0",
      env: ["GREETING=from the file"],
      limitRequestLine: Limit.Line,
      whenReady(arbiter) {
        arbiter.log.info("open for business");
      },
    });
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

describe("tsgi", () => {
  test("takes everything from a configuration file in TypeScript: target, settings and hooks", async () => {
    const command = start(["--config", "shop.config.ts"]);
    const port = await command.port();
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(await answer.text()).toBe("from the file");
    expect((await fetch(`http://127.0.0.1:${port}/${"x".repeat(100)}`)).status).toBe(414);
    await command.saw("open for business");
  });

  test("takes settings from TSGI_CMD_ARGS and from variables of their own, and the command line before both", async () => {
    const env = { TSGI_CMD_ARGS: "-e 'GREETING=from the arguments' -b nonsense.invalid:1", TSGI_TARGET: "app.ts" };
    const command = start(["-b", "127.0.0.1:0"], env);
    const answer = await fetch(`http://127.0.0.1:${await command.port()}/`);
    expect(await answer.text()).toBe("from the arguments");
  });

  test.each([
    [
      "an unknown option",
      ["app.ts", "--wokers", "2"],
      {},
      /^tsgi: Unknown option "--wokers"; did you mean "--workers"\n/,
    ],
    [
      "an ill-typed option",
      ["app.ts", "-w", "many"],
      {},
      /^tsgi: Cannot use --workers "many": expected a whole number from 1/,
    ],
    [
      "an option of gunicorn's alone",
      ["app.ts", "--http-parser", "fast"],
      {},
      /^tsgi: --http-parser is not supported: there is only one parser/,
    ],
    [
      "a mistyped variable",
      ["app.ts"],
      { TSGI_WROKERS: "2" },
      /^tsgi: Unknown setting .* TSGI_WROKERS; did you mean TSGI_WORKERS\n/,
    ],
    [
      "a wrong variable",
      ["app.ts"],
      { WEB_CONCURRENCY: "x" },
      /^tsgi: Cannot use the environment variable WEB_CONCURRENCY="x"/,
    ],
    [
      "a missing file",
      ["app.ts", "-c", "nope.ts"],
      {},
      /^tsgi: Cannot read the configuration file "nope\.ts": no such file/,
    ],
    ["no target", ["-w", "2"], {}, /^tsgi: Name what to serve\n/],
  ])("refuses %s in one line, with the exit code 2", async (_, args, env, message) => {
    const { code, stdout, stderr } = await project.run(args, { env });
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("names file and line of a wrong setting", async () => {
    project.write("wrong.config.ts", "export default {\n  workers: 2,\n  timeout: 'soon',\n};\n");
    const { code, stderr } = await project.run(["app.ts", "-c", "wrong.config.ts"]);
    expect(stderr).toMatch(/^tsgi: Cannot use timeout: "soon" \(wrong\.config\.ts:3\): expected a time in seconds/);
    expect(code).toBe(2);
  });

  test("--print-config prints a configuration file that means the same, and does not serve", async () => {
    const first = await project.run(["-c", "shop.config.ts", "-w", "2", "--print-config"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^ {2}workers: 2, \/\/ --workers$/m);
    expect(first.stdout).toMatch(/^ {2}limitRequestLine: 64, \/\/ shop\.config\.ts:8$/m);
    project.write("printed.mjs", first.stdout);
    const second = await project.run(["-c", "printed.mjs", "--print-config"]);
    const values = (text: string): string[] =>
      text
        .split("\n")
        .filter((line) => /^ {2}\w/.test(line))
        .map((line) => line.replace(/ \/\/ .*$/, ""));
    expect(values(second.stdout)).toEqual(values(first.stdout));
  });

  test("--check-config loads the application and does not serve", async () => {
    expect(await project.run(["app.ts", "--check-config"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
    project.write("broken.ts", "throw new Error('no luck');");
    expect(await project.run(["broken.ts", "--check-config"])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("no luck"),
    });
  });
});
