// The metrics of a server, out of what the arbiter knows. Counters are sums over all workers that ever ran, so that they never fall
// when one ends; gauges are those of the workers that run, each under its own label.
import type { ArbiterSnapshot, WorkerSnapshot } from "./arbiter-snapshot.ts";
import { mergeStats } from "./merge-stats.ts";
import { histogramSamples, type MetricFamily, type Sample } from "./prometheus-text.ts";
import { coarseBuckets, DURATION_BOUNDS_SECONDS } from "./duration-buckets.ts";
import { guestFamilies } from "./guest-metrics.ts";
import { upstreamFamilies } from "./upstream-metrics.ts";
import { COUNTED_LEVELS, emptyWorkerStats, type WorkerStats } from "./worker-stats.ts";

const PHASES = ["booting", "ready", "serving", "draining"] as const;
const STATUS_CLASSES = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** The counts of all workers, dead or alive, and the gauges of those alive; the messages of the log are those of the arbiter, too. */
export function totalStats(snapshot: ArbiterSnapshot): WorkerStats {
  const living = snapshot.workers.flatMap(({ stats }) => (stats === null ? [] : [stats]));
  const own = { ...emptyWorkerStats(Number.POSITIVE_INFINITY), logged: snapshot.logged };
  return mergeStats([own, ...living, ...snapshot.endedStats]);
}

/** All metric families of a server. */
export function serverMetrics(snapshot: ArbiterSnapshot): MetricFamily[] {
  const total = totalStats(snapshot);
  return [
    ...requestFamilies(total),
    ...workerFamilies(snapshot),
    ...guestFamilies(total, snapshot),
    ...upstreamFamilies(total),
    ...serverFamilies(snapshot),
  ];
}

function requestFamilies(total: WorkerStats): MetricFamily[] {
  return [
    {
      name: "tsgi_requests_total",
      type: "counter",
      help: "Requests that are over, by class of status; none: the client left before there was a status",
      samples: STATUS_CLASSES.map((code, index) => ({ labels: { code }, value: total.statusClasses[index] ?? 0 })),
    },
    {
      name: "tsgi_request_duration_seconds",
      type: "histogram",
      help: "Time from the head of a request to the end of its answer",
      samples: histogramSamples(
        DURATION_BOUNDS_SECONDS,
        coarseBuckets(total.durationBuckets),
        total.durationSumSeconds,
      ),
    },
    counter("tsgi_request_body_bytes_total", "Bytes received in bodies of requests", total.bytesIn),
    counter("tsgi_response_body_bytes_total", "Bytes sent in bodies of answers", total.bytesOut),
    counter("tsgi_requests_aborted_total", "Requests whose answer could not be completed", total.aborted),
    counter("tsgi_requests_timed_out_total", "Requests that missed the deadline", total.timeouts),
    counter("tsgi_requests_refused_total", "Requests refused for their syntax or size", total.refused),
    {
      name: "tsgi_log_messages_total",
      type: "counter",
      help: "Messages of the error log, by level",
      samples: COUNTED_LEVELS.map((level, index) => ({ labels: { level }, value: total.logged[index] ?? 0 })),
    },
  ];
}

function workerFamilies({ workers }: ArbiterSnapshot): MetricFamily[] {
  const perWorker = (value: (stats: WorkerStats, worker: WorkerSnapshot) => number): Sample[] =>
    workers.flatMap((worker) => {
      const labels = { worker: String(worker.id) };
      return worker.stats === null ? [] : [{ labels, value: value(worker.stats, worker) }];
    });
  return [
    {
      name: "tsgi_workers",
      type: "gauge",
      help: "Workers, by phase of their life",
      samples: PHASES.map((phase) => ({
        labels: { phase },
        value: workers.filter((worker) => worker.phase === phase).length,
      })),
    },
    {
      name: "tsgi_worker_requests_in_flight",
      type: "gauge",
      help: "Requests being answered",
      samples: perWorker((stats) => stats.inFlight),
    },
    {
      name: "tsgi_worker_connections",
      type: "gauge",
      help: "Open connections",
      samples: perWorker((stats) => stats.connections),
    },
    {
      name: "tsgi_worker_resident_memory_bytes",
      type: "gauge",
      help: "Resident memory",
      samples: perWorker((stats) => stats.rssBytes),
    },
    {
      name: "tsgi_worker_event_loop_lag_seconds",
      type: "gauge",
      help: "Mean lateness of the event loop since the last heartbeat",
      samples: perWorker((stats) => stats.eventLoopLagMs / 1000),
    },
    {
      name: "tsgi_worker_event_loop_lag_max_seconds",
      type: "gauge",
      help: "Worst lateness of the event loop since the last heartbeat",
      samples: perWorker((stats) => stats.eventLoopLagMaxMs / 1000),
    },
    {
      name: "tsgi_worker_silence_seconds",
      type: "gauge",
      help: "Time since the last sign of life",
      samples: perWorker((_, worker) => worker.silentSeconds),
    },
  ];
}

function serverFamilies(snapshot: ArbiterSnapshot): MetricFamily[] {
  const restarts = Object.entries(snapshot.restarts);
  return [
    {
      name: "tsgi_worker_ends_total",
      type: "counter",
      help: "Workers that ended, by reason",
      samples: restarts.map(([reason, value]) => ({ labels: { reason }, value })),
    },
    gauge("tsgi_workers_wanted", "Workers that should run", snapshot.wantedWorkers),
    gauge("tsgi_generation", "Generation of the code; each reload that worked adds one", snapshot.generation),
    gauge("tsgi_ready", "1 while requests are served and no stop has begun", snapshot.isReady ? 1 : 0),
    gauge("tsgi_reloading", "1 during a reload", snapshot.isReloading ? 1 : 0),
    gauge("tsgi_last_reload_success", "0 when the last reload failed", snapshot.lastReload?.isDone === false ? 0 : 1),
    gauge("tsgi_start_time_seconds", "When the server started, since the epoch", snapshot.startedAt.getTime() / 1000),
    {
      name: "tsgi_build_info",
      type: "gauge",
      help: "Always 1; the labels tell what runs",
      samples: [{ labels: { version: snapshot.version, node: process.versions.node }, value: 1 }],
    },
  ];
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, type: "counter", help, samples: [{ value }] };
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: "gauge", help, samples: [{ value }] };
}
