// A reload as a transaction. Theory: new workers are started and held back; the old ones leave only when every new one is ready.
//
//   loading ──ready──► stable ──time──► filling ──all ready──► committed
//      │                 │                 │
//      └─────────── failed or died ────────┴──────────► aborted: the new workers are ended, the old ones never noticed
//
// loading   one new worker, the canary, loads the application and answers the warm-up request
// stable    it stays up for a while without serving: code that loads and then falls over is found before a client meets it
// filling   the other new workers boot; the code is proven, so they come all at once
// committed all new workers serve, then the old ones drain

/** Where a reload is. */
export type ReloadState =
  | { readonly step: "loading" }
  | { readonly step: "stable"; readonly since: number }
  | { readonly step: "filling"; readonly ready: number }
  | { readonly step: "committed" }
  | { readonly step: "aborted"; readonly reason: string };

/** What happens to a reload. */
export type ReloadEvent =
  | { readonly type: "worker-ready" }
  | { readonly type: "worker-lost"; readonly reason: string }
  | { readonly type: "cancelled"; readonly reason: string }
  /** Time has passed. */
  | { readonly type: "tick" };

/** What the reload has to achieve. */
export interface ReloadPlan {
  /** New workers in all. */
  readonly workers: number;
  readonly stableSeconds: number;
}

/** The start of a reload. */
export const RELOAD_BEGIN: ReloadState = { step: "loading" };

/**
 * The state after an event.
 *
 * @param now - seconds of any steady clock
 */
export function nextReloadState(state: ReloadState, event: ReloadEvent, plan: ReloadPlan, now: number): ReloadState {
  if (state.step === "committed" || state.step === "aborted") return state;
  switch (event.type) {
    case "cancelled":
    case "worker-lost":
      return { step: "aborted", reason: event.reason };
    case "worker-ready":
      if (state.step === "loading") return settle({ step: "stable", since: now }, plan, now);
      return state.step === "filling" ? settle({ step: "filling", ready: state.ready + 1 }, plan, now) : state;
    case "tick":
      return settle(state, plan, now);
    default:
      return event satisfies never;
  }
}

/** Goes through the steps that need no event. */
function settle(state: ReloadState, plan: ReloadPlan, now: number): ReloadState {
  if (state.step === "stable" && now - state.since >= plan.stableSeconds) {
    return settle({ step: "filling", ready: 1 }, plan, now);
  }
  return state.step === "filling" && state.ready >= plan.workers ? { step: "committed" } : state;
}
