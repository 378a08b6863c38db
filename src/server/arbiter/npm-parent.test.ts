import { expect, type Mock, test, vi } from "vitest";
import type { ArbiterControl } from "../control/arbiter-control.ts";
import { isRunByNpm, NpmParent } from "./npm-parent.ts";

function controlOf(isStopping: boolean): { control: ArbiterControl; stop: Mock<ArbiterControl["stop"]> } {
  const stop = vi.fn<ArbiterControl["stop"]>();
  // The two members that are asked for.
  return { control: { stop, snapshot: () => ({ isStopping }) } as unknown as ArbiterControl, stop };
}

test("NpmParent stops the server once when the parent process has changed", async () => {
  vi.useFakeTimers();
  try {
    let parent = 7;
    const { control, stop } = controlOf(false);
    const watch = new NpmParent(7, () => parent);
    await watch.start(control);
    vi.advanceTimersByTime(1000);
    expect(stop).not.toHaveBeenCalled();
    parent = 1;
    vi.advanceTimersByTime(1000);
    expect(stop.mock.calls).toEqual([["graceful", "npm-ended"]]);
  } finally {
    vi.useRealTimers();
  }
});

test("NpmParent sees at the start that npm has ended meanwhile", async () => {
  const { control, stop } = controlOf(false);
  await new NpmParent(7, () => 1).start(control);
  expect(stop).toHaveBeenCalledOnce();
});

test("NpmParent leaves a server alone that stops already: asked twice it would cut requests", async () => {
  const { control, stop } = controlOf(true);
  await new NpmParent(7, () => 1).start(control);
  expect(stop).not.toHaveBeenCalled();
});

test.each([
  [{ npm_command: "exec" }, true],
  [{ npm_lifecycle_event: "start" }, true],
  [{}, false],
])("isRunByNpm(%o) is %s", (env, isRun) => {
  expect(isRunByNpm(env)).toBe(isRun);
});
