// The clock of a guest's pool: one interval for all deadlines and limits, which runs only while there is something to watch.
// The rules are in policy.ts; the pool acts on them.
import type { GuestExchange } from "./guest-exchange.ts";
import type { GuestSettings } from "./guest-options.ts";
import type { GuestProcess } from "./guest-process.ts";
import type { LaneDispatcher } from "./lane-dispatcher.ts";
import type { Lane } from "./lane.ts";
import { isOverdue } from "./policy.ts";

const TICK_MILLISECONDS = 100;
/** Ticks between two checks of the processes' memory. */
const MEMORY_TICKS = 10;
/** Share of its memory limit above which a process is replaced. */
const MEMORY_SHARE = 0.9;

/** Called when something is due. */
export interface ClockListener {
  /** A request has taken too long; null for work after the response. */
  overdue(process: GuestProcess, lane: Lane, exchange: GuestExchange | null): void;
  /** Checks a process that is draining or exiting. */
  leaving(process: GuestProcess, now: number): void;
  /** A process should be replaced. */
  retire(process: GuestProcess, reason: string): void;
}

/** The processes to watch. */
export interface WatchedProcesses {
  readonly processes: readonly GuestProcess[];
  /** With templates. */
  readonly all: readonly GuestProcess[];
}

/** Checks queue, requests and processes ten times a second. */
export class PoolClock {
  readonly #settings: GuestSettings;
  readonly #dispatcher: LaneDispatcher;
  readonly #watched: WatchedProcesses;
  readonly #listener: ClockListener;
  #ticker: NodeJS.Timeout | null = null;
  #ticks = 0;

  /**
   * @param settings - deadline and limits
   * @param dispatcher - whose queue is watched
   * @param watched - the processes
   * @param listener - the pool
   */
  constructor(settings: GuestSettings, dispatcher: LaneDispatcher, watched: WatchedProcesses, listener: ClockListener) {
    this.#settings = settings;
    this.#dispatcher = dispatcher;
    this.#watched = watched;
    this.#listener = listener;
  }

  /** Runs until there is nothing left to watch. */
  start(): void {
    if (this.#ticker !== null) return;
    // Timers run before sockets are read. A response that arrived while Node was blocked must count, so it is read first.
    this.#ticker = setInterval(() => setImmediate(() => this.#tick()), TICK_MILLISECONDS);
    this.#ticker.unref();
    this.#dispatcher.isWatched = true;
  }

  /** Stops at once. */
  stop(): void {
    if (this.#ticker === null) return;
    clearInterval(this.#ticker);
    this.#ticker = null;
    this.#dispatcher.isWatched = false;
  }

  #tick(): void {
    const now = performance.now();
    this.#ticks += 1;
    const { queueSeconds, memoryLimitBytes } = this.#settings;
    this.#dispatcher.dropStale(now, queueSeconds);
    for (const process of this.#watched.all) {
      this.#checkDeadlines(process, now);
      if (process.state === "draining" || process.state === "ending") this.#listener.leaving(process, now);
    }
    if (memoryLimitBytes !== undefined && this.#ticks % MEMORY_TICKS === 0)
      this.#checkMemory(memoryLimitBytes * MEMORY_SHARE);
    if (memoryLimitBytes === undefined && this.#isIdle) this.stop();
  }

  get #isIdle(): boolean {
    const isAtRest = ({ outstanding, state }: GuestProcess): boolean => outstanding === 0 && state === "ready";
    return this.#dispatcher.queued === 0 && this.#watched.all.every(isAtRest);
  }

  #checkDeadlines(process: GuestProcess, now: number): void {
    const deadline = this.#settings.deadlineSeconds * 1000;
    for (const lane of process.lanes) {
      const exchange = lane.current;
      if (lane.isLost) continue;
      if (lane.isFeeding) continue;
      if (exchange === null) {
        if (isOverdue(lane.heldMilliseconds(now), deadline, false)) this.#listener.overdue(process, lane, null);
        continue;
      }
      if (!exchange.isSettled && exchange.environ["tsgi.signal"]?.aborted === true) lane.abandon(exchange);
      const isWanted = exchange.abandonedAt === 0;
      // What it says is not heard here, and a conversation may be silent for long.
      if (exchange.elsewhere !== null && exchange.isSettled && isWanted) continue;
      // Data that nobody wants does not count as progress.
      const since = Math.max(exchange.dispatchedAt, isWanted ? lane.activeAt : exchange.abandonedAt);
      const isAnswering = exchange.isSettled && isWanted;
      if (isOverdue(now - since, deadline, isAnswering)) this.#listener.overdue(process, lane, exchange);
    }
  }

  #checkMemory(limitBytes: number): void {
    for (const process of this.#watched.processes) {
      if (process.state !== "ready" || process.isRetiring) continue;
      const resident = process.residentBytes;
      if (resident > limitBytes)
        this.#listener.retire(process, `it uses ${Math.round(resident / 1_048_576)} MiB of memory`);
    }
  }
}
