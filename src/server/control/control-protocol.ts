// What `tsgi ctl` and the control server say to each other: one JSON object in a line, request and answer in turn.
import type { ReloadOutcome } from "../metrics/arbiter-snapshot.ts";

/** Longest line that is read. */
export const MAX_CONTROL_LINE = 65_536;

/** What can be shown. */
export const SHOWN = ["all", "workers", "config", "stats", "listeners", "requests"] as const;
export type Shown = (typeof SHOWN)[number];

/** What can be asked. */
export type ControlRequest =
  | { readonly command: "show"; readonly what: Shown }
  /** With `isWaiting` the answer comes when the reload has worked or failed. */
  | { readonly command: "reload"; readonly isWaiting: boolean }
  | { readonly command: "worker-add" | "worker-remove"; readonly count: number }
  | { readonly command: "worker-kill"; readonly pid: number }
  | { readonly command: "reopen" }
  | { readonly command: "stop"; readonly isQuick: boolean };

/** What comes back. */
export type ControlAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: true; readonly reload: ReloadOutcome }
  | { readonly ok: false; readonly error: string };

/**
 * Checks a request.
 *
 * @param value - what a line held
 * @returns the request, or what is wrong with it
 */
export function readControlRequest(value: unknown): ControlRequest | string {
  if (typeof value !== "object" || value === null) return "Send a JSON object";
  const { command, what, isWaiting, count, pid, isQuick } = value as Record<string, unknown>;
  switch (command) {
    case "show":
      if (!SHOWN.includes(what as Shown)) return `Expected what to show: ${SHOWN.join(", ")}`;
      return { command, what: what as Shown };
    case "reload":
      return { command, isWaiting: isWaiting === true };
    case "worker-add":
    case "worker-remove":
      return isCount(count, 1000) ? { command, count } : "Expected a number of workers from 1 to 1000";
    case "worker-kill":
      return isCount(pid, Number.MAX_SAFE_INTEGER) ? { command, pid } : "Expected the process id of a worker";
    case "reopen":
      return { command };
    case "stop":
      return { command, isQuick: isQuick === true };
    default:
      return `Unknown command ${JSON.stringify(command)}; expected show, reload, worker-add, worker-remove, worker-kill, reopen or stop`;
  }
}

function isCount(value: unknown, maximum: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= maximum;
}
