import { expect, test } from "vitest";
import { running, workerOf } from "../../../test/server/arbiter-double.ts";
import { bootTimedOut, lostWorker, notStarted } from "./boot-failure.ts";

test.each([
  [null, { code: 5, signal: null }, "A worker ended with exit code 5 while it loaded the application"],
  [1.5, { code: null, signal: "SIGSEGV" }, "A worker ended with signal SIGSEGV after it had loaded the application"],
] as const)("lostWorker says how and when (booted in %s s)", (bootSeconds, exit, message) => {
  const { worker } = workerOf(running(), 1, "dead");
  worker.bootSeconds = bootSeconds;
  expect(lostWorker(worker, exit)).toMatchObject({ type: "boot-failed", message, exitCode: 3 });
});

test("bootTimedOut names the setting, notStarted the system's reason", () => {
  expect(bootTimedOut(7).message).toMatch(/within 7 seconds \(--boot-timeout\)/);
  expect(notStarted(new Error("spawn EAGAIN")).message).toMatch(/could not be started: spawn EAGAIN/);
});
