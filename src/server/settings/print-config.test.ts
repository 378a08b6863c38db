import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { FORWARDED_FIELDS } from "../../gateways/forwarded.ts";
import { parseValue } from "./parse-value.ts";
import { printConfig } from "./print-config.ts";
import { resolveSettings } from "./resolve.ts";
import type { Setting } from "./setting.ts";
import { settingList } from "./table.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-print-"));
afterAll(() => rmSync(directory, { recursive: true }));

const ADDRESSES = fc.constantFrom("127.0.0.1:80", ":0", "[::1]:9", "unix:/run/a b.sock", "fd://3");
const NETWORKS = fc.constantFrom("10.0.0.0/8", "::1", "unix", "*", "192.168.1.1");
const TEXT = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) => !text.includes("\0"));

/** Texts for settings with a pattern; each takes some. */
const SHAPED_TEXTS = ["", "/shop", "shop", "8000"];

/** Values as a configuration file may hold them. */
function inputOf(setting: Setting): fc.Arbitrary<unknown> {
  switch (setting.type) {
    case "text":
      if (setting.pattern !== undefined)
        return fc.constantFrom(...SHAPED_TEXTS.filter((text) => "value" in parseValue(setting, text)));
      return setting.default === null ? fc.option(TEXT) : TEXT;
    case "integer":
      return fc.integer({ min: setting.minimum, max: setting.maximum });
    case "duration":
      return fc.oneof(fc.nat(1000), fc.constantFrom("2m", "500ms", "1.5h", 0.25));
    case "size":
      return fc.oneof(fc.integer({ min: 1, max: 2 ** 40 }), fc.constantFrom("64K", "1.5G"));
    case "boolean":
      return fc.boolean();
    case "choice":
      return fc.constantFrom(...setting.choices);
    case "list": {
      const item =
        setting.item === "address"
          ? ADDRESSES
          : setting.item === "network"
            ? NETWORKS
            : setting.item === "field"
              ? fc.constantFrom(...FORWARDED_FIELDS)
              : TEXT.map((text) => `A=${text}`);
      return fc.array(item, { maxLength: 3 });
    }
    case "address":
      return fc.option(ADDRESSES);
    case "mask":
      return fc.option(fc.integer({ min: 0, max: 0o777 }));
    default:
      return setting satisfies never;
  }
}

const CONFIG = fc.record(
  Object.fromEntries(
    settingList()
      .filter(([name, { isNotForFile }]) => isNotForFile !== true && name !== "reusePort")
      .map(([name, setting]) => [name, inputOf(setting)]),
  ),
  { requiredKeys: [] },
);

async function resolved(text: string, name: string): ReturnType<typeof resolveSettings> {
  writeFileSync(join(directory, name), text);
  return await resolveSettings({ environment: { TSGI_CONFIG: name }, directory });
}

describe("printConfig", () => {
  test("gives a configuration file that means the same settings", async () => {
    await fc.assert(
      fc.asyncProperty(CONFIG, async (config) => {
        const first = await resolved(JSON.stringify(config), "first.json");
        const second = await resolved(printConfig(first), "second.js");
        expect({ ...second.settings, configFile: null }).toEqual({ ...first.settings, configFile: null });
      }),
      { numRuns: 60 },
    );
  });

  test("says where each value comes from", async () => {
    writeFileSync(join(directory, "tsgi.config.js"), "export default {\n  workers: 3,\n  onExit() {},\n};");
    const text = printConfig(await resolveSettings({ environment: { TSGI_TIMEOUT: "2m", PORT: "80" }, directory }));
    expect(text).toMatch(/^ {2}workers: 3, \/\/ tsgi\.config\.js:2$/m);
    expect(text).toMatch(/^ {2}timeout: 120, \/\/ TSGI_TIMEOUT$/m);
    expect(text).toMatch(/^ {2}bind: \["0\.0\.0\.0:80"\], \/\/ PORT$/m);
    expect(text).toMatch(/^ {2}backlog: 2048, \/\/ default$/m);
    expect(text).toMatch(/^ {2}\/\/ configFile: ".*tsgi\.config\.js", \/\/ default$/m);
    expect(text).toMatch(/^ {2}\/\/ onExit: tsgi\.config\.js:3$/m);
  });
});

test("printConfig shows no value that is probably a secret", async () => {
  const commandLine = [
    {
      name: "env" as const,
      raw: ["DB_PASSWORD=hunter2", "CACHE=redis://user:hunter2@host/0", "MODE=fast"],
      origin: "--env",
      place: "--env",
    },
  ];
  const text = printConfig(await resolveSettings({ commandLine, environment: {} }));
  expect(text).toContain('env: ["DB_PASSWORD=(hidden)","CACHE=redis://user:(hidden)@host/0","MODE=fast"]');
});
