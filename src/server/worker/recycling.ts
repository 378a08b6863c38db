// When a worker has done enough. Sources: gunicorn's max_requests and max_requests_jitter; uWSGI's max-worker-lifetime and reload-on-rss.
import type { RetireReason } from "../channel/messages.ts";

/** What one worker may do and be before it is replaced; 0 means no limit. */
export interface RecyclingLimits {
  readonly requests: number;
  readonly ageSeconds: number;
  readonly memoryBytes: number;
}

/** What a worker has done so far. */
export interface WorkerUse {
  readonly requests: number;
  readonly ageSeconds: number;
  readonly rssBytes: number;
}

/** Workers that start together must not end together: an age is stretched by up to this part of it. */
const AGE_JITTER = 0.1;

/**
 * Draws the limits of one worker.
 *
 * @param settings - as the user gave them
 * @param random - from 0 to 1
 */
export function drawLimits(
  settings: { maxRequests: number; maxRequestsJitter: number; maxWorkerAge: number; maxWorkerMemory: number },
  random: number,
): RecyclingLimits {
  const jitter = settings.maxRequests === 0 ? 0 : Math.round(settings.maxRequestsJitter * random);
  return {
    requests: settings.maxRequests + jitter,
    ageSeconds: settings.maxWorkerAge * (1 + AGE_JITTER * random),
    memoryBytes: settings.maxWorkerMemory,
  };
}

/**
 * Why a worker should be replaced.
 *
 * @returns null while it should go on
 */
export function recycleReason(use: WorkerUse, limits: RecyclingLimits): RetireReason | null {
  if (limits.requests > 0 && use.requests >= limits.requests) return "max-requests";
  if (limits.ageSeconds > 0 && use.ageSeconds >= limits.ageSeconds) return "age";
  return limits.memoryBytes > 0 && use.rssBytes >= limits.memoryBytes ? "memory" : null;
}
