// What docs/guests/cgi.md shows loads, with programs that exist in the place of those that it names. Its program in Haskell is compiled in
// test/wai-peers.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, expect, test } from "vitest";
import { cgiApplication, cgiBin } from "tsgi/guests/cgi";
import { ObjectBuilder } from "../../src/deploy/create.ts";
import { loadContext } from "../../src/deploy/load.ts";
import { appFactory, binAppFactory } from "../../src/guests/cgi/factories.ts";
import { isSchemeTarget, loadSchemeTarget } from "../../src/server/loading/target-schemes.ts";

const folder = mkdtempSync(join(tmpdir(), "tsgi-cgi-docs-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "cgi-bin"));
const existing = join(folder, "cgi-bin", "search.cgi");
writeFileSync(existing, "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello'\n", { mode: 0o755 });

const page = readFileSync(new URL("../../docs/guests/cgi.md", import.meta.url), "utf8");

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, block = ""]) =>
    block
      .replaceAll(/\/usr\/lib\/git-core\/git-http-backend|\/usr\/share\/gitweb\/gitweb\.cgi/g, existing)
      .replaceAll("cgi:./hello", `cgi:${existing}`)
      .replaceAll("/usr/lib/cgi-bin", join(folder, "cgi-bin")),
  );
}

test("its commands have targets that load", async () => {
  const lines = blocks("sh").flatMap((block) =>
    block
      .trim()
      .split("\n")
      .filter((line) => line.startsWith("tsgi ")),
  );
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    const target = /^tsgi '?([^' ]+)/.exec(line)?.[1] ?? "";
    const environment = [...line.matchAll(/--env (\S+)/g)].map(([, assignment = ""]) => assignment);
    expect(isSchemeTarget(target)).toBe(true);
    const loaded = await loadSchemeTarget(target, { directory: folder, environment, log: { debug() {} } });
    await loaded.close(0);
  }
});

test("its INI files load", async () => {
  for (const text of blocks("ini")) {
    writeFileSync(join(folder, "app.ini"), text);
    const builder = new ObjectBuilder([]);
    expect(typeof (await builder.application(loadContext("application", `config:${join(folder, "app.ini")}`)))).toBe(
      "function",
    );
    await builder.close(0);
  }
});

test("its program runs", async () => {
  const [text = ""] = blocks("ts");
  const body = text.replace(/^import .*$/m, "");
  const application = cgiApplication({ program: existing });
  const made = runInNewContext(`${body}; [search, scripts]`, { cgiApplication, cgiBin }) as (typeof application)[];
  expect(made.map((each) => typeof each)).toEqual(["function", "function"]);
  await Promise.all([application, ...made].map((each) => each.close()));
});

test("the options that it names exist", () => {
  const rows = page.match(/^\| (?:`\w+`(?:, )?)+ +\|/gm) ?? [];
  const names = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
  expect(names.length).toBeGreaterThan(15);
  for (const name of names) {
    const isKnown = [appFactory, binAppFactory].some((factory) => {
      try {
        factory({}, { [name]: "\0" });
        return true;
      } catch (error) {
        return !String(error).includes(`Unknown option "${name}"`);
      }
    });
    expect(isKnown, name).toBe(true);
  }
});
