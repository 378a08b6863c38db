// What this process has asked of upstreams, by address, whichever application asks: several may have the same upstream, and a program may make
// its applications itself. Source: the metrics of HAProxy and Envoy, by server.

/** Of one address. All but the last three only rise. */
export interface AddressCounts {
  readonly address: string;
  /** Requests that got a connection to it, those that were sent a second time included. */
  readonly requests: number;
  /** Requests that it failed, also where another address answered them then. */
  readonly failures: number;
  /** Requests that were sent a second time, because it had closed the connection that was kept. */
  readonly retries: number;
  /** Connections that were begun. */
  readonly connects: number;
  /** Connections with a request, and without one. */
  readonly active: number;
  readonly idle: number;
  /** Connections that have gone over to another protocol. */
  readonly tunnels: number;
}

/** Of all addresses of an upstream together, which have one queue. */
export interface QueueCounts {
  readonly upstream: string;
  /** Requests that got no connection. */
  readonly refused: number;
  /** Requests that wait for one. */
  readonly queued: number;
}

/** Counts of upstreams: plain data that is sent between processes and added up. */
export interface UpstreamCounts {
  readonly addresses: readonly AddressCounts[];
  readonly queues: readonly QueueCounts[];
}

/** The same, to be changed. */
export type Meter<Counts> = { -readonly [Name in keyof Counts]: Counts[Name] };

/** More names than this are counted as one: a program may make its upstreams out of what clients say. */
const MAX_NAMES = 200;
const OTHERS = "others";

const addresses = new Map<string, Meter<AddressCounts>>();
const queues = new Map<string, Meter<QueueCounts>>();

/** The counts of an address. @param label - as it was configured */
export function addressMeter(label: string): Meter<AddressCounts> {
  return meterOf(addresses, label, (address) => ({ ...NO_ADDRESS, address }));
}

/** The counts of a queue. @param label - of all its addresses */
export function queueMeter(label: string): Meter<QueueCounts> {
  return meterOf(queues, label, (upstream) => ({ ...NO_QUEUE, upstream }));
}

/** All counts of this process. */
export function upstreamCounts(): UpstreamCounts {
  return {
    addresses: [...addresses.values()].map((counts) => ({ ...counts })),
    queues: [...queues.values()].map((counts) => ({ ...counts })),
  };
}

/** An address that was never asked. */
export const NO_ADDRESS: AddressCounts = {
  address: "",
  requests: 0,
  failures: 0,
  retries: 0,
  connects: 0,
  active: 0,
  idle: 0,
  tunnels: 0,
};

/** A queue in which nobody ever stood. */
export const NO_QUEUE: QueueCounts = { upstream: "", refused: 0, queued: 0 };

/** Adds up the counts of several processes. */
export function addUpstreamCounts(a: UpstreamCounts, b: UpstreamCounts): UpstreamCounts {
  return {
    addresses: addByName(
      [...a.addresses, ...b.addresses],
      ({ address }) => address,
      (one, other) => ({
        address: one.address,
        requests: one.requests + other.requests,
        failures: one.failures + other.failures,
        retries: one.retries + other.retries,
        connects: one.connects + other.connects,
        active: one.active + other.active,
        idle: one.idle + other.idle,
        tunnels: one.tunnels + other.tunnels,
      }),
    ),
    queues: addByName(
      [...a.queues, ...b.queues],
      ({ upstream }) => upstream,
      (one, other) => ({
        upstream: one.upstream,
        refused: one.refused + other.refused,
        queued: one.queued + other.queued,
      }),
    ),
  };
}

function addByName<Counts>(
  list: readonly Counts[],
  nameOf: (counts: Counts) => string,
  add: (one: Counts, other: Counts) => Counts,
): Counts[] {
  const sums = new Map<string, Counts>();
  for (const counts of list) {
    const name = nameOf(counts);
    const sum = sums.get(name);
    sums.set(name, sum === undefined ? counts : add(sum, counts));
  }
  return [...sums.values()];
}

function meterOf<Counts>(meters: Map<string, Counts>, label: string, make: (label: string) => Counts): Counts {
  const name = meters.has(label) || meters.size < MAX_NAMES ? label : OTHERS;
  const known = meters.get(name);
  if (known !== undefined) return known;
  const made = make(name);
  meters.set(name, made);
  return made;
}
