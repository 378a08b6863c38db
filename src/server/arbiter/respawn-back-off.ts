// How long to wait before a dead worker is replaced. Goals: one crash is replaced at once; a crash loop costs little; the server never
// gives up. Formula: the wait doubles with each crash in a row, and a worker that lived long enough ends the row.

/** Bounds of the waiting, in seconds. */
export interface BackOffLimits {
  /** Wait after the second crash in a row. @default 0.1 */
  readonly firstSeconds: number;
  /** Longest wait. @default 30 */
  readonly maxSeconds: number;
  /** A worker that served so long is no part of a crash loop. @default 10 */
  readonly healthySeconds: number;
}

/** The defaults. */
export const BACK_OFF_LIMITS: BackOffLimits = { firstSeconds: 0.1, maxSeconds: 30, healthySeconds: 10 };

/** How the crashes have gone so far. */
export interface BackOffState {
  /** Crashes in a row. */
  readonly crashes: number;
  /** The next worker may be started then; seconds of the same clock as `now`. */
  readonly notBefore: number;
}

/** No crash so far. */
export const NO_CRASHES: BackOffState = { crashes: 0, notBefore: 0 };

/**
 * Takes in the death of a worker.
 *
 * @param state - before
 * @param now - seconds of any steady clock
 * @param servedSeconds - how long it served; 0 when it never did
 * @param limits - bounds of the waiting
 */
export function afterCrash(
  state: BackOffState,
  now: number,
  servedSeconds: number,
  limits: BackOffLimits = BACK_OFF_LIMITS,
): BackOffState {
  // Workers that fall together are one crash, not several.
  if (now < state.notBefore) return state;
  const crashes = servedSeconds >= limits.healthySeconds ? 1 : state.crashes + 1;
  return { crashes, notBefore: now + respawnDelaySeconds(crashes, limits) };
}

/**
 * The wait after so many crashes in a row.
 *
 * @param crashes - 1 for the first, which is replaced at once
 */
export function respawnDelaySeconds(crashes: number, limits: BackOffLimits = BACK_OFF_LIMITS): number {
  if (crashes <= 1) return 0;
  return Math.min(limits.maxSeconds, limits.firstSeconds * 2 ** Math.min(crashes - 2, 30));
}
