// The metrics of the processes of other languages behind the workers; there are none where there are no guests. Each is told as
// `tsgi_guest_…` with its language as a label; Python's also as `tsgi_python_…`, the names from before there were other languages.
import { type GuestStats, TOLD_STATES } from "../../guests/lane/guest-stats.ts";
import type { ArbiterSnapshot } from "./arbiter-snapshot.ts";
import type { Labels, MetricFamily, Sample } from "./prometheus-text.ts";
import type { WorkerStats } from "./worker-stats.ts";

interface Labelled {
  readonly labels: Labels;
  readonly stats: GuestStats;
}

/**
 * The metric families of guests.
 *
 * @param total - of all workers that ever ran
 */
export function guestFamilies({ guests: total }: WorkerStats, { workers }: ArbiterSnapshot): MetricFamily[] {
  const names = Object.keys(total).toSorted();
  const entriesOf = (language: string, labels: Labels): [totals: Labelled[], pools: Labelled[]] => {
    const sum = total[language];
    const pools = workers.flatMap(({ id, stats }) => {
      const guest = stats?.guests[language];
      return guest === undefined ? [] : [{ labels: { ...labels, worker: String(id) }, stats: guest }];
    });
    return [sum === undefined ? [] : [{ labels, stats: sum }], pools];
  };
  const all = names.map((language) => entriesOf(language, { language }));
  return [
    ...families(
      "tsgi_guest",
      "a guest",
      all.flatMap(([totals]) => totals),
      all.flatMap(([, pools]) => pools),
    ),
    ...families("tsgi_python", "Python", ...entriesOf("python", {})),
  ];
}

function families(
  prefix: string,
  subject: string,
  totals: readonly Labelled[],
  pools: readonly Labelled[],
): MetricFamily[] {
  const counter = (name: string, help: string, value: (stats: GuestStats) => number): MetricFamily => ({
    name: `${prefix}_${name}_total`,
    type: "counter",
    help,
    samples: totals.map(({ labels, stats }) => ({ labels, value: value(stats) })),
  });
  const gauge = (name: string, help: string, samples: readonly Sample[]): MetricFamily => {
    return { name: `${prefix}_${name}`, type: "gauge", help, samples };
  };
  const perPool = (value: (stats: GuestStats) => number): Sample[] =>
    pools.map(({ labels, stats }) => ({ labels, value: value(stats) }));
  return [
    gauge("processes", `Processes of ${subject}, by state of their life`, pools.flatMap(byState)),
    counter(
      "restarts",
      `Processes of ${subject} started again after they had ended unasked`,
      (stats) => stats.restarts,
    ),
    counter(
      "replacements",
      `Processes of ${subject} replaced for their memory, or for a request that did not end`,
      (stats) => stats.replacements,
    ),
    counter("requests", `Requests that ${subject} has answered`, (stats) => stats.answered),
    counter(
      "requests_refused",
      `Requests answered with 503 because too many waited for ${subject}, or for too long`,
      (stats) => stats.refused,
    ),
    gauge(
      "requests_queued",
      `Requests that wait for a thread of ${subject}`,
      perPool(({ queued }) => queued),
    ),
    gauge(
      "requests_in_flight",
      `Requests that ${subject} is working on`,
      perPool(({ running }) => running),
    ),
    gauge("process_resident_memory_bytes", `Resident memory of a process of ${subject}`, pools.flatMap(memoryOf)),
  ];
}

function byState({ labels, stats }: Labelled): Sample[] {
  return TOLD_STATES.map((state) => ({
    labels: { ...labels, state },
    value: stats.processes.filter((process) => process.state === state).length,
  }));
}

function memoryOf({ labels, stats }: Labelled): Sample[] {
  // One that has just been started has no id yet.
  const known = stats.processes.filter(({ pid }) => pid !== 0);
  return known.map(({ pid, residentBytes }) => ({ labels: { ...labels, pid: String(pid) }, value: residentBytes }));
}
