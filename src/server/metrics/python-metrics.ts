// The metrics of the Python processes behind the workers; there are none where there is no Python.
import { type GuestStats, TOLD_STATES } from "../../guests/lane/guest-stats.ts";
import type { ArbiterSnapshot } from "./arbiter-snapshot.ts";
import type { MetricFamily, Sample } from "./prometheus-text.ts";
import type { WorkerStats } from "./worker-stats.ts";

/**
 * The metric families of Python.
 *
 * @param total - of all workers that ever ran
 */
export function pythonFamilies({ python: total }: WorkerStats, { workers }: ArbiterSnapshot): MetricFamily[] {
  if (total === null) return [];
  const pools = workers.flatMap(({ id, stats }) => {
    return stats === null || stats.python === null ? [] : [{ worker: String(id), python: stats.python }];
  });
  const perPool = (value: (python: GuestStats) => number): Sample[] =>
    pools.map(({ worker, python }) => ({ labels: { worker }, value: value(python) }));
  const perProcess = (value: (process: GuestStats["processes"][number]) => number): Sample[] =>
    pools.flatMap(({ worker, python }) =>
      python.processes.map((process) => ({ labels: { worker, pid: String(process.pid) }, value: value(process) })),
    );
  return [
    {
      name: "tsgi_python_processes",
      type: "gauge",
      help: "Python processes, by state of their life",
      samples: pools.flatMap(({ worker, python }) =>
        TOLD_STATES.map((state) => ({
          labels: { worker, state },
          value: python.processes.filter((process) => process.state === state).length,
        })),
      ),
    },
    counter("restarts", "Python processes started again after they had ended unasked", total.restarts),
    counter(
      "replacements",
      "Python processes replaced for their memory, or for a request that did not end",
      total.replacements,
    ),
    counter("requests", "Requests that Python has answered", total.answered),
    counter(
      "requests_refused",
      "Requests answered with 503 because too many waited for Python, or for too long",
      total.refused,
    ),
    gauge(
      "requests_queued",
      "Requests that wait for a Python thread",
      perPool(({ queued }) => queued),
    ),
    gauge(
      "requests_in_flight",
      "Requests that Python is working on",
      perPool(({ running }) => running),
    ),
    gauge(
      "process_resident_memory_bytes",
      "Resident memory of a Python process",
      // One that has just been started has no id yet.
      perProcess(({ residentBytes }) => residentBytes).filter(({ labels }) => labels?.["pid"] !== "0"),
    ),
  ];
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name: `tsgi_python_${name}_total`, type: "counter", help, samples: [{ value }] };
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name: `tsgi_python_${name}`, type: "gauge", help, samples };
}
