import { execFileSync, spawn } from "node:child_process";
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAlive, PidFile, trustedPid } from "./pid-file.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-pid-"));
  path = join(directory, "server.pid");
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The id of a process that has ended. */
function endedPid(): number {
  return Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));
}

test("a pid file holds this process's id, and goes when it is removed", () => {
  const file = PidFile.create(path);
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  file.remove();
  expect(() => readFileSync(path)).toThrow("ENOENT");
});

test("a pid file of a live process is not replaced, and the error names the process", () => {
  writeFileSync(path, `${process.ppid}\n`);
  expect(() => PidFile.create(path)).toThrow(
    `Cannot write the pid file "${path}": process ${process.ppid}, which it names, is running`,
  );
  expect(readFileSync(path, "utf8")).toBe(`${process.ppid}\n`);
});

test.each([
  ["of a process that has ended", () => `${endedPid()}\n`],
  ["that is empty", () => ""],
  ["that names no process", () => "none\n"],
  ["of this process", () => `${process.pid}\n`],
])("a pid file %s is replaced", (_, text) => {
  writeFileSync(path, text());
  PidFile.create(path);
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
});

test("a pid file that another process has written meanwhile is left", () => {
  const file = PidFile.create(path);
  writeFileSync(path, `${process.ppid}\n`);
  file.remove();
  expect(readFileSync(path, "utf8")).toBe(`${process.ppid}\n`);
});

test("a renamed pid file lies at its new name only", () => {
  const file = PidFile.create(`${path}.2`);
  file.rename(path);
  expect(file.path).toBe(path);
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  expect(() => readFileSync(`${path}.2`)).toThrow("ENOENT");
});

test("what is no file is not replaced by a pid file", () => {
  expect(() => PidFile.create(directory)).toThrow(
    `Cannot write the pid file "${directory}": it exists and is not a file`,
  );
});

test("a pid file in a directory that is missing is an error that names it", () => {
  const missing = join(directory, "none", "server.pid");
  expect(() => PidFile.create(missing)).toThrow(`Cannot write the pid file "${missing}"`);
});

test("a link that leads to a file elsewhere is followed", () => {
  const other = join(directory, "other");
  writeFileSync(other, "");
  symlinkSync(other, path);
  PidFile.create(path);
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
  expect(readFileSync(other, "utf8")).toBe(`${process.pid}\n`);
});

test("trustedPid gives the process of a pid file that its own user has written", () => {
  PidFile.create(path);
  expect(trustedPid(path)).toBe(process.pid);
});

test.each(["", "x", "0", "1", "-5", "12 13", "1.5"])("trustedPid refuses a file that holds %j", (text) => {
  writeFileSync(path, text);
  expect(() => trustedPid(path)).toThrow("the file holds no process id");
});

test("isAlive tells a process that runs from one that has ended", async () => {
  const child = spawn("sleep", ["60"]);
  expect(isAlive(child.pid ?? 0)).toBe(true);
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  expect(isAlive(child.pid ?? 0)).toBe(false);
});
