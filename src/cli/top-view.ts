// What `tsgi top` shows: lines of text out of two looks at a server.
import { styleText } from "node:util";
import { addGuestStats, type GuestStats } from "../guests/lane/guest-stats.ts";
import { durationQuantile } from "../server/metrics/duration-buckets.ts";
import type { WorkerStats } from "../server/metrics/worker-stats.ts";
import type { StatsDocument } from "./stats-client.ts";

/** What the lines must fit. */
export interface View {
  readonly columns: number;
  readonly isColoured: boolean;
}

const HEADINGS = [
  "WORKER",
  "PID",
  "GEN",
  "PHASE",
  "AGE",
  "REQ/S",
  "REQUESTS",
  "BUSY",
  "CONN",
  "P50",
  "P99",
  "LAG",
  "RSS",
];
/** The phase reads from the left, numbers from the right. */
const LEFT_COLUMNS: ReadonlySet<string> = new Set(["PHASE"]);

/**
 * Renders a screen.
 *
 * @param before - the look before, from which rates are worked out; null at the first, which shows the averages since the start
 * @param now - the last look
 */
export function renderTop(before: StatsDocument | null, now: StatsDocument, view: View): string[] {
  const state = now.isStopping ? "stopping" : now.isReloading ? "reloading" : now.isReady ? "ready" : "not ready";
  const seconds = before === null ? now.uptimeSeconds : now.uptimeSeconds - before.uptimeSeconds;
  const total = since(before?.total ?? null, now.total);
  const paint = (format: "bold" | "dim" | "red" | "green", text: string): string =>
    view.isColoured ? styleText(format, text) : text;
  const head = `tsgi ${now.version}  ${now.target}  pid ${now.pid}  up ${duration(now.uptimeSeconds)}  generation ${now.generation}`;
  const errors = total.statusClasses[5] ?? 0;
  const rates =
    `${perSecond(total.requests, seconds)} requests/s  ${perSecond(errors, seconds)} errors/s  ` +
    `p50 ${quantile(total, 0.5)}  p99 ${quantile(total, 0.99)}  ${bytes(total.bytesOut / Math.max(seconds, 0.001))}/s out`;
  const restarts = Object.entries(now.restarts).map(([reason, count]) => `${reason} ${count}`);
  const lines = [
    paint("bold", fit(head, view)),
    paint(now.isReady ? "green" : "red", fit(`${state}  ${now.listeners.join(" ")}`, view)),
    fit(rates, view),
    paint("dim", fit(`ended workers: ${restarts.length === 0 ? "none" : restarts.join(", ")}`, view)),
  ];
  if (now.lastReload?.isDone === false)
    lines.push(paint("red", fit(`last reload failed: ${now.lastReload.reason}`, view)));
  const languages = Object.keys(now.total.guests).toSorted();
  for (const [language, guest] of Object.entries(now.total.guests)) lines.push(fit(guestLine(language, guest), view));
  const all = [...HEADINGS, ...guestHeadings(languages)];
  const [headings = "", ...rows] = table([
    all,
    ...now.workers.map((worker) => {
      const cells = [...row(worker, before, seconds), ...guestCells(worker.stats?.guests ?? {})];
      return all.map((_, index) => cells[index] ?? "-");
    }),
  ]);
  return [...lines, "", paint("bold", fit(headings, view)), ...rows.map((line) => fit(line, view))];
}

function row(worker: StatsDocument["workers"][number], before: StatsDocument | null, seconds: number): string[] {
  const { stats } = worker;
  const known = [
    String(worker.id),
    String(worker.pid),
    String(worker.generation),
    worker.phase,
    duration(worker.ageSeconds),
  ];
  if (stats === null) return known;
  const earlier = before?.workers.find(({ id }) => id === worker.id)?.stats ?? null;
  const change = since(earlier, stats);
  return [
    ...known,
    perSecond(change.requests, before === null ? worker.ageSeconds : seconds),
    String(stats.requests),
    String(stats.inFlight),
    String(stats.connections),
    quantile(change, 0.5),
    quantile(change, 0.99),
    `${stats.eventLoopLagMs.toFixed(1)}ms`,
    bytes(stats.rssBytes),
  ];
}

function guestLine(language: string, guest: GuestStats): string {
  const { processes, running, queued, refused, restarts, replacements } = guest;
  const name = language.charAt(0).toUpperCase() + language.slice(1);
  return (
    `${name}: ${readyOf(guest)} of ${processes.length} processes ready  ${running} busy  ${queued} queued  ` +
    `${refused} refused  ${restarts} restarted  ${replacements} replaced  ${memoryOf(guest)}`
  );
}

/** How many processes are ready, what waits for them, and their memory. */
function guestHeadings(languages: readonly string[]): string[] {
  if (languages.length === 0) return [];
  return languages.join() === "python" ? ["PY", "QUEUE", "PYRSS"] : ["GUESTS", "QUEUE", "GUESTRSS"];
}

/** Of all languages of a worker together. */
function guestCells(guests: WorkerStats["guests"]): string[] {
  const sum = Object.values(guests).reduce<GuestStats | null>(addGuestStats, null);
  return sum === null ? [] : [String(readyOf(sum)), String(sum.queued), memoryOf(sum)];
}

function readyOf({ processes }: GuestStats): number {
  return processes.filter(({ state }) => state === "ready").length;
}

function memoryOf({ processes }: GuestStats): string {
  return bytes(processes.reduce((sum, { residentBytes }) => sum + residentBytes, 0));
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((cells) => (cells[index] ?? "").length)));
  return rows.map((cells) =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return LEFT_COLUMNS.has(HEADINGS[index] ?? "") ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  "),
  );
}

type Change = Pick<WorkerStats, "requests" | "bytesOut" | "statusClasses" | "durationBuckets">;

function since(before: WorkerStats | null, now: WorkerStats): Change {
  if (before === null) return now;
  return {
    requests: Math.max(0, now.requests - before.requests),
    bytesOut: Math.max(0, now.bytesOut - before.bytesOut),
    statusClasses: now.statusClasses.map((count, index) => Math.max(0, count - (before.statusClasses[index] ?? 0))),
    durationBuckets: now.durationBuckets.map((count, index) =>
      Math.max(0, count - (before.durationBuckets[index] ?? 0)),
    ),
  };
}

function quantile({ durationBuckets }: Change, share: number): string {
  const seconds = durationQuantile(durationBuckets, share);
  if (seconds === null) return "-";
  return seconds < 1 ? `${(seconds * 1000).toFixed(1)}ms` : `${seconds.toFixed(2)}s`;
}

function perSecond(count: number, seconds: number): string {
  const rate = count / Math.max(seconds, 0.001);
  return rate >= 100 || rate === 0 ? rate.toFixed(0) : rate.toFixed(1);
}

function bytes(count: number): string {
  const units = ["B", "K", "M", "G", "T"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1)}${units[unit] ?? ""}`;
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${whole % 60}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${Math.floor((whole % 3600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d${Math.floor((whole % 86_400) / 3600)}h`;
}

/** Cuts, and shows what a target or a path may hold as it is. */
function fit(text: string, { columns }: View): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "?").slice(0, columns);
}
