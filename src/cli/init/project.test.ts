import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { detectProject } from "./project.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-init-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

describe("detectProject", () => {
  test.each([
    [{ "app.ts": "" }, { target: "app.ts", isPython: false, port: 8000, hasManifest: false }],
    [{ "src/server.js": "" }, { target: "src/server.js", isPython: false }],
    [
      { "wsgi.py": "", "requirements.txt": "" },
      { target: "wsgi:application", isPython: true, pythonPackages: "requirements.txt" },
    ],
    [{ "app.py": "" }, { target: "app:app", isPython: true, pythonPackages: null }],
    [{ "app.py": "", "pyproject.toml": "" }, { pythonPackages: "pyproject.toml" }],
    [{ "app.ts": "", "package.json": '{"dependencies":{"tsgi":"^0.1.0"}}' }, { dependsOnTsgi: true }],
    [
      { "manage.py": "", "site/wsgi.py": "" },
      { target: "site.wsgi:application", isPython: true },
    ],
    [{ "production.ini": "" }, { target: "production.ini", isPython: false }],
    [
      { "app.ts": "", "package.json": "{}", "package-lock.json": "{}" },
      { hasManifest: true, hasLockFile: true, dependsOnTsgi: false },
    ],
    [
      { "app.ts": "", "package.json": '{"name":"@acme/My_Shop.2"}' },
      { name: "my-shop-2", user: "my-shop-2" },
    ],
  ])("finds out from %j", async (files, expected) => {
    write(files);
    expect(await detectProject(directory, {})).toMatchObject(expected);
  });

  test("believes tsgi.config more than what it finds, and options more than that", async () => {
    write({
      "app.ts": "",
      "tsgi.config.ts": `export default { target: "shop.wsgi:app", bind: [":9000"], gracefulTimeout: "1m", lameDuckSeconds: 7 };`,
    });
    expect(await detectProject(directory, {})).toMatchObject({
      target: "shop.wsgi:app",
      port: 9000,
      gracefulTimeout: 60,
      lameDuckSeconds: 7,
    });
    const options = { target: "other.ts", port: "81", name: "shop", user: "www", socket: "/run/x.sock" };
    expect(await detectProject(directory, options)).toMatchObject({ ...options, port: 81 });
  });

  test("names a project without package.json after its directory", async () => {
    write({ "app.ts": "" });
    const { name } = await detectProject(directory, {});
    expect(name).toBe(basename(directory).toLowerCase());
  });

  test.each([
    [{}, /^Cannot tell what to serve in .*: expected app\.ts, .* or --target$/],
    [{ target: "a.ts", name: "Shop Two" }, /^Cannot use --name "Shop Two": .*, for example "shop-two"$/],
    [{ target: "a.ts", port: "0" }, /^Cannot use --port "0": expected a number from 1 to 65535$/],
    [{ target: "a.ts", socket: "x.sock" }, /^Cannot use --socket "x\.sock": expected an absolute path/],
    [{ target: "a.ts", user: "Me; rm" }, /^Cannot use --user "Me; rm"/],
  ])("refuses %j", async (options, message) => {
    await expect(detectProject(directory, options)).rejects.toThrow(message);
  });
});
