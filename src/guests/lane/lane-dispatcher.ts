// The request queues of a guest, and their dispatch to the lanes. The rules are in policy.ts; this file carries them out.
import { GuestClientGone, GuestUnavailable } from "./errors.ts";
import { ExchangeQueue } from "./exchange-queue.ts";
import type { GuestExchange } from "./guest-exchange.ts";
import type { Lane, LaneListener } from "./lane.ts";
import { PathTimes } from "./path-times.ts";
import {
  batchDepth,
  chooseLane,
  nextEstimate,
  shareOf,
  slowLaneLimit,
  SLOW_PATH_MILLISECONDS,
  uploadLimit,
  type ProcessLoad,
} from "./policy.ts";

/** When to check lanes again that looked busy, in milliseconds. */
const RECHECK_MILLISECONDS = 2;
const FIRST_ESTIMATE_MILLISECONDS = 0.25;

/** The part of a process that dispatch needs. */
export interface DispatchTarget {
  readonly state: string;
  readonly isRetiring: boolean;
  readonly isHeldBack: boolean;
  readonly lanes: readonly Lane[];
}

/** Queues requests, and dispatches them. */
export class LaneDispatcher implements LaneListener {
  readonly #language: string;
  readonly #queueLimit: number;
  readonly #watch: () => void;
  /** Requests for paths known to be slow wait separately, so that they cannot take every lane. */
  readonly #queue = new ExchangeQueue();
  readonly #slowQueue = new ExchangeQueue();
  readonly #times = new PathTimes();
  #hasFastPaths = false;
  #lastFastAt = -Infinity;
  #lastFastWaitedAt = -Infinity;
  /** The processes that take requests. */
  #targets: ProcessLoad<Lane>[] = [];
  /** The lanes that they have together. */
  #laneCount = 0;
  /** Whether they are watched here. */
  #isWatched = false;
  #lastId = 0;
  #estimate = FIRST_ESTIMATE_MILLISECONDS;
  #isFlushing = false;
  #recheck: NodeJS.Timeout | null = null;
  #isClosed = false;
  #answered = 0;
  /** Number of requests dispatched or queued before their bodies had arrived. */
  #uploads = 0;
  #refused = 0;
  /** Whether `dropStale` is being called regularly; otherwise the next request asks for it. */
  isWatched = false;

  /**
   * @param language - of the guest, for messages
   * @param queueLimit - how many requests may wait; further ones are refused
   * @param watch - asks for regular calls of `dropStale`
   */
  constructor(language: string, queueLimit: number, watch: () => void) {
    this.#language = language;
    this.#queueLimit = queueLimit;
    this.#watch = watch;
  }

  /** Number of requests that wait for a lane. */
  get queued(): number {
    return this.#queue.length + this.#slowQueue.length;
  }

  /** Number of requests that the guest has answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Number of requests that were answered with 503. */
  get refused(): number {
    return this.#refused;
  }

  /** Expected time of a request, in milliseconds. */
  get estimate(): number {
    return this.#estimate;
  }

