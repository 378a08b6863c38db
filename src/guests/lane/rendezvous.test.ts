import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { GuestStartError } from "./errors.ts";
import { Rendezvous } from "./rendezvous.ts";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "tsgi-rendezvous-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function rendezvous(slots: number, parents: readonly string[]): Rendezvous {
  const made = new Rendezvous(slots, null, "Python", () => {}, parents);
  onTestFinished(() => made.close());
  return made;
}

/** A file system that has only so much room; null where this process may not make one. */
function smallFileSystem(size: string): string | null {
  const path = directory();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path], { stdio: "ignore" });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", path]));
  return path;
}

test("Rendezvous reserves every byte of the status file: who writes to it is not ended by a full file system", () => {
  const made = rendezvous(4, [directory()]);
  const { size, blocks } = statSync(made.statusPath);
  expect(size).toBe(4 * (8 + made.answerBytes));
  expect(blocks * 512).toBeGreaterThanOrEqual(size);
});

test("Rendezvous leaves a directory without the room for one that has it", (context) => {
  const full = smallFileSystem("64k");
  if (full === null) return context.skip("may not mount a file system");
  const parent = directory();
  expect(dirname(rendezvous(4, [full, parent]).directory)).toBe(parent);
  expect(readdirSync(full)).toEqual([]);
});

test("Rendezvous leaves a directory whose path is too long for a socket, or that is not there", async () => {
  const parent = directory();
  const long = join(parent, "x".repeat(100));
  mkdirSync(long);
  const made = rendezvous(4, [long, join(parent, "missing"), parent]);
  expect(dirname(made.directory)).toBe(parent);
  await made.listen();
  expect(existsSync(made.socketPath)).toBe(true);
});

test("Rendezvous says why when no directory will do", () => {
  const missing = join(directory(), "missing");
  const make = (): Rendezvous => new Rendezvous(4, null, "Python", () => {}, ["/".padEnd(120, "x"), missing]);
  expect(make).toThrow(GuestStartError);
  expect(make).toThrow(/too long for a socket.*ENOENT/);
});

test.each([
  [4, 65_536],
  [256, 65_536],
  [1000, 16_384],
])("Rendezvous with %i lanes keeps %i bytes of answers for each", (slots, bytes) => {
  expect(rendezvous(slots, ["/dev/shm", directory()]).answerBytes).toBe(bytes);
});
