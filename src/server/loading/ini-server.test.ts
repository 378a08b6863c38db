// The settings of [server:NAME]: where to listen, spellings, and what is stronger.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { DeployError } from "../../deploy/errors.ts";
import { withIniServer, type IniServerOptions } from "./ini-server.ts";
import type { Layer } from "../settings/layer.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-ini-server-"));
afterAll(() => rmSync(directory, { recursive: true }));

function read(lines: string, commandLine: Layer = [], options: IniServerOptions = {}): Record<string, unknown> {
  writeFileSync(join(directory, "app.ini"), lines);
  const layer = withIniServer("app.ini", commandLine, { environment: {}, directory, onWarning: () => {}, ...options });
  return Object.fromEntries(layer.map(({ name, raw }) => [name, raw]));
}

describe("withIniServer", () => {
  test.each<[lines: string, bind: unknown]>([
    ["host = 0.0.0.0\nport = 80", ["0.0.0.0:80"]],
    ["port = 81", ["127.0.0.1:81"]],
    ["host = ::1", ["[::1]:8000"]],
    ["host = [::1]\nport = 9", ["[::1]:9"]],
    ["host = unix:/run/x", ["unix:/run/x"]],
    ["unix_socket = /run/y", ["unix:/run/y"]],
    ["listen = *:80 [::]:80", ["0.0.0.0:80", "[::]:80"]],
    ["bind =\n  127.0.0.1:1\n  127.0.0.1:2", ["127.0.0.1:1", "127.0.0.1:2"]],
    ["bind = 127.0.0.1:1\nport = 5", "127.0.0.1:1"],
    ["workers = 2", undefined],
  ])("%j listens at %j", (lines, bind) => {
    expect(read(`[server:main]\nuse = egg:waitress\n${lines}\n`)["bind"]).toEqual(bind);
  });

  test("takes any setting, in any spelling", () => {
    const lines = "max_requests = 5\nkeep-alive = 3\nmaxWorkerAge = 1h\nproc_name = shop\naccesslog = -";
    expect(read(`[server:main]\nuse = egg:tsgi\n${lines}\n`)).toMatchObject({
      maxRequests: "5",
      maxWorkerAge: "1h",
      procName: "shop",
      accessLogfile: "-",
    });
  });

  test("yields to the command line and to the environment", () => {
    const given = { name: "workers", raw: "7", origin: "--workers", place: "--workers 7" } as const;
    const environment = { TSGI_THREADS: "3", TSGI_CMD_ARGS: "--timeout 9" };
    const lines = "[server:main]\nuse = egg:tsgi\nworkers = 2\nthreads = 2\ntimeout = 2\nbacklog = 2\n";
    expect(read(lines, [given], { environment })).toEqual({ backlog: "2", workers: "7" });
  });

  test("chooses a section; without one of that name nothing is read", () => {
    const lines = "[server:a]\nuse = egg:tsgi\nworkers = 2\n[server:b]\nuse = a\nworkers = 3\nthreads = 4\n";
    expect(read(lines)).toEqual({});
    expect(read(lines, [], { serverName: "a" })).toEqual({ workers: "2" });
    expect(read(lines, [], { serverName: "b" })).toEqual({ workers: "3", threads: "4" });
    expect(() => read(lines, [], { serverName: "c" })).toThrow('No section "c"');
    expect(() => withIniServer("app.ts", [], { serverName: "a" })).toThrow("expected an INI file as the target");
  });

  test.each(["port = %(http_port)s", "use = config:missing.ini", "use = nowhere", "require = no-such"])(
    "a section that cannot be read, with %j, is left out when it is said where to listen",
    (line) => {
      const lines = `[server:main]\nworkers = 2\n${line}\n`;
      const bind = { name: "bind", raw: ["127.0.0.1:0"], origin: "--bind", place: "--bind" } as const;
      const warnings: string[] = [];
      const onWarning = ({ message }: { readonly message: string }): number => warnings.push(message);
      expect(read(lines, [bind], { onWarning })).toEqual({ bind: ["127.0.0.1:0"] });
      expect(warnings).toEqual([expect.stringContaining("Section [server:main] is left out: ")]);
      expect(() => read(lines)).toThrow(DeployError);
      expect(() => read(lines, [bind], { serverName: "main" })).toThrow(DeployError);
    },
  );

  test("an unknown key is an error for TSGI's server, a warning for another's", () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: { readonly message: string }): number => warnings.push(message);
    expect(read("[server:main]\nuse = egg:waitress\nident = x\n", [], { onWarning })).toEqual({});
    expect(warnings).toEqual(['Unknown setting "ident"; it is ignored']);
    expect(() => read("[server:main]\nuse = egg:tsgi\nworkres = 2\n")).toThrow(
      'Unknown setting "workres"; did you mean "workers" (workres = "2" in [server:main] (app.ini:3))',
    );
  });
});
