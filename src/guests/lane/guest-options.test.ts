import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { guestSettings, setGuestDefaults, type GuestOptions, spawnIdentity } from "./guest-options.ts";

// A test of another file may have loaded an application in this process.
beforeEach(() => setGuestDefaults(null));
afterEach(() => void vi.restoreAllMocks());

describe("guestSettings", () => {
  test("fills in what is not given, and keeps what is", () => {
    expect(guestSettings({ threads: 4, directory: "/srv" }, "Test")).toMatchObject({
      threads: 4,
      directory: "/srv",
      processes: 1,
      isMultiprocess: false,
      deadlineSeconds: 30,
      identity: null,
    });
  });

  test("says that there are other processes where there are, unless told otherwise", () => {
    expect(guestSettings({ processes: 2 }, "Test").isMultiprocess).toBe(true);
    expect(guestSettings({ processes: 2, isMultiprocess: false }, "Test").isMultiprocess).toBe(false);
  });

  test("finds the user and the group once, as numbers", () => {
    expect(guestSettings({ user: 65534, group: 65533 }, "Test").identity).toMatchObject({ uid: 65534, gid: 65533 });
  });

  test("logs to standard error, one line for each entry, with what is known", () => {
    const lines: unknown[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(text) > 0);
    const { log } = guestSettings({}, "Test");
    log({ level: "warning", message: "careful" });
    log({ level: "error", message: "it broke", pid: 7, request: "GET /" });
    expect(lines).toEqual(["warning: test: careful\n", "error: test [7] (GET /): it broke\n"]);
  });
});

describe("setGuestDefaults", () => {
  test("says where guests write to whose options do not", () => {
    const lines: string[] = [];
    const output = vi.fn<() => void>();
    setGuestDefaults({ log: ({ message }, source) => lines.push(`${source}: ${message}`), output });
    onTestFinished(() => setGuestDefaults(null));
    const settings = guestSettings<GuestOptions>({}, "Ruby");
    settings.log({ level: "info", message: "ready" });
    expect([lines, settings.output]).toEqual([["ruby: ready"], output]);
    const own = vi.fn<() => void>();
    expect(guestSettings({ log: own }, "Ruby").log).toBe(own);
  });
});

test("spawnIdentity names only what is another than this process's", () => {
  expect(spawnIdentity({ identity: null })).toEqual({});
  const identity = guestSettings({ user: 65534 }, "Test").identity;
  expect(spawnIdentity({ identity })).toMatchObject({ uid: 65534 });
  expect(spawnIdentity({ identity: { uid: undefined, gid: 7, userName: undefined } })).toEqual({ gid: 7 });
});
