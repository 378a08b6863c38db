import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findConfigFile, readConfigFile } from "./config-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
}

async function valuesOf(name: string, text: string): Promise<Record<string, unknown>> {
  const { layer } = await readConfigFile(write(name, text), directory);
  return Object.fromEntries(layer.map((given) => [given.name, given.raw]));
}

describe("findConfigFile", () => {
  test("finds the one there is", () => {
    expect(findConfigFile(directory)).toBeUndefined();
    const path = write("tsgi.config.js", "");
    expect(findConfigFile(directory)).toBe(path);
  });

  test("refuses to choose between two", () => {
    write("tsgi.config.ts", "");
    write("tsgi.config.json", "");
    expect(() => findConfigFile(directory)).toThrow(
      /^Both tsgi\.config\.ts and tsgi\.config\.json exist in .*--config$/,
    );
  });
});

describe("readConfigFile", () => {
  test.each([
    [
      "a.ts",
      `enum Size { Big = 9 }\nconst workers: number = Size.Big;\nexport default { workers, bind: ":80" } satisfies object;`,
    ],
    ["a.mts", `export default { workers: 9 as number, bind: ":80" };`],
    ["a.js", `export const workers = 9;\nexport const bind = ":80";`],
    ["a.mjs", `export default { workers: 9, bind: ":80" };`],
    ["a.cjs", `module.exports = { workers: 9, bind: ":80" };`],
    ["a.json", `{ "workers": 9, "bind": ":80" }`],
  ])("reads %s", async (name, text) => {
    expect(await valuesOf(name, text)).toEqual({ workers: 9, bind: ":80" });
  });

  test.each(["a.ts", "a.mjs", "a.json"])("reads %s anew each time", async (name) => {
    const text = (workers: number): string =>
      name.endsWith(".json") ? `{"workers": ${workers}}` : `export default { workers: ${workers} };`;
    expect(await valuesOf(name, text(1))).toEqual({ workers: 1 });
    expect(await valuesOf(name, text(2))).toEqual({ workers: 2 });
  });

  test("tells hooks from settings, each with the line that it is written on", async () => {
    const path = write(
      "a.ts",
      `// workers: none\nexport default {\n  "workers": 2,\n  whenReady() {},\n  onExit: () => {},\n};`,
    );
    const { layer, hooks, hookOrigins } = await readConfigFile(path, directory);
    expect(layer).toEqual([{ name: "workers", raw: 2, origin: "a.ts:3", place: "workers: 2 (a.ts:3)" }]);
    expect(Object.keys(hooks)).toEqual(["whenReady", "onExit"]);
    expect(hookOrigins).toEqual({ whenReady: "a.ts:4", onExit: "a.ts:5" });
  });

  test.each([
    ["a typing mistake", "wrokers: 2", /^Unknown setting "wrokers"; did you mean "workers" \(a\.js:2\)$/],
    ["gunicorn's name", "max_requests: 2", /^Unknown setting "max_requests"; did you mean "maxRequests" \(a\.js:2\)$/],
    ["gunicorn's other name", "pidfile: 'x'", /^Unknown setting "pidfile"; did you mean "pid" \(a\.js:2\)$/],
    ["a flag's name", "'log-file': 'x'", /^Unknown setting "log-file"; did you mean "errorLogfile" \(a\.js:2\)$/],
    [
      "gunicorn's name of a hook",
      "when_ready() {}",
      /^Unknown setting "when_ready"; did you mean "whenReady" \(a\.js:2\)$/,
    ],
    ["what is not supported", "http_parser: 'fast'", /^The setting "http_parser" is not supported: .* \(a\.js:2\)$/],
    ["what a file may not set", "printConfig: true", /^The setting "printConfig" is for the command line/],
    ["a hook that is no function", "onExit: 3", /^Cannot use onExit: 3 \(a\.js:2\): expected a function$/],
  ])("refuses %s", async (_, line, message) => {
    await expect(readConfigFile(write("a.js", `export default {\n  ${line}\n};`), directory)).rejects.toThrow(message);
  });

  test.each([
    ["a.ts", "export default {", /^Cannot load the configuration file ".*a\.ts": /],
    ["a.ts", "throw new Error('no luck');", /^Cannot load the configuration file ".*a\.ts": Error: no luck$/],
    [
      "a.ts",
      "export default 3;",
      /^Cannot use the configuration file ".*": expected an object as its default export, got 3$/,
    ],
    ["a.json", "[]", /^Cannot use the configuration file ".*": expected an object, got \[\]$/],
    ["a.json", "{", /^Cannot read the configuration file ".*a\.json": /],
  ])("refuses %s with %j", async (name, text, message) => {
    await expect(readConfigFile(write(name, text), directory)).rejects.toThrow(message);
  });

  test("says where it looked for a file that does not exist", async () => {
    await expect(readConfigFile("nope.ts", directory)).rejects.toThrow(
      `Cannot read the configuration file "nope.ts": no such file (looked for ${join(directory, "nope.ts")})`,
    );
  });
});
