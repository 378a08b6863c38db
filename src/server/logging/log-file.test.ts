import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { LoggingError } from "./errors.ts";
import { LogFile } from "./log-file.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-log-"));
afterAll(() => rmSync(directory, { recursive: true }));

let count = 0;
function newPath(): string {
  count += 1;
  return join(directory, `${count}.log`);
}

function read(path: string, encoding: BufferEncoding = "utf8"): string {
  return readFileSync(path, encoding);
}

describe("LogFile", () => {
  test("writes the lines of a turn in order, when the event loop has turned", async () => {
    const path = newPath();
    const file = LogFile.open(path);
    file.write("one\n");
    file.write("zwei ü\n");
    expect(read(path)).toBe("");
    await turn();
    await turn();
    expect(read(path)).toBe("one\nzwei ü\n");
    file.close();
  });

  test("writes early when much has been collected", () => {
    const path = newPath();
    const file = LogFile.open(path);
    file.write(`${"x".repeat(70_000)}\n`);
    expect(read(path)).toHaveLength(70_001);
    file.close();
  });

  test("collects no more than a buffer holds, and keeps the order of short, long and non-ASCII texts", () => {
    const path = newPath();
    const file = LogFile.open(path);
    const texts: string[] = [];
    for (let index = 0; index < 3000; index++) {
      const length = index % 500 === 499 ? 30_000 : (index * 7) % 120;
      texts.push(`${index} ${(index % 3 === 0 ? "€" : "x").repeat(length)}\n`);
    }
    for (const text of texts) file.write(text);
    const all = Buffer.from(texts.join(""));
    expect(all.length - read(path, "latin1").length).toBeLessThanOrEqual(64 * 1024 + 3 * 4 * 1024);
    file.close();
    expect(read(path)).toBe(texts.join(""));
  });

  test("appends to what is there, and close() writes what is left", () => {
    const path = newPath();
    for (const line of ["one\n", "two\n"]) {
      const file = LogFile.open(path);
      file.write(line);
      file.close();
      file.close();
    }
    expect(read(path)).toBe("one\ntwo\n");
  });

  test("reopen() follows a rotation and loses no line", () => {
    const path = newPath();
    const file = LogFile.open(path);
    file.write("before\n");
    renameSync(path, `${path}.1`);
    file.write("still before\n");
    file.reopen();
    file.write("after\n");
    file.close();
    expect(read(`${path}.1`)).toBe("before\nstill before\n");
    expect(read(path)).toBe("after\n");
  });

  test("open() says which file cannot be opened", () => {
    expect(() => LogFile.open(join(directory, "no", "x.log"))).toThrow(LoggingError);
    expect(() => LogFile.open(join(directory, "no", "x.log"))).toThrow(/Cannot open the log file ".*x\.log": ENOENT/);
  });

  test("a disk that is full loses lines, counts them and throws nothing", () => {
    const file = LogFile.open("/dev/full");
    file.write("one\ntwo\n");
    file.flush();
    expect(file.droppedLines).toBe(2);
    file.close();
  });
});

describe("LogFile on a pipe whose reader is slow", () => {
  test("keeps the lines and their order until there is room", async () => {
    const path = newPath();
    execFileSync("/usr/bin/mkfifo", [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    const file = LogFile.open(writer);
    const lines = Array.from({ length: 3000 }, (_, index) => `${index} ${"x".repeat(100)}\n`);
    for (const line of lines) file.write(line);
    let received = "";
    const buffer = Buffer.alloc(65_536);
    while (received.length < lines.join("").length) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      try {
        received += buffer.toString("utf8", 0, readSync(reader, buffer));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
    }
    expect(received).toBe(lines.join(""));
    expect(file.droppedLines).toBe(0);
    file.close();
    closeSync(reader);
    closeSync(writer);
  });
});
