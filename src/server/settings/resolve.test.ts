import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addSettings, settingsFromCommand } from "./command-line.ts";
import type { Environment } from "./environment.ts";
import { type ResolvedSettings, resolveSettings } from "./resolve.ts";
import { SETTINGS } from "./table.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-resolve-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function resolve(args: string, environment: Environment = {}, file?: object): Promise<ResolvedSettings> {
  if (file !== undefined) writeFileSync(join(directory, "tsgi.config.json"), JSON.stringify(file));
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addSettings(command);
  command.parse(
    args.split(" ").filter((word) => word !== ""),
    { from: "user" },
  );
  return await resolveSettings({ commandLine: settingsFromCommand(command), environment, directory });
}

describe("resolveSettings", () => {
  test("gives every default when nobody says anything", async () => {
    const { settings, origins, hooks } = await resolve("");
    for (const [name, { default: value }] of Object.entries(SETTINGS)) expect(settings).toHaveProperty(name, value);
    expect(new Set(Object.values(origins))).toEqual(new Set(["default"]));
    expect(hooks).toEqual({});
  });

  const SOURCES = [
    ["--workers", "--workers 2"],
    ["TSGI_CMD_ARGS: --workers", { TSGI_CMD_ARGS: "-w 3" }],
    ["TSGI_WORKERS", { TSGI_WORKERS: "4" }],
    ["tsgi.config.json:1", { workers: 5 }],
    ["WEB_CONCURRENCY", { WEB_CONCURRENCY: "6" }],
  ] as const;
  test.each([0, 1, 2, 3, 4])("source %i is stronger than all that follow it", async (first) => {
    const [[, args], [, cmdArgs], [, variable], [, file], [, platform]] = SOURCES;
    const environment = {
      ...(first <= 1 ? cmdArgs : {}),
      ...(first <= 2 ? variable : {}),
      ...(first <= 4 ? platform : {}),
    };
    const { settings, origins } = await resolve(first === 0 ? args : "", environment, first <= 3 ? file : undefined);
    expect(settings.workers).toBe(first + 2);
    expect(origins.workers).toBe(SOURCES[first]?.[0]);
  });

  test("a list of a stronger source replaces that of a weaker one", async () => {
    const { settings } = await resolve("-b :1 -b :2", { TSGI_BIND: ":3,:4" });
    expect(settings.bind).toEqual([":1", ":2"]);
    expect((await resolve("", { TSGI_BIND: ":3,:4" })).settings.bind).toEqual([":3", ":4"]);
  });

  test.each([
    [{ PORT: "5000" }, "bind", ["0.0.0.0:5000"]],
    [{ PORT: "" }, "bind", ["127.0.0.1:8000"]],
    [{ WEB_CONCURRENCY: "7" }, "workers", 7],
    [{ FORWARDED_ALLOW_IPS: "10.0.0.0/8,unix" }, "forwardedAllowIps", ["10.0.0.0/8", "unix"]],
    [{ TSGI_TIMEOUT: "2m" }, "timeout", 120],
    [{ TSGI_MAX_WORKER_MEMORY: "1G" }, "maxWorkerMemory", 1_073_741_824],
    [{ TSGI_RELOAD: "no" }, "reload", false],
    [{ TSGI_USER: "" }, "user", null],
  ] as const)("honours the environment %j", async (environment, name, value) => {
    expect((await resolve("", environment)).settings[name]).toEqual(value);
  });

  test("variables that Kubernetes or others set under our prefix are let be", async () => {
    const environment = {
      TSGI_SERVICE_HOST: "10.0.0.1",
      TSGI_PORT: "tcp://10.0.0.1:80",
      TSGI_PORT_80_TCP_PROTO: "tcp",
    };
    await expect(resolve("", environment)).resolves.toHaveProperty("settings");
  });

  test.each([
    [{ TSGI_WROKERS: "2" }, /^Unknown setting in the environment variable TSGI_WROKERS; did you mean TSGI_WORKERS$/],
    [{ TSGI_WORKERS: "x" }, /^Cannot use the environment variable TSGI_WORKERS="x": expected a whole number from 1/],
    [{ PORT: "http" }, /^Cannot use the environment variable PORT="http": expected a number from 0 to 65535$/],
    [{ PORT: "65536" }, /^Cannot use the environment variable PORT="65536"/],
    [
      { WEB_CONCURRENCY: "0" },
      /^Cannot use the environment variable WEB_CONCURRENCY="0": expected a whole number from 1/,
    ],
    [
      { TSGI_CMD_ARGS: "--wrkers 2" },
      /^Cannot use TSGI_CMD_ARGS: Unknown option "--wrkers"; did you mean "--workers"$/,
    ],
    [{ TSGI_CMD_ARGS: "-w x" }, /^Cannot use TSGI_CMD_ARGS: --workers "x": expected a whole number/],
    [{ TSGI_CMD_ARGS: "--http-parser fast" }, /^TSGI_CMD_ARGS: --http-parser is not supported: /],
    [{ TSGI_CMD_ARGS: "app.ts" }, /^Cannot use TSGI_CMD_ARGS: Too many arguments/],
    [{ TSGI_CMD_ARGS: "'" }, /^Cannot read TSGI_CMD_ARGS: it has a quote/],
  ])("refuses the environment %j", async (environment, message) => {
    await expect(resolve("", environment)).rejects.toThrow(message);
  });

  test("names file and line of a wrong value, even where a stronger source overrides it", async () => {
    await expect(resolve("-w 3", {}, { workers: "many" })).rejects.toThrow(
      /^Cannot use workers: "many" \(tsgi\.config\.json:1\): expected a whole number from 1 to 1024$/,
    );
  });

  test("errors end the command with the exit code of wrong usage", async () => {
    await expect(resolve("--workers x")).rejects.toMatchObject({ exitCode: 2, code: "ERR_TSGI_SETTING" });
  });

  test("--config names the file, and configFile is the absolute path of what was read", async () => {
    writeFileSync(join(directory, "other.json"), `{"workers": 8}`);
    const { settings, origins } = await resolve("--config other.json", {}, { workers: 5 });
    expect(settings).toMatchObject({ workers: 8, configFile: join(directory, "other.json") });
    expect(origins.configFile).toBe("--config");
    expect((await resolve("", {})).settings.configFile).toBe(join(directory, "tsgi.config.json"));
  });

  test("reusePort and dispatch agree", async () => {
    expect((await resolve("--reuse-port")).settings).toMatchObject({ reusePort: true, dispatch: "reuse-port" });
    expect((await resolve("--dispatch reuse-port")).settings).toMatchObject({
      reusePort: true,
      dispatch: "reuse-port",
    });
    await expect(resolve("--reuse-port --dispatch dispatch")).rejects.toThrow(
      /^Cannot use reusePort \(--reuse-port\) beside dispatch "dispatch" \(--dispatch\)/,
    );
  });

  test("the settings survive JSON, as they travel to the workers", async () => {
    const { settings } = await resolve("-m 022 --stats :9100 -e A=b");
    expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
  });
});
