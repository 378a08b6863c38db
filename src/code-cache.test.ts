import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codeCacheOf } from "./code-cache.ts";

const isRoot = process.getuid?.() === 0;
const OTHER = 12_345;
let directory: string;
let cache: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-cache-"));
  cache = join(directory, "node_modules", ".cache");
  mkdirSync(join(directory, "node_modules"));
});

afterEach(() => rmSync(directory, { recursive: true }));

const found = (): string | false => codeCacheOf(join(directory, "app.ts"));

describe("codeCacheOf", () => {
  test("makes a directory for this user alone", () => {
    expect(found()).toBe(join(cache, "tsgi"));
    expect(found()).toBe(join(cache, "tsgi"));
  });

  test.each(["tsgi", "."])("takes none that all may write to: %s", (name) => {
    mkdirSync(join(cache, "tsgi"), { recursive: true });
    chmodSync(join(cache, name), 0o777);
    expect(found()).toBe(false);
  });

  test.runIf(isRoot).each(["tsgi", "."])("takes none of another user: %s", (name) => {
    mkdirSync(join(cache, "tsgi"), { recursive: true });
    chownSync(join(cache, name), OTHER, OTHER);
    expect(found()).toBe(false);
  });

  test("takes no link", () => {
    mkdirSync(cache);
    mkdirSync(join(directory, "elsewhere"));
    symlinkSync(join(directory, "elsewhere"), join(cache, "tsgi"));
    expect(found()).toBe(false);
  });
});
