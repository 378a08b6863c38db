// The metrics of the servers that applications hand requests on to; there are none where there are no upstreams.
import type { Labels, MetricFamily } from "./prometheus-text.ts";
import type { WorkerStats } from "./worker-stats.ts";

/**
 * The metric families of upstreams.
 *
 * @param total - of all workers that ever ran
 */
export function upstreamFamilies({ upstreams: { addresses, queues } }: WorkerStats): MetricFamily[] {
  const perAddress = familiesOf(addresses, ({ address }) => ({ address }));
  const perQueue = familiesOf(queues, ({ upstream }) => ({ upstream }));
  return [
    perAddress(
      "counter",
      "tsgi_upstream_requests_total",
      "Requests that got a connection to the address",
      ({ requests }) => requests,
    ),
    perAddress(
      "counter",
      "tsgi_upstream_failures_total",
      "Requests that the address failed, also where another answered them",
      ({ failures }) => failures,
    ),
    perAddress(
      "counter",
      "tsgi_upstream_retries_total",
      "Requests sent a second time because the address had closed a kept connection",
      ({ retries }) => retries,
    ),
    perAddress("counter", "tsgi_upstream_connects_total", "Connections begun", ({ connects }) => connects),
    {
      name: "tsgi_upstream_connections",
      type: "gauge",
      help: "Connections, with a request, idle, or gone over to another protocol",
      samples: addresses.flatMap(({ address, active, idle, tunnels }) => [
        { labels: { address, state: "active" }, value: active },
        { labels: { address, state: "idle" }, value: idle },
        { labels: { address, state: "tunnel" }, value: tunnels },
      ]),
    },
    perQueue(
      "counter",
      "tsgi_upstream_requests_refused_total",
      "Requests that got no connection in time, or found too many waiting",
      ({ refused }) => refused,
    ),
    perQueue("gauge", "tsgi_upstream_requests_queued", "Requests that wait for a connection", ({ queued }) => queued),
  ];
}

/** Makes families that have a sample for each of some counts. */
function familiesOf<Counts>(list: readonly Counts[], labelsOf: (counts: Counts) => Labels) {
  return (type: "counter" | "gauge", name: string, help: string, value: (counts: Counts) => number): MetricFamily => ({
    name,
    type,
    help,
    samples: list.map((counts) => ({ labels: labelsOf(counts), value: value(counts) })),
  });
}
