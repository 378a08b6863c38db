// The memory of this process, for tests of what is kept. Their files have a process of their own: ALONE in vitest.config.ts.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Runs V8's garbage collection to its end. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

/** @returns bytes that are in use after a garbage collection, on the heap and in buffers */
export function usedMemory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
