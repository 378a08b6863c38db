import { describe, expect, test } from "vitest";
import type { Facts } from "./facts.ts";
import { type Finding, findingsOf } from "./findings.ts";

const GOOD: Facts = {
  version: "1.2.3",
  directory: "/srv/tsgi/",
  platform: "linux",
  node: { version: "24.1.0", path: "/usr/bin/node" },
  python: {
    path: "/srv/.venv/bin/python",
    source: ".venv",
    version: "3.13.1",
    implementation: "CPython",
    environment: "/srv/.venv",
    gevent: null,
  },
  configFile: null,
  places: [{ what: "temporary files", path: "/tmp", problem: null, freeBytes: 2 ** 40 }],
  limits: { openFiles: 65_536, processes: 60_000, listenQueue: 4096, cores: 4, memoryBytes: 2 ** 34 },
};

function unusual(changes: Partial<Facts>): Finding[] {
  return findingsOf({ ...GOOD, ...changes }).filter(({ level }) => level !== "ok");
}

describe("findingsOf", () => {
  test("has nothing to say about a good machine, nor about one that tells nothing", () => {
    expect(unusual({})).toEqual([]);
    const nothing = { openFiles: null, processes: null, listenQueue: null };
    expect(unusual({ limits: { ...GOOD.limits, ...nothing } })).toEqual([]);
  });

  test.each<[what: string, changes: Partial<Facts>, level: "warn" | "fail", subject: string, advice: RegExp]>([
    ["Windows", { platform: "win32" }, "fail", "system", /WSL 2/],
    ["macOS", { platform: "darwin" }, "warn", "system", /Linux/],
    ["Node 18", { node: { version: "18.20.0", path: "n" } }, "fail", "Node", /20\.19/],
    ["Node 20.18", { node: { version: "20.18.9", path: "n" } }, "fail", "Node", /20\.19/],
    ["Node 21", { node: { version: "21.7.0", path: "n" } }, "fail", "Node", /22\.12/],
    ["no Python", { python: { problem: "No Python was found" } }, "warn", "Python", /nothing to do for TypeScript/],
    ["two files", { configFile: { problem: "Both exist" } }, "fail", "configuration", /one of them/],
    ["few files", { limits: { ...GOOD.limits, openFiles: 1024 } }, "warn", "open files", /LimitNOFILE/],
    ["few processes", { limits: { ...GOOD.limits, processes: 64 } }, "warn", "processes", /ulimit -u/],
    ["a short queue", { limits: { ...GOOD.limits, listenQueue: 128 } }, "warn", "listen queue", /somaxconn=2048/],
    ["little memory", { limits: { ...GOOD.limits, memoryBytes: 2 ** 26 } }, "warn", "memory", /120 MiB/],
  ])("%s", (_, changes, level, subject, advice) => {
    expect(unusual(changes)).toMatchObject([{ level, subject, advice: expect.stringMatching(advice) }]);
  });

  test.each([
    ["3.8.19", "CPython", "fail", "Python"],
    ["2.7.18", "CPython", "fail", "Python"],
    ["3.10.14", "PyPy", "fail", "Python"],
  ])("%s of %s", (version, implementation, level, subject) => {
    expect(unusual({ python: { ...GOOD.python, version, implementation } })).toMatchObject([{ level, subject }]);
  });

  test("an interpreter of the system has no environment of its own", () => {
    expect(unusual({ python: { ...GOOD.python, environment: null } })).toMatchObject([
      { level: "warn", subject: "environment", advice: expect.stringContaining("python3 -m venv") },
    ]);
  });

  test("only temporary files have to be written; a full place is named", () => {
    const problem = "EACCES";
    const place = { path: "/x", freeBytes: null, problem };
    expect(unusual({ places: [{ ...place, what: "the project" }] })).toEqual([]);
    expect(unusual({ places: [{ ...place, what: "temporary files" }] })).toMatchObject([
      { level: "fail", text: "/x is read-only", advice: expect.stringContaining("TMPDIR") },
    ]);
    expect(
      unusual({ places: [{ ...place, what: "sockets to Python", problem: null, freeBytes: 2 ** 20 }] }),
    ).toMatchObject([{ level: "warn", text: "/x has 1 MiB left" }]);
  });
});
