import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addSettings, settingsFromCommand } from "./command-line.ts";
import { checkLayer, type Layer } from "./layer.ts";
import { NOT_SUPPORTED } from "./not-supported.ts";
import { flagOf } from "./setting.ts";
import { settingList } from "./table.ts";

function command(): Command {
  const made = new Command("tsgi")
    .argument("[target]")
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  addSettings(made);
  return made;
}

function parse(...args: string[]): Layer {
  return settingsFromCommand(command().parse(args, { from: "user" }));
}

function values(...args: string[]): Record<string, unknown> {
  return Object.fromEntries([...checkLayer(parse(...args))].map(([name, { value }]) => [name, value]));
}

describe("settingsFromCommand", () => {
  test("gives only what was written, in the settings' own types", () => {
    expect(values("app.ts")).toEqual({});
    expect(values("app.ts", "-w", "4", "-b", ":80", "--bind=unix:/x", "--max-worker-memory", "1G", "--reload")).toEqual(
      {
        workers: 4,
        bind: [":80", "unix:/x"],
        maxWorkerMemory: 1_073_741_824,
        reload: true,
      },
    );
  });

  test.each([
    ["-b :1", { bind: [":1"] }],
    ["-w 2", { workers: 2 }],
    ["-t 9", { timeout: 9 }],
    ["-D", { daemon: true }],
    ["-R", { enableStdioInheritance: true }],
    ["-e A=1 -e B=2", { env: ["A=1", "B=2"] }],
    ["-p f", { pid: "f" }],
    ["-u a -g b", { user: "a", group: "b" }],
    ["-m 022", { umask: 18 }],
    ["-n shop", { procName: "shop" }],
    ["-c other.ts", { configFile: "other.ts" }],
    ["--log-file x", { errorLogfile: "x" }],
    ["--error-logfile x", { errorLogfile: "x" }],
    ["--proxy-allow-from 10.0.0.1", { proxyAllowIps: ["10.0.0.1"] }],
    ["--limit-request-field_size 10", { limitRequestFieldSize: 10 }],
    ["--proxy-protocol", { proxyProtocol: "auto" }],
    ["--proxy-protocol v2", { proxyProtocol: "v2" }],
    ["--no-capture-output", { captureOutput: false }],
    ["--reload --no-reload", { reload: false }],
  ])("reads gunicorn's %s", (text, expected) => {
    expect(values(...text.split(" "))).toEqual(expected);
  });

  test("names the flag as it was written", () => {
    expect(() => checkLayer(parse("--log-level", "loud"))).toThrow(
      /^Cannot use --log-level "loud": expected one of debug, info/,
    );
    expect(() => checkLayer(parse("-b", "x", "-b", "80"))).toThrow(/^Cannot use --bind "x" "80": expected HOST:PORT/);
    expect(parse("--no-reload")[0]).toMatchObject({ name: "reload", origin: "--no-reload" });
  });

  test.each(NOT_SUPPORTED.flatMap(({ flags, why }) => flags.map((flag) => [flag, why])))(
    "says why %s is not supported",
    (flag, why) => {
      expect(() => parse(...(flag.startsWith("--no-") ? [flag] : [flag, "x"]))).toThrow(
        `${flag} is not supported: ${why}`,
      );
    },
  );

  test("-k is gunicorn's --worker-class", () => {
    expect(values("-k", "gevent")).toEqual({ workerClass: "gevent" });
    expect(() => values("-k", "tornado")).toThrow(/--worker-class "tornado": expected .*gevent/);
  });

  test("an unknown option is an error that names the nearest", () => {
    expect(() => parse("--wokers", "3")).toThrow(/--workers/);
  });
});

describe("addSettings", () => {
  test("shows every setting once, with its flag and default, and hides what is not supported", () => {
    const help = command().configureHelp({ helpWidth: 200 }).helpInformation();
    const flags = settingList().flatMap(([name, setting]) => flagOf(name, setting) ?? []);
    const shown = flags.map((flag) => help.match(new RegExp(`^  (?:-\\w, )?${flag}[ \n]`, "gm"))?.length);
    expect(shown).toEqual(flags.map(() => 1));
    expect(help).toMatch(/-w, --workers <number> +Number of worker processes \(default: 1\)/);
    for (const each of NOT_SUPPORTED) for (const flag of each.flags) expect(help).not.toContain(`${flag} `);
  });
});
