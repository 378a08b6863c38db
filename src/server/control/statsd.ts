// Metrics over UDP for StatsD, once a second, from the arbiter. Source: StatsD's "Metric Types"; DogStatsD for tags; gunicorn for the
// names, as far as it has them.
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { ArbiterControl, ArbiterService } from "./arbiter-control.ts";
import type { ArbiterSnapshot } from "../metrics/arbiter-snapshot.ts";
import { SettingError } from "../errors.ts";
import { totalStats } from "../metrics/server-metrics.ts";
import { durationRange } from "../metrics/duration-buckets.ts";
import { COUNTED_LEVELS, emptyWorkerStats, type WorkerStats } from "../metrics/worker-stats.ts";

/** How metrics are named. */
export type StatsdNames = "tsgi" | "gunicorn";

/** Where to and how. */
export interface StatsdOptions {
  /** `HOST:PORT` or `[IPV6]:PORT`; without a port, 8125. */
  readonly host: string;
  /** Stands before each name, with a dot between. @default "" */
  readonly prefix?: string;
  /** `name:value,name:value`, appended in the form of DogStatsD. @default "" */
  readonly tags?: string;
  /** `gunicorn`: the names that gunicorn's dashboards know. @default "tsgi" */
  readonly names?: StatsdNames;
  /** @default 1 */
  readonly intervalSeconds?: number;
}

const DEFAULT_PORT = 8125;
/** Fits into one Ethernet frame behind the headers of IPv6 and UDP. */
const MAX_PACKET_BYTES = 1432;
const STATUS_NAMES = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/**
 * The metrics of the time between two snapshots, one in a line, without prefix and tags.
 *
 * @param before - the totals that were reported last
 * @param after - the totals now
 * @param names - gunicorn's stand below `gunicorn`, and count each status. Source: gunicorn/instrument/statsd.py
 */
export function statsdLines(
  before: WorkerStats,
  after: WorkerStats,
  snapshot: ArbiterSnapshot,
  names: StatsdNames = "tsgi",
): string[] {
  const lines = [...commonLines(before, after, snapshot), ...statusLines(before, after, names)];
  return names === "gunicorn" ? lines.map((line) => `gunicorn.${line}`) : lines;
}

function statusLines(before: WorkerStats, after: WorkerStats, names: StatsdNames): string[] {
  const now: readonly (readonly [string | number, number])[] =
    names === "gunicorn"
      ? after.statuses.filter(([status]) => status !== 0)
      : STATUS_NAMES.map((name, index) => [name, after.statusClasses[index] ?? 0] as const);
  const earlier = new Map<string | number, number>(
    names === "gunicorn"
      ? before.statuses
      : STATUS_NAMES.map((name, index) => [name, before.statusClasses[index] ?? 0] as const),
  );
  return now.flatMap(([name, count]) => {
    const change = count - (earlier.get(name) ?? 0);
    return change > 0 ? [`request.status.${name}:${change}|c`] : [];
  });
}

function commonLines(before: WorkerStats, after: WorkerStats, snapshot: ArbiterSnapshot): string[] {
  const lines: string[] = [];
  const count = (name: string, value: number): void => {
    if (value > 0) lines.push(`${name}:${value}|c`);
  };
  count("requests", after.requests - before.requests);
  count("request.aborted", after.aborted - before.aborted);
  count("request.timeout", after.timeouts - before.timeouts);
  count("request.refused", after.refused - before.refused);
  for (const [index, level] of COUNTED_LEVELS.entries()) {
    count(`log.${level}`, (after.logged[index] ?? 0) - (before.logged[index] ?? 0));
  }
  count("bytes_in", after.bytesIn - before.bytesIn);
  count("bytes_out", after.bytesOut - before.bytesOut);
  for (const [index, total] of after.durationBuckets.entries()) {
    const requests = total - (before.durationBuckets[index] ?? 0);
    // A sample rate of 1/n says that the value stands for n requests.
    if (requests > 0) lines.push(`request.duration:${bucketMilliseconds(index)}|ms|@${rate(requests)}`);
  }
  lines.push(`workers:${snapshot.workers.filter(({ phase }) => phase === "serving").length}|g`);
  lines.push(`requests.in_flight:${after.inFlight}|g`, `connections:${after.connections}|g`);
  lines.push(`memory.rss:${after.rssBytes}|g`, `event_loop.lag:${after.eventLoopLagMs}|g`);
  for (const [language, { processes, queued, restarts, refused }] of Object.entries(after.guests)) {
    const earlier = before.guests[language];
    count(`${language}.restarts`, restarts - (earlier?.restarts ?? 0));
    count(`${language}.refused`, refused - (earlier?.refused ?? 0));
    lines.push(`${language}.processes:${processes.filter(({ state }) => state === "ready").length}|g`);
    lines.push(`${language}.queued:${queued}|g`);
  }
  return lines;
}

