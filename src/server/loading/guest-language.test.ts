// Which language a target is taken for.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { guestLanguageOf } from "./guest-language.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-language-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const FILES: Readonly<Record<string, string>> = {
  "app.py": "",
  "app.ts": "",
  "app.psgi": "",
  "script-perl": "#!/usr/bin/perl -w\n",
  "script-env": "#!/usr/bin/env perl\n",
  "script-versioned": "#! /opt/perl/bin/perl5.36\n",
  "script-perlish": "#!/usr/bin/perlbrew\n",
  "script-python": "#!/usr/bin/env python3\n",
  empty: "",
};
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text);

test.each([
  ["app.psgi", "perl"],
  ["missing.psgi", "perl"],
  ["config.ru", "ruby"],
  ["script-perl", "perl"],
  ["script-env", "perl"],
  ["script-versioned", "perl"],
  ["script-perlish", "python"],
  ["script-python", "python"],
  ["empty", "python"],
  ["app.py", "python"],
  ["app.py:application", "python"],
  ["app.ts", null],
  ["missing.ts", null],
])("%s is %s", (target, language) => {
  expect(guestLanguageOf(target, null, directory)).toBe(language);
});

test("who names a Python interpreter means Python, whatever the first line says", () => {
  expect(guestLanguageOf("script-perl", "python3", directory)).toBe("python");
});
