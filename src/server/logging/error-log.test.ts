import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ErrorLog, LOG_LEVELS } from "./error-log.ts";
import { LogFile } from "./log-file.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-error-log-"));
afterAll(() => rmSync(directory, { recursive: true }));

describe("ErrorLog", () => {
  test("writes gunicorn's form at once", () => {
    const path = join(directory, "form.log");
    const file = LogFile.open(path);
    new ErrorLog(file).info("Listening");
    expect(readFileSync(path, "utf8")).toMatch(
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[INFO\] Listening\n$/,
    );
    file.close();
  });

  test.each(LOG_LEVELS.map((level, index) => [level, LOG_LEVELS.slice(index)]))(
    "at level %s writes %s",
    (level, written) => {
      const path = join(directory, `${level}.log`);
      const file = LogFile.open(path);
      const log = new ErrorLog(file, level);
      for (const name of LOG_LEVELS) log[name](`a ${name}`);
      const lines = readFileSync(path, "utf8").trimEnd().split("\n");
      expect(lines.map((line) => line.replace(/.*\] /, ""))).toEqual(written.map((name) => `a ${name}`));
      file.close();
    },
  );

  test("gives wsgi.errors the same file, text unchanged", () => {
    const path = join(directory, "stream.log");
    const file = LogFile.open(path);
    const stream = new ErrorLog(file, "critical").toErrorStream();
    stream.write("one\n");
    stream.writelines(["two\n", "three\n"]);
    stream.flush();
    file.close();
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\nthree\n");
  });
});
