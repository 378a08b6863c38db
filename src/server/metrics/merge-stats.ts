// The counts of several workers as one.
import { addGuestStats, addToLanguage, withoutProcesses } from "../../guests/lane/guest-stats.ts";
import { addUpstreamCounts } from "../../guests/upstream/upstream-meters.ts";
import { emptyWorkerStats, type WorkerStats } from "./worker-stats.ts";

/**
 * Adds up. Counts and gauges are summed, except the lag of the event loop, of which the worst counts, and the time of the start, of
 * which the earliest does.
 *
 * @param list - of workers that run and of workers that have ended
 */
export function mergeStats(list: readonly WorkerStats[]): WorkerStats {
  return list.reduce(add, emptyWorkerStats(Number.POSITIVE_INFINITY));
}

/** What remains of a worker that has ended: its counts, without its requests in progress. */
export function withoutGauges(stats: WorkerStats): WorkerStats {
  const { addresses, queues } = stats.upstreams;
  return {
    ...stats,
    inFlight: 0,
    connections: 0,
    eventLoopLagMs: 0,
    eventLoopLagMaxMs: 0,
    rssBytes: 0,
    python: stats.python === null ? null : withoutProcesses(stats.python),
    guests: Object.fromEntries(
      Object.entries(stats.guests).map(([language, guest]) => [language, withoutProcesses(guest)]),
    ),
    upstreams: {
      addresses: addresses.map((counts) => ({ ...counts, active: 0, idle: 0, tunnels: 0 })),
      queues: queues.map((counts) => ({ ...counts, queued: 0 })),
    },
  };
}

function add(a: WorkerStats, b: WorkerStats): WorkerStats {
  return {
    startedAt: Math.min(a.startedAt, b.startedAt),
    requests: a.requests + b.requests,
    statusClasses: addEach(a.statusClasses, b.statusClasses),
    statuses: addByStatus(a.statuses, b.statuses),
    logged: addEach(a.logged, b.logged),
    durationBuckets: addEach(a.durationBuckets, b.durationBuckets),
    durationSumSeconds: a.durationSumSeconds + b.durationSumSeconds,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    aborted: a.aborted + b.aborted,
    timeouts: a.timeouts + b.timeouts,
    refused: a.refused + b.refused,
    inFlight: a.inFlight + b.inFlight,
    connections: a.connections + b.connections,
    eventLoopLagMs: Math.max(a.eventLoopLagMs, b.eventLoopLagMs),
    eventLoopLagMaxMs: Math.max(a.eventLoopLagMaxMs, b.eventLoopLagMaxMs),
    rssBytes: a.rssBytes + b.rssBytes,
    python: addGuestStats(a.python, b.python),
    guests: addByLanguage(a.guests, b.guests),
    upstreams: addUpstreamCounts(a.upstreams, b.upstreams),
  };
}

function addByLanguage(a: WorkerStats["guests"], b: WorkerStats["guests"]): WorkerStats["guests"] {
  const sums = new Map(Object.entries(a));
  for (const [language, stats] of Object.entries(b)) addToLanguage(sums, language, stats);
  return Object.fromEntries(sums);
}

function addByStatus(a: WorkerStats["statuses"], b: WorkerStats["statuses"]): WorkerStats["statuses"] {
  const counts = new Map(a);
  for (const [status, count] of b) counts.set(status, (counts.get(status) ?? 0) + count);
  return [...counts].toSorted(([first], [second]) => first - second);
}

function addEach(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => (a[index] ?? 0) + (b[index] ?? 0));
}
