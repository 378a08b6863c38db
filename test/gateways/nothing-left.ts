// Waits until a group of processes has gone.
import { expect } from "vitest";

/** @param group - the id of its leader */
export async function nothingLeft(group: number): Promise<void> {
  await expect.poll(() => isThere(group), { timeout: 10_000 }).toBe(false);
}

function isThere(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
