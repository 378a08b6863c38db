// What a worker has counted: plain data that travels to the arbiter with each heartbeat.
// Everything but the gauges is cumulative over the life of the worker.
import { type GuestStats, TOLD_STATES } from "../../guests/lane/guest-stats.ts";
import {
  NO_ADDRESS,
  NO_QUEUE,
  type AddressCounts,
  type QueueCounts,
  type UpstreamCounts,
} from "../../guests/upstream/upstream-meters.ts";
import { DURATION_BUCKETS } from "./duration-buckets.ts";

/** Levels whose messages are counted, in the order of {@link WorkerStats.logged}. */
export const COUNTED_LEVELS = ["warning", "error", "critical"] as const;
/** More processes than this no worker has, and no more languages or upstreams. */
const MAX_PROCESSES = 10_000;
const MAX_LANGUAGES = 20;
const MAX_UPSTREAMS = 1000;
const MAX_STATUS = 999;

/** The counts of one worker. */
export interface WorkerStats {
  /** When the worker began to count, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Requests that are over: answered, aborted or timed out. */
  readonly requests: number;
  /** Of them, those that were answered with 1xx to 5xx: index 0 counts those without any status, index 2 those with 2xx. */
  readonly statusClasses: readonly number[];
  /** The same by status, each that occurred with its count; 0 for those without any. */
  readonly statuses: readonly (readonly [status: number, count: number])[];
  /** Messages of the error log, by level. */
  readonly logged: readonly number[];
  /** Requests by duration, not cumulated: a count for each bucket of duration-buckets.ts. */
  readonly durationBuckets: readonly number[];
  /** All durations together. */
  readonly durationSumSeconds: number;
  /** Bytes of the bodies of requests and of answers, without framing. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Requests whose answer could not be completed, that missed their deadline, and that were refused for their syntax or size. */
  readonly aborted: number;
  readonly timeouts: number;
  readonly refused: number;
  /** Gauges: requests that are being answered and connections that are open, now. */
  readonly inFlight: number;
  readonly connections: number;
  /** Gauges: how late the event loop was since the last report, on average and at worst; milliseconds. */
  readonly eventLoopLagMs: number;
  readonly eventLoopLagMaxMs: number;
  /** Gauge: resident memory. */
  readonly rssBytes: number;
  /** Of the Python processes behind the worker; null where there are none. */
  readonly python: GuestStats | null;
  /** Of the processes of other languages behind the worker, by the name of the language in lower case; Python is one of them. */
  readonly guests: Readonly<Record<string, GuestStats>>;
  /** Of the servers behind the worker. */
  readonly upstreams: UpstreamCounts;
}

/** Counts of a worker that has not served yet. @param startedAt - milliseconds since the epoch */
export function emptyWorkerStats(startedAt = 0): WorkerStats {
  return {
    startedAt,
    requests: 0,
    statusClasses: [0, 0, 0, 0, 0, 0],
    statuses: [],
    logged: [0, 0, 0],
    durationBuckets: Array.from({ length: DURATION_BUCKETS }, () => 0),
    durationSumSeconds: 0,
    bytesIn: 0,
    bytesOut: 0,
    aborted: 0,
    timeouts: 0,
    refused: 0,
    inFlight: 0,
    connections: 0,
    eventLoopLagMs: 0,
    eventLoopLagMaxMs: 0,
    rssBytes: 0,
    python: null,
    guests: {},
    upstreams: { addresses: [], queues: [] },
  };
}

/** Whether a value that came from another process has the shape of {@link WorkerStats}. */
export function isWorkerStats(value: unknown): value is WorkerStats {
  if (!isRecord(value) || !hasNumbers(value, NUMBERS)) return false;
  const { statuses, python, guests, upstreams } = value;
  return (
    isStatuses(statuses) && (python === null || isGuestStats(python)) && isGuests(guests) && isUpstreams(upstreams)
  );
}

/** What is checked in another way than by its example. */
const { statuses: _, python: __, guests: ___, upstreams: ____, ...NUMBERS } = emptyWorkerStats();
const GUEST_NUMBERS = {
  queued: 0,
  running: 0,
  answered: 0,
  refused: 0,
  restarts: 0,
  replacements: 0,
  estimateMilliseconds: 0,
  batchDepth: 0,
} satisfies Omit<GuestStats, "processes">;
const PROCESS_NUMBERS = { pid: 0, running: 0, answered: 0, residentBytes: 0 };
const { address: _____, ...ADDRESS_NUMBERS }: AddressCounts = NO_ADDRESS;
const { upstream: ______, ...QUEUE_NUMBERS }: QueueCounts = NO_QUEUE;

function isStatuses(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > MAX_STATUS + 1) return false;
  return value.every((entry: unknown) => {
    if (!Array.isArray(entry) || entry.length !== 2 || !entry.every(isNumber)) return false;
    return Number.isInteger(entry[0]) && (entry[0] as number) <= MAX_STATUS;
  });
}

function isGuests(value: unknown): boolean {
  if (!isRecord(value) || Object.keys(value).length > MAX_LANGUAGES) return false;
  return Object.values(value).every(isGuestStats);
}

function isUpstreams(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return (
    isNamedList(value["addresses"], "address", ADDRESS_NUMBERS) &&
    isNamedList(value["queues"], "upstream", QUEUE_NUMBERS)
  );
}

function isNamedList(value: unknown, name: string, numbers: object): boolean {
  if (!Array.isArray(value) || value.length > MAX_UPSTREAMS) return false;
  return value.every((entry) => isRecord(entry) && typeof entry[name] === "string" && hasNumbers(entry, numbers));
}

function isGuestStats(value: unknown): boolean {
  if (!isRecord(value) || !hasNumbers(value, GUEST_NUMBERS)) return false;
  const { processes } = value;
  return Array.isArray(processes) && processes.length <= MAX_PROCESSES && processes.every(isProcessStats);
}

function isProcessStats(value: unknown): boolean {
  if (!isRecord(value) || !hasNumbers(value, PROCESS_NUMBERS)) return false;
  return TOLD_STATES.includes(value["state"] as (typeof TOLD_STATES)[number]);
}

/** Whether a value has numbers where the example has, and lists of as many of them. */
function hasNumbers(value: Readonly<Record<string, unknown>>, example: object): boolean {
  return Object.entries(example).every(([name, wanted]: [string, unknown]) => {
    const given = value[name];
    return Array.isArray(wanted)
      ? Array.isArray(given) && given.length === wanted.length && given.every(isNumber)
      : isNumber(given);
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
