import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { AccessEntry } from "../../gateways/access-entry.ts";
import { AccessRecord } from "../../gateways/access-entry.ts";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { DEFAULT_ACCESS_LOG_FORMAT } from "./access-log.ts";
import { type LogSettings, openLogs } from "./open-logs.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-logs-"));
afterAll(() => rmSync(directory, { recursive: true }));

let count = 0;
function settings(change: Partial<LogSettings> = {}): LogSettings & { accessLogfile: string } {
  count += 1;
  return {
    accessLogformat: DEFAULT_ACCESS_LOG_FORMAT,
    accessLogStyle: "gunicorn",
    errorLogfile: join(directory, `${count}.error.log`),
    logLevel: "info",
    captureOutput: false,
    syslog: false,
    syslogAddr: "udp://localhost:514",
    syslogPrefix: null,
    syslogFacility: "user",
    ...change,
    accessLogfile: join(directory, `${count}.access.log`),
  };
}

function entry(): AccessEntry {
  return new AccessRecord(mockEnviron({ url: "/tea" }), performance.now(), { statusCode: 200 });
}

describe("openLogs", () => {
  test.each([
    ["gunicorn", /"GET \/tea HTTP\/1\.1" 200/],
    ["json", /^\{"time":.*"target":"\/tea".*\}\n$/],
  ] as const)("writes an access log in the form %s", (accessLogStyle, line) => {
    const chosen = settings({ accessLogStyle });
    const logs = openLogs(chosen);
    logs.logAccess?.(entry());
    logs.close();
    expect(readFileSync(chosen.accessLogfile, "utf8")).toMatch(line);
  });

  test("writes no access log unless asked to", () => {
    const logs = openLogs({ ...settings(), accessLogfile: null });
    expect(logs.logAccess).toBeNull();
    logs.close();
  });

  test("reopen() follows a rotation of both files", () => {
    const chosen = settings();
    const logs = openLogs(chosen);
    logs.errorLog.info("before");
    logs.logAccess?.(entry());
    for (const path of [chosen.accessLogfile, chosen.errorLogfile]) renameSync(path, `${path}.1`);
    logs.reopen();
    logs.errorLog.info("after");
    logs.logAccess?.(entry());
    logs.close();
    for (const path of [chosen.accessLogfile, chosen.errorLogfile]) {
      expect(readFileSync(`${path}.1`, "utf8").split("\n")).toHaveLength(2);
      expect(readFileSync(path, "utf8").split("\n")).toHaveLength(2);
    }
  });

  test("captures what is printed, until it is closed", () => {
    const chosen = settings({ captureOutput: true });
    const logs = openLogs(chosen);
    process.stdout.write("from stdout\n");
    process.stderr.write(Buffer.from("from stderr ü\n"));
    logs.close();
    expect(readFileSync(chosen.errorLogfile, "utf8")).toBe("from stdout\nfrom stderr ü\n");
  });
});
