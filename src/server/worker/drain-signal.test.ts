import { once } from "node:events";
import { expect, test } from "vitest";
import { announceDrain, drainSignal } from "./drain-signal.ts";

// One test: the signal is that of the process, and fires once.
test("drainSignal is one signal for the whole process, which fires when the worker begins to drain", async () => {
  const signal = drainSignal();
  expect(drainSignal()).toBe(signal);
  expect(signal.aborted).toBe(false);

  const warnings: Error[] = [];
  const warn = (warning: Error): void => void warnings.push(warning);
  process.on("warning", warn);
  let told = 0;
  for (let stream = 0; stream < 100; stream += 1) signal.addEventListener("abort", () => (told += 1));
  const fired = once(signal, "abort");
  announceDrain();
  await fired;
  process.off("warning", warn);

  expect(told).toBe(100);
  expect(warnings, "however many streams listen").toEqual([]);
  announceDrain();
  expect(told).toBe(100);
  expect(drainSignal().aborted).toBe(true);
});
