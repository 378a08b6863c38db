import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { watchedSource } from "./reload.ts";

describe("watchedSource", () => {
  test.each<[target: string, source: string | null]>([
    ["apps/site.ini#shop", "apps/site.ini"],
    ["apps/site.py:app", "apps/site.py"],
    ["apps/config.ru", "apps/config.ru"],
    ["apps/site.psgi", "apps/site.psgi"],
    // The folder of a program may be /usr/bin, and that of an upstream is none.
    ["cgi:/usr/bin/env", null],
    ["cgi-bin:.", null],
    ["proxy:http://127.0.0.1:3000", null],
    ["fastcgi:unix:/run/php.sock?root=public", null],
  ])("%s: %j", async (target, source) => {
    expect(await watchedSource(target, null)).toBe(source === null ? null : resolve(source));
  });
});