/** Packs lines into as few packets as fit. */
export function packLines(lines: readonly string[], prefix: string, tags: string): string[] {
  const packets: string[] = [];
  let packet = "";
  for (const line of lines) {
    const whole = `${prefix}${line}${tags === "" ? "" : `|#${tags}`}`;
    if (packet !== "" && packet.length + 1 + whole.length > MAX_PACKET_BYTES) {
      packets.push(packet);
      packet = "";
    }
    packet += packet === "" ? whole : `\n${whole}`;
  }
  return packet === "" ? packets : [...packets, packet];
}

/** Reports to StatsD while the server runs. */
export class StatsdReporter implements ArbiterService {
  readonly #options: StatsdOptions;
  readonly #host: string;
  readonly #port: number;
  readonly #prefix: string;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #control: ArbiterControl | null = null;
  #reported = emptyWorkerStats();

  /** @throws SettingError when the address cannot be read */
  constructor(options: StatsdOptions) {
    const match = /^(?:udp:\/\/)?(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(options.host);
    if (match === null)
      throw new SettingError(`Cannot use the StatsD address "${options.host}"; expected HOST:PORT (UDP)`);
    this.#options = options;
    this.#host = match[1] ?? match[2] ?? "";
    this.#port = Number(match[3] ?? DEFAULT_PORT);
    const prefix = (options.prefix ?? "").replace(/\.+$/, "");
    this.#prefix = prefix === "" ? "" : `${prefix}.`;
  }

  start(control: ArbiterControl): Promise<void> {
    this.#control = control;
    this.#socket = createSocket(isIPv6(this.#host) ? "udp6" : "udp4");
    this.#socket.on("error", () => {});
    this.#socket.unref();
    return Promise.resolve();
  }

  begin(isLate: boolean): void {
    if (isLate && this.#control !== null) this.#reported = totalStats(this.#control.snapshot());
    this.#timer = setInterval(
      () => {
        this.#report().catch(() => {});
      },
      (this.#options.intervalSeconds ?? 1) * 1000,
    );
    this.#timer.unref();
  }

  async close(): Promise<void> {
    if (this.#timer !== null) {
      clearInterval(this.#timer);
      await this.#report();
    }
    this.#socket?.close();
    this.#socket = null;
  }

  async #report(): Promise<void> {
    const socket = this.#socket;
    if (socket === null || this.#control === null) return;
    const snapshot = this.#control.snapshot();
    const now = totalStats(snapshot);
    const packets = packLines(
      statsdLines(this.#reported, now, snapshot, this.#options.names),
      this.#prefix,
      this.#options.tags ?? "",
    );
    this.#reported = now;
    // What does not arrive is lost; that is StatsD.
    await Promise.all(
      packets.map(
        (packet) => new Promise<void>((resolve) => socket.send(packet, this.#port, this.#host, () => resolve())),
      ),
    );
  }
}

/** The middle of a bucket, to the microsecond. */
function bucketMilliseconds(index: number): number {
  const [from, to] = durationRange(index);
  return Math.round((from + to) * 500_000) / 1000;
}

function rate(requests: number): string {
  return requests === 1 ? "1" : (1 / requests).toPrecision(6);
}
