// Which script a path means, and which it must never mean.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { encodeNative } from "../../wsgi/native-string.ts";
import { ScriptFinder } from "./script-finder.ts";

const folder = mkdtempSync(join(tmpdir(), "tsgi-scripts-"));
afterAll(() => rmSync(folder, { recursive: true }));
const root = join(folder, "www");
for (const name of ["admin", "empty", "upload", ".git", "a.php"]) mkdirSync(join(root, name), { recursive: true });
for (const name of [
  "index.php",
  "admin/index.php",
  "x.php",
  "é.php",
  "a.php/b.php",
  ".git/x.php",
  ".hidden.php",
  "page.PHP",
])
  writeFileSync(join(root, name), "<?php");
for (const name of ["cat.jpg", "\u0130\u0130\u0130.jpg", "\u0130\u0130\u0130.PHP.jpg"])
  writeFileSync(join(root, "upload", name), "<?php evil();");
writeFileSync(join(folder, "secret.php"), "<?php");
symlinkSync(join(folder, "secret.php"), join(root, "leads-out.php"));
symlinkSync(join(root, "x.php"), join(root, "leads-in.php"));
symlinkSync(folder, join(root, "up"));

const shown = (finder: ScriptFinder, path: string): string => {
  const found = finder.find(path);
  return found === null || found === "slash"
    ? String(found)
    : `${found.name} ${found.file.slice(root.length)} ${found.pathInfo}`;
};

describe("ScriptFinder finds", () => {
  test.each([
    ["/", "/index.php /index.php "],
    ["", "slash"],
    ["/admin/", "/admin/index.php /admin/index.php "],
    ["/admin", "slash"],
    ["/x.php", "/x.php /x.php "],
    ["/x.php/", "/x.php /x.php /"],
    ["/x.php/a/b.php", "/x.php /x.php /a/b.php"],
    ["/x.php/a b", "/x.php /x.php /a b"],
    ["/é.php", "/é.php /é.php "],
    ["/leads-in.php", "/leads-in.php /x.php "],
    ["//x.php", "//x.php /x.php "],
  ])("%j: %s", (path, wanted) => {
    expect(shown(new ScriptFinder({ root }), encodeNative(path))).toBe(encodeNative(wanted));
  });

  test.each([
    "/nothing.php",
    "/upload/cat.jpg",
    // What made PHP run uploads with cgi.fix_pathinfo.
    "/upload/cat.jpg/x.php",
    "/upload/cat.jpg/.php",
    // Whose lower case has more bytes: an index into it is none into the path (CVE-2026-27590).
    "/upload/\u0130\u0130\u0130.jpg/x.php",
    "/upload/\u0130\u0130\u0130.PHP.jpg",
    "/upload/cat.jpg\0.php",
    "/x.php\0",
    "/x.php%00",
    "/x.php\n",
    "/x\n.php",
    "/../secret.php",
    "/admin/../x.php",
    "/./x.php",
    String.raw`/..\secret.php`,
    "/up/secret.php",
    "/up/www/../secret.php",
    "/leads-out.php",
    "/.git/x.php",
    "/.hidden.php",
    "/page.PHP",
    "/x.PHP",
    "/x.php5",
    "/x.phpx/x.php",
    "/a.php/b.php",
    "/empty/",
    "/empty",
    "/x",
    "x.php",
  ])("nothing for %j", (path) => {
    expect(shown(new ScriptFinder({ root }), encodeNative(path))).toBe("null");
  });

  test("nothing outside of its root through remembered scripts, nor after their end", () => {
    const finder = new ScriptFinder({ root });
    const file = join(root, "short.php");
    writeFileSync(file, "<?php");
    expect(finder.find("/short.php", 0)).toMatchObject({ file });
    rmSync(file);
    symlinkSync(join(folder, "secret.php"), file);
    expect(finder.find("/short.php", 1001)).toBeNull();
  });
});

test("ScriptFinder gives every other path to a front controller", () => {
  const finder = new ScriptFinder({ root, script: "index.php" });
  for (const path of ["/posts/1", "/nothing.php", "/upload/cat.jpg/x.php", "/empty/"])
    expect(shown(finder, path)).toBe("/index.php /index.php ");
  expect(shown(finder, "/x.php/a")).toBe("/x.php /x.php /a");
  for (const path of ["/../x", "/.git/config", "/a\0b"]) expect(shown(finder, path)).toBe("null");
});

test("ScriptFinder lets links out of its root when told to, and looks at nothing when the root is elsewhere", () => {
  expect(new ScriptFinder({ root, symlinks: true }).find("/leads-out.php")).toMatchObject({
    file: join(folder, "secret.php"),
  });
  const remote = new ScriptFinder({ root: "/on/another/machine/", remote: true });
  expect(remote.find("/a/b.php/c")).toEqual({ name: "/a/b.php", file: "/on/another/machine/a/b.php", pathInfo: "/c" });
  expect(remote.find("/a/../b.php")).toBeNull();
  expect(remote.find("/a")).toBeNull();
});

test.each([
  [{ root: "www" }, 'Option "root" is "www"; expected an absolute path'],
  [{ root: join(folder, "nothing") }, "where no directory is"],
  [{ root: join(root, "x.php") }, "where no directory is"],
  [{ root, index: "../index.php" }, 'Option "index"'],
  [{ root, script: "../secret.php" }, 'Option "script"'],
  [{ root, extension: "php" }, 'Option "extension"'],
])("%j is refused: %s", (options, message) => {
  expect(() => new ScriptFinder(options)).toThrow(message);
});

test("ScriptFinder is linear in the length of a path", () => {
  const finder = new ScriptFinder({ root });
  const begin = performance.now();
  for (const path of ["/a".repeat(30_000), "/.php".repeat(2), `/${"a.php".repeat(12_000)}`, "/".repeat(60_000)])
    finder.find(path);
  expect(performance.now() - begin).toBeLessThan(5000);
});

test("what was not there is looked for again after a second", () => {
  const finder = new ScriptFinder({ root });
  expect(finder.find("/late.php", 0)).toBeNull();
  writeFileSync(join(root, "late.php"), "<?php");
  expect(finder.find("/late.php", 999)).toBeNull();
  expect(finder.find("/late.php", 1001)).toMatchObject({ name: "/late.php" });
});
