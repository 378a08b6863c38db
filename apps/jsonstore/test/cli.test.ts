// The command `jsonstore`, as a user runs it.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const COMMAND = fileURLToPath(new URL("../bin/jsonstore.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "jsonstore-cli-"));
afterAll(() => rmSync(directory, { recursive: true }));

function jsonstore(words: readonly string[], input = "") {
  const environment = { ...process.env, JSONSTORE_URL: `sqlite:${join(directory, "store.db")}` };
  return spawnSync(process.execPath, [COMMAND, ...words], { encoding: "utf8", input, env: environment });
}

test("import, export, verify and compact", () => {
  const text = JSON.stringify({ list: Array.from({ length: 5000 }, (_, index) => ({ index, name: `é${index}` })) });
  const file = join(directory, "in.json");
  writeFileSync(file, text.replaceAll(",", ", "));
  expect(jsonstore(["import", file])).toMatchObject({ status: 0, stderr: "" });
  expect(jsonstore(["export"]).stdout).toBe(text);

  const broken = jsonstore(["import", "-"], '{"a":\n[1,}');
  expect(broken.status).toBe(1);
  expect(broken.stderr).toContain('jsonstore: Line 2: Expected a value, got "}" (at "/a/1"); nothing was imported');
  expect(jsonstore(["verify"])).toMatchObject({ status: 0, stderr: "The store is sound\n" });

  expect(jsonstore(["import"], '"small"').status).toBe(0);
  expect(jsonstore(["compact"]).status).toBe(0);
  const out = join(directory, "out.json");
  expect(jsonstore(["export", out]).status).toBe(0);
  expect(readFileSync(out, "utf8")).toBe('"small"');
  // No other user of the machine reads it, unless its owner has let them.
  expect(statSync(out).mode & 0o777).toBe(0o600);
  chmodSync(out, 0o640);
  expect(jsonstore(["export", out]).status).toBe(0);
  expect(statSync(out).mode & 0o777).toBe(0o640);

  expect(jsonstore(["export", join(directory, "none", "out.json")])).toMatchObject({ status: 1 });
  expect(existsSync(join(directory, "none"))).toBe(false);
  expect(jsonstore(["imprt"]).status).toBe(2);
});