  /** Number of requests per batch. */
  get depth(): number {
    return batchDepth(this.#estimate, this.#laneCount, this.#isWatched);
  }

  /** Queues a request. It is dispatched at the end of this event loop turn, together with others. */
  submit(exchange: GuestExchange): void {
    if (this.#isClosed || this.queued >= this.#queueLimit) {
      this.#refuse(exchange);
      return;
    }
    exchange.isSlow = this.#times.isSlow(exchange.environ.PATH_INFO);
    if (exchange.isSlow) {
      this.#slowQueue.push(exchange);
    } else {
      this.#lastFastAt = exchange.arrivedAt;
      this.#queue.push(exchange);
    }
    this.schedule();
    if (!this.isWatched) this.#watch();
  }

  /** Takes a slot for a request whose body has not arrived yet; false if enough threads are busy with such requests. */
  beginUpload(): boolean {
    if (this.#uploads >= uploadLimit(this.#laneCount)) return false;
    this.#uploads += 1;
    return true;
  }

  /** Returns such a slot. */
  endUpload(): void {
    this.#uploads -= 1;
  }

  /** Sets the processes. Those being replaced get requests only if there are no others. */
  serveWith(processes: readonly DispatchTarget[]): void {
    const usable = processes.filter((process) => process.state === "ready" && !process.isHeldBack);
    const preferred = usable.filter((process) => !process.isRetiring);
    this.#targets = (preferred.length > 0 ? preferred : usable).map((process) => ({
      lanes: process.lanes.filter((lane) => !lane.isLost),
    }));
    this.#laneCount = this.#targets.reduce((sum, target) => sum + target.lanes.length, 0);
    this.#isWatched = this.#targets.every(({ lanes }) => lanes.every(({ isWatchedHere }) => isWatchedHere));
  }

  /** Dispatches as much as possible at the end of this event loop turn. */
  schedule(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  /** Puts requests back to the front of the queue; `schedule` dispatches them next. */
  putBack(exchanges: readonly GuestExchange[]): void {
    this.#queue.putBack(exchanges.filter((exchange) => !exchange.isSlow));
    this.#slowQueue.putBack(exchanges.filter((exchange) => exchange.isSlow));
  }

  /** Removes requests that have waited too long, or whose client has disconnected. */
  dropStale(now: number, queueSeconds: number): void {
    const isDropped = (exchange: GuestExchange): boolean =>
      now - exchange.arrivedAt > queueSeconds * 1000 || exchange.environ["tsgi.signal"]?.aborted === true;
    for (const exchange of [...this.#queue.remove(isDropped), ...this.#slowQueue.remove(isDropped)]) {
      if (exchange.environ["tsgi.signal"]?.aborted === true) exchange.fail(new GuestClientGone(this.#language));
      else this.#refuse(exchange);
    }
    if (this.#slowQueue.length > 0) this.schedule();
  }

  /** Refuses new requests from now on. */
  close(): void {
    this.#isClosed = true;
  }

  /** Refuses the requests that are still waiting. */
  refuseAll(): void {
    for (const exchange of [...this.#queue.take(Infinity), ...this.#slowQueue.take(Infinity)]) this.#refuse(exchange);
    if (this.#recheck !== null) clearTimeout(this.#recheck);
  }

  // Called by the lanes.

  /** A response is complete. */
  answeredIn(path: string, milliseconds: number): void {
    this.#answered += 1;
    this.#hasFastPaths ||= milliseconds < SLOW_PATH_MILLISECONDS;
    this.#times.observe(path, milliseconds);
  }

  /** A lane returns requests that it has not started. */
  requeue(exchanges: readonly GuestExchange[]): void {
    this.putBack(exchanges);
    this.schedule();
  }

  /** A request took this long in the guest. */
  measured(milliseconds: number): void {
    this.#estimate = nextEstimate(this.#estimate, milliseconds);
  }

  /** A lane can take requests again. */
  relieved(): void {
    if (this.queued > 0) this.schedule();
  }

  #flush(): void {
    this.#isFlushing = false;
    const depth = this.depth;
    const now = performance.now();
    while (this.queued > 0) {
      const isSlow = this.#slowQueue.firstArrivedAt < this.#queue.firstArrivedAt && this.#slowMayRun(now);
      if (!isSlow && this.#queue.length === 0) break;
      // A slow request neither joins a batch nor starts one.
      const choice = chooseLane(this.#targets, isSlow ? 1 : depth, now);
      if (choice === null) break;
      const batch = isSlow
        ? this.#slowQueue.take(1)
        : this.#queue.take(shareOf(this.#queue.length, this.#targets.length, choice.room, choice.packed));
      for (const exchange of batch) exchange.id = this.#nextId();
      choice.lane.dispatch(batch, depth > 1 && choice.lane.maxBatch > 1 && !isSlow, now);
    }
    if (this.#queue.length > 0) this.#lastFastWaitedAt = now;
    // A lane that looked busy may turn out to be stuck while another one is idle, and slow requests yield only for a while.
    // Where there is only one, nothing else can be found for what waits.
    if (this.#slowQueue.length > 0 || (this.#queue.length > 0 && depth > 1 && this.#laneCount > 1)) this.#lookAgain();
  }

  #lookAgain(): void {
    this.#recheck ??= setTimeout(() => {
      this.#recheck = null;
      this.#flush();
    }, RECHECK_MILLISECONDS);
  }

  /** Whether a request for a slow path may take one more lane. */
  #slowMayRun(now: number): boolean {
    let taken = 0;
    for (const target of this.#targets) {
      for (const lane of target.lanes) if (lane.current?.isSlow === true) taken += 1;
    }
    const load = {
      sinceFastWaitedMilliseconds: now - this.#lastFastWaitedAt,
      sinceFastMilliseconds: now - this.#lastFastAt,
      hasFastPaths: this.#hasFastPaths,
      slowWaitedMilliseconds: now - this.#slowQueue.firstArrivedAt,
    };
    return taken < slowLaneLimit(this.#laneCount, load);
  }

  #nextId(): number {
    this.#lastId = this.#lastId >= 0xff_ff_ff_ff ? 1 : this.#lastId + 1;
    return this.#lastId;
  }

  #refuse(exchange: GuestExchange): void {
    this.#refused += 1;
    exchange.fail(
      new GuestUnavailable(this.#language, `No ${this.#language} thread is free, and too many requests wait`),
    );
  }
}
