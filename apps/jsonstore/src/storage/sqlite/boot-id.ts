// What a machine is called from one start to the next.
import { readFileSync } from "node:fs";

/** Reads it; null where the system does not tell. Source: random(4), /proc/sys/kernel/random/boot_id. */
export function bootId(): string | null {
  try {
    return /^[\da-f-]{36}$/.exec(readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim())?.[0] ?? null;
  } catch {
    return null;
  }
}
