// For warnings about what clients or front ends send, which must not fill a log.

/** Time for which a warning is not repeated, in milliseconds. */
const QUIET_MILLISECONDS = 60_000;

/**
 * Makes a function that says whether to warn now: the first time, and once a minute at most.
 *
 * @param now - the time in milliseconds, of a clock that only goes forward
 */
export function occasionally(now: () => number = () => performance.now()): () => boolean {
  let quietUntil = Number.NEGATIVE_INFINITY;
  return function mayWarn() {
    if (now() < quietUntil) return false;
    quietUntil = now() + QUIET_MILLISECONDS;
    return true;
  };
}
