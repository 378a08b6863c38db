import { afterEach, describe, expect, test, vi } from "vitest";
import { guestSettings, spawnIdentity } from "./guest-options.ts";

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

test("spawnIdentity names only what is another than this process's", () => {
  expect(spawnIdentity({ identity: null })).toEqual({});
  const identity = guestSettings({ user: 65534 }, "Test").identity;
  expect(spawnIdentity({ identity })).toMatchObject({ uid: 65534 });
  expect(spawnIdentity({ identity: { uid: undefined, gid: 7, userName: undefined } })).toEqual({ gid: 7 });
});
