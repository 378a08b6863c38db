// What the pages on servers behind show loads: each INI file, each target of the command, each program.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { loadApp } from "../../src/deploy/load.ts";
import { appFactory as fastcgi } from "../../src/guests/fastcgi/index.ts";
import { appFactory as proxy } from "../../src/guests/proxy/index.ts";
import { appFactory as scgi } from "../../src/guests/scgi/index.ts";
import { appFactory as uwsgi } from "../../src/guests/uwsgi/index.ts";
import { loadSchemeTarget } from "../../src/server/loading/target-schemes.ts";

const folder = mkdtempSync(join(tmpdir(), "tsgi-upstream-docs-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "public"));

const PAGES = ["fastcgi", "proxy", "uwsgi"];

function blocks(page: string, language: string): string[] {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/guests/${page}.md`, import.meta.url)), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, block]) => block ?? "");
}

describe.each(PAGES)("docs/guests/%s.md", (page) => {
  test("its INI files load", async () => {
    const files = blocks(page, "ini");
    expect(files).not.toEqual([]);
    for (const text of files) {
      writeFileSync(join(folder, "app.ini"), text);
      expect(typeof (await loadApp(`config:${join(folder, "app.ini")}`))).toBe("function");
    }
  });

  test("its commands have targets that load", async () => {
    const lines = blocks(page, "sh").flatMap((block) => block.trim().split("\n"));
    expect(lines).not.toEqual([]);
    for (const line of lines) {
      const target = line.replace(/^tsgi /, "").replaceAll("'", "");
      const loaded = await loadSchemeTarget(target, { directory: folder, environment: [], log: { debug() {} } });
      await loaded.close(0);
    }
  });

  test("the options that it names exist", () => {
    const factories = { fastcgi, proxy, scgi, uwsgi };
    const text = readFileSync(fileURLToPath(new URL(`../../docs/guests/${page}.md`, import.meta.url)), "utf8");
    const rows = text.match(/^\| (?:`\w+`(?:, )?)+ \|/gm) ?? [];
    const names = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ""));
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) {
      const message = `of ${name}`;
      const make = factories[page as keyof typeof factories];
      // A value that none takes: an option that does not exist is named as unknown.
      expect(() => make({}, { [name]: "\0", upstream: "" }), message).not.toThrow("Unknown option");
    }
  });
});
