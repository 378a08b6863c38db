import { chownSync, linkSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bindUnix, type BoundSocket } from "./bound-socket.ts";
import { giveSocket } from "./give-socket.ts";

const isRoot = process.getuid?.() === 0;
let directory: string;
let sockets: BoundSocket[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-give-"));
});

afterEach(() => {
  for (const socket of sockets) socket.close();
  sockets = [];
  rmSync(directory, { recursive: true });
});

function bound(name: string): string {
  const path = join(directory, name);
  sockets.push(bindUnix(path));
  return path;
}

describe.runIf(isRoot)("giveSocket", () => {
  test("gives the socket to another user", () => {
    const path = bound("app.sock");
    giveSocket(path, 12_345, 12_346);
    expect(statSync(path)).toMatchObject({ uid: 12_345, gid: 12_346 });
  });

  test("gives nothing away that somebody has put in its place", () => {
    const victim = join(directory, "victim");
    writeFileSync(victim, "");
    const other = bound("other.sock");
    chownSync(bound("theirs.sock"), 12_345, 12_345);
    symlinkSync(victim, join(directory, "link"));
    linkSync(other, join(directory, "hard"));
    for (const name of ["link", "hard", "victim", "theirs.sock"]) {
      expect(() => giveSocket(join(directory, name), 12_346, 12_346)).toThrow(
        "somebody has put another file in its place",
      );
    }
    expect(statSync(victim).uid).toBe(0);
    expect(statSync(other).uid).toBe(0);
    expect(statSync(join(directory, "theirs.sock")).uid).toBe(12_345);
  });
});
