// The processes of one Python guest: dispatches requests to lanes, and keeps the processes alive.
// The rules are in policy.ts; here are their effects.
import type { Socket } from "node:net";
import { PythonClientGone, PythonProcessDied, PythonStartError, PythonUnavailable } from "./errors.ts";
import { ExchangeQueue } from "./exchange-queue.ts";
import type { Exchange } from "./exchange.ts";
import { GuestProcess, type ProcessOwner } from "./guest-process.ts";
import { findInterpreter, type PythonInterpreter } from "./interpreter.ts";
import { keptAnswers } from "./kept-answers.ts";
import type { Lane } from "./lane.ts";
import { launch } from "./launch.ts";
import type { PythonSettings } from "./options.ts";
import { PathTimes } from "./path-times.ts";
import {
  slowLaneLimit,
  batchDepth,
  chooseLane,
  isOverdue,
  nextEstimate,
  restartDelay,
  shareOf,
  type ProcessLoad,
} from "./policy.ts";
import { Rendezvous, type Hello } from "./rendezvous.ts";
import { fatalReport } from "./stack-report.ts";

const TICK_MILLISECONDS = 100;
/** Ticks between two looks at the memory of the processes. */
const MEMORY_TICKS = 10;
/** A process that was ready for this long has not failed to start, in milliseconds. */
const SETTLED_MILLISECONDS = 1000;
/** What a process that was told to stop has before it is killed, in milliseconds. */
const STOP_MILLISECONDS = 2000;
/** How long the last output of a forked process may be on its way, in milliseconds. */
const OUTPUT_MILLISECONDS = 50;
/** When to look again at lanes that looked busy, in milliseconds. */
const RECHECK_MILLISECONDS = 2;
const FIRST_ESTIMATE_MILLISECONDS = 0.25;

/** What a pool can say about itself. */
export interface PythonStats {
  /** Requests that wait for a lane. */
  readonly queued: number;
  /** Requests that are on a lane. */
  readonly running: number;
  readonly answered: number;
  /** Requests answered with 503 because the queue was full or too slow. */
  readonly refused: number;
  /** Processes started again after they ended unasked. */
  readonly restarts: number;
  /** What a request is expected to take, in milliseconds, and how many share a batch accordingly. */
  readonly estimateMilliseconds: number;
  readonly batchDepth: number;
  readonly processes: readonly {
    readonly pid: number;
    readonly state: string;
    readonly running: number;
    readonly residentBytes: number;
  }[];
}

/** The processes, the queue, and the dispatcher. */
export class GuestPool implements ProcessOwner {
  readonly settings: PythonSettings;
  readonly interpreter: PythonInterpreter;
  readonly #hasInner: boolean;
  readonly #rendezvous: Rendezvous;
  readonly #slots: number;
  /** Requests for paths that are known to be slow wait apart, so that they cannot take every lane. */
  readonly #queue = new ExchangeQueue();
  readonly #slowQueue = new ExchangeQueue();
  readonly #times = new PathTimes();
  #lastFastAt = -Infinity;
  #lastFastWaitedAt = -Infinity;
  #processes: GuestProcess[] = [];
  #template: GuestProcess | null = null;
  /** The processes that take requests; remade when one comes or goes. */
  #targets: ProcessLoad<Lane>[] = [];
  #lastId = 0;
  #estimate = FIRST_ESTIMATE_MILLISECONDS;
  #isFlushing = false;
  #recheck: NodeJS.Timeout | null = null;
  #ticker: NodeJS.Timeout | null = null;
  #ticks = 0;
  #failures = 0;
  #isClosing = false;
  #answered = 0;
  #refused = 0;
  #restarts = 0;

  /**
   * @param settings - with defaults
   * @param hasInner - whether the application is on this side, behind Python filters
   */
  constructor(settings: PythonSettings, hasInner: boolean) {
    this.settings = settings;
    this.#hasInner = hasInner;
    this.interpreter = findInterpreter({
      python: settings.python,
      directory: settings.directory,
      environment: { ...process.env, ...settings.environment },
    });
    // Each process may have its replacement beside it.
    this.#slots = settings.processes * 2 + 2;
    this.#rendezvous = new Rendezvous(this.#slots * settings.threads, this.#isShared, (hello, socket) =>
      this.#greet(hello, socket),
    );
  }

  get #isShared(): boolean {
    return this.settings.user !== undefined || this.settings.group !== undefined;
  }

  /** Starts the processes; resolves when all are ready. */
  async start(): Promise<void> {
    await this.#rendezvous.listen(this.#isShared);
    try {
      const started: Promise<void>[] = [];
      for (let count = 0; count < this.settings.processes; count += 1) started.push((await this.#spawn()).whenReady);
      await Promise.all(started);
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  /** Where a script would have served; null for other targets. */
  get address(): readonly [host: string, port: number] | null {
    return (this.#template ?? this.#processes[0])?.message?.address ?? null;
  }

  /** The source files that the first process has loaded by now. */
  async modules(): Promise<readonly string[]> {
    const first = this.#processes.find((process) => process.state === "ready");
    return first === undefined ? [] : first.modules();
  }

  /** Queues a request; dispatched at the end of this turn of the event loop, together with its neighbours. */
  submit(exchange: Exchange): void {
    if (this.#isClosing || this.#queued >= this.settings.queueLimit) {
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
    this.#schedule();
    if (this.#ticker === null) this.#startTicking();
  }

  /** Replaces each process in turn, the new one before the old one; rejects when the new code does not load. */
  async reload(): Promise<void> {
    const old = this.#processes.filter((process) => process.state === "ready");
    const oldTemplate = this.#template;
    this.#template = null;
    try {
      for (const process of old) {
        const replacement = await this.#spawn();
        await replacement.whenReady;
        process.isRetiring = true;
        this.#drain(process);
      }
    } catch (error) {
      this.#template = oldTemplate;
      throw error;
    }
    oldTemplate?.stop();
  }

  /** What the pool is doing. */
  stats(): PythonStats {
    return {
      queued: this.#queued,
      running: this.#processes.reduce((sum, process) => sum + process.outstanding, 0),
      answered: this.#answered,
      refused: this.#refused,
      restarts: this.#restarts,
      estimateMilliseconds: this.#estimate,
      batchDepth: this.#depth,
      processes: this.#processes.map((process) => ({
        pid: process.pid,
        state: process.state,
        running: process.outstanding,
        residentBytes: process.residentBytes,
      })),
    };
  }

  /**
   * Answers what is there, then ends the processes.
   *
   * @param graceSeconds - how long requests may take before they are given up
   */
  async close(graceSeconds: number): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const until = performance.now() + graceSeconds * 1000;
    while (
      performance.now() < until &&
      (this.#queue.length > 0 || this.#processes.some((process) => process.outstanding > 0))
    ) {
      await sleep(10);
    }
    for (const exchange of [...this.#queue.take(Infinity), ...this.#slowQueue.take(Infinity)]) this.#refuse(exchange);
    const all = [...this.#processes, ...(this.#template === null ? [] : [this.#template])];
    for (const process of all) process.stop();
    const killAt = performance.now() + STOP_MILLISECONDS;
    while (all.some((process) => process.state !== "dead")) {
      if (performance.now() > killAt) for (const process of all) process.kill();
      await sleep(5);
    }
    if (this.#ticker !== null) clearInterval(this.#ticker);
    if (this.#recheck !== null) clearTimeout(this.#recheck);
    this.#rendezvous.close();
  }

  // What processes tell.

  ready(process: GuestProcess): void {
    const { pid, python } = process;
    this.settings.log({ level: "info", message: `Ready: Python ${python} from ${this.interpreter.path}`, pid });
    if (!process.isTemplate) this.#remakeTargets();
    this.#schedule();
  }

  answeredIn(path: string, milliseconds: number): void {
    this.#answered += 1;
    this.#times.observe(path, milliseconds);
  }

  requeue(exchanges: Exchange[]): void {
    this.#putBack(exchanges);
    this.#schedule();
  }

  measured(milliseconds: number): void {
    this.#estimate = nextEstimate(this.#estimate, milliseconds);
  }

  relieved(): void {
    if (this.#queued > 0) this.#schedule();
  }

  /** Replaces a process: the new one first, then the old one answers its last requests and ends. */
  retire(process: GuestProcess, reason: string): void {
    if (process.isRetiring || process.state === "dead" || this.#isClosing) return;
    process.isRetiring = true;
    this.#remakeTargets();
    this.settings.log({ level: "warning", message: `Replacing the process: ${reason}`, pid: process.pid });
    void this.#replace(process);
  }

  died(process: GuestProcess, reason: string): void {
    if (process.state === "dead") return;
    if (reason === "hung up" || reason === "closed a lane") {
      // The process itself tells more when it has ended; a lane that has gone alone ends it.
      process.signal("SIGKILL");
      if (process.pid !== 0 && !process.isTemplate) setTimeout(() => this.#bury(process, reason), 500);
      return;
    }
    this.#bury(process, reason);
  }

  childExited(pid: number, reason: string): void {
    const process = this.#processes.find((candidate) => candidate.pid === pid);
    // What it has written last comes on another pipe.
    if (process !== undefined) setTimeout(() => this.#bury(process, reason), OUTPUT_MILLISECONDS);
  }

  abort(slot: number, id: number): void {
    this.#rendezvous.abort(slot, id);
  }

  // Dispatch.

  get #depth(): number {
    return batchDepth(this.#estimate);
  }

  #schedule(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    const depth = this.#depth;
    const now = performance.now();
    while (this.#queued > 0) {
      const isSlow = this.#slowQueue.firstArrivedAt < this.#queue.firstArrivedAt && this.#slowMayRun(now);
      if (!isSlow && this.#queue.length === 0) break;
      // A slow request neither joins a batch nor begins one.
      const choice = chooseLane(this.#targets, isSlow ? 1 : depth, now);
      if (choice === null) break;
      const batch = isSlow
        ? this.#slowQueue.take(1)
        : this.#queue.take(shareOf(this.#queue.length, this.#targets.length, choice.room));
      for (const exchange of batch) exchange.id = this.#nextId();
      choice.lane.dispatch(batch, depth > 1 && !isSlow, now);
    }
    if (this.#queue.length > 0) this.#lastFastWaitedAt = now;
    // A lane that looked busy may turn out to be stuck while another one is idle, and slow requests stand back only for a while.
    if (this.#slowQueue.length > 0 || (this.#queue.length > 0 && depth > 1)) this.#lookAgain();
  }

  #lookAgain(): void {
    this.#recheck ??= setTimeout(() => {
      this.#recheck = null;
      this.#flush();
    }, RECHECK_MILLISECONDS);
  }

  get #queued(): number {
    return this.#queue.length + this.#slowQueue.length;
  }

  /** Whether a request for a slow path may take one more lane. */
  #slowMayRun(now: number): boolean {
    let lanes = 0;
    let taken = 0;
    for (const target of this.#targets) {
      lanes += target.lanes.length;
      for (const lane of target.lanes) if (lane.current?.isSlow === true) taken += 1;
    }
    const load = {
      sinceFastWaitedMilliseconds: now - this.#lastFastWaitedAt,
      sinceFastMilliseconds: now - this.#lastFastAt,
      slowWaitedMilliseconds: now - this.#slowQueue.firstArrivedAt,
    };
    return taken < slowLaneLimit(lanes, load);
  }

  #putBack(exchanges: readonly Exchange[]): void {
    this.#queue.putBack(exchanges.filter((exchange) => !exchange.isSlow));
    this.#slowQueue.putBack(exchanges.filter((exchange) => exchange.isSlow));
  }

  #nextId(): number {
    this.#lastId = this.#lastId >= 0xff_ff_ff_ff ? 1 : this.#lastId + 1;
    return this.#lastId;
  }

  #refuse(exchange: Exchange): void {
    this.#refused += 1;
    exchange.fail(new PythonUnavailable("No Python thread is free, and too many requests wait"));
  }

  #remakeTargets(): void {
    const usable = this.#processes.filter((process) => process.state === "ready");
    const preferred = usable.filter((process) => !process.isRetiring);
    this.#targets = (preferred.length > 0 ? preferred : usable).map((process) => ({
      lanes: process.lanes.filter((lane) => !lane.isLost),
    }));
  }

  // Life and death.

  #greet(hello: Hello, socket: Socket): void {
    const all = this.#template === null ? this.#processes : [this.#template, ...this.#processes];
    const process = all.find((candidate) => candidate.index === hello.process && candidate.state !== "dead");
    if (process === undefined) socket.destroy();
    else process.attach(hello, socket);
  }

  /** Starts one more process, by itself or from the template. */
  async #spawn(): Promise<GuestProcess> {
    if (!this.settings.preload) {
      const process = new GuestProcess(this.#freeIndex(), false, this);
      this.#processes.push(process);
      this.#launch(process);
      return process;
    }
    if (this.#template === null || this.#template.state === "dead") {
      this.#template = new GuestProcess(this.#slots - 1, true, this);
      this.#launch(this.#template);
    }
    const template = this.#template;
    await template.whenReady;
    const process = new GuestProcess(this.#freeIndex(), false, this);
    process.template = template;
    this.#processes.push(process);
    this.#expectStart(process);
    template.fork(process.index);
    return process;
  }

  #launch(process: GuestProcess): void {
    const role = { process: process.index, isTemplate: process.isTemplate, hasInner: this.#hasInner };
    const child = launch(this.settings, this.interpreter, this.#rendezvous, role, {
      output: (stream, text) => process.output(stream, text),
      ended: (reason) => this.#bury(process, reason),
    });
    process.pid = child.pid ?? 0;
    this.#expectStart(process);
  }

  #expectStart(process: GuestProcess): void {
    const { startupSeconds } = this.settings;
    const timer = setTimeout(() => {
      process.failStart(new PythonStartError(`The application did not load within ${startupSeconds} s`));
      process.kill();
    }, startupSeconds * 1000);
    const stop = (): void => clearTimeout(timer);
    process.whenReady.then(stop, stop);
  }

  #freeIndex(): number {
    const taken = new Set(this.#processes.map((process) => process.index));
    for (let index = 0; index < this.#slots - 1; index += 1) if (!taken.has(index)) return index;
    throw new PythonUnavailable("Too many processes are being replaced at a time");
  }

  async #replace(process: GuestProcess): Promise<void> {
    try {
      process.replacement = await this.#spawn();
      await process.replacement.whenReady;
    } catch (error) {
      this.settings.log({
        level: "error",
        message: `Could not replace the process: ${(error as Error).stack}`,
        pid: process.pid,
      });
    }
    this.#drain(process);
  }

  /** Lets a process answer what it has, and end. */
  #drain(process: GuestProcess): void {
    if (process.state === "dead") return;
    process.state = "draining";
    process.drainBy = performance.now() + this.settings.graceSeconds * 1000;
    this.#remakeTargets();
    this.#schedule();
    this.#startTicking();
    this.#finishDraining(process, performance.now());
  }

  #finishDraining(process: GuestProcess, now: number): void {
    const isStuck = process.lanes.some((lane) => lane.isLost);
    const isBusy = process.lanes.some((lane) => !lane.isLost && lane.outstanding > 0);
    if (isBusy && now < process.drainBy) return;
    if (isStuck || now >= process.drainBy) {
      process.kill();
    } else if (process.drainBy !== Infinity) {
      process.drainBy = now + STOP_MILLISECONDS;
      process.stop();
    }
  }

  /** A process has ended: what it had started is lost, what it had not goes back into the queue. */
  #bury(process: GuestProcess, reason: string): void {
    if (process.state === "dead") return;
    const wasReady = process.readyAt > 0;
    const wasExpected = process.state === "draining" || this.#isClosing;
    process.state = "dead";
    this.#processes = this.#processes.filter((candidate) => candidate !== process);
    if (this.#template === process) this.#template = null;
    this.#remakeTargets();
    process.failStart(
      new PythonStartError(`The process ended before the application was loaded (${reason})`, process.stderrTail),
    );
    const report = fatalReport(process.stderrTail);
    for (const lane of process.lanes) this.#salvage(lane, process, reason, report);
    this.#schedule();
    if (wasExpected || process.isTemplate) return;
    this.settings.log({ level: "error", message: `The process ended (${reason})`, pid: process.pid });
    this.#failures = wasReady && performance.now() - process.readyAt > SETTLED_MILLISECONDS ? 0 : this.#failures + 1;
    if (process.isRetiring && process.replacement !== null) return;
    if (wasReady || this.#restarts > 0) this.#restart();
  }

  #salvage(lane: Lane, process: GuestProcess, reason: string, report: string): void {
    const rest = lane.takeAll();
    const started = this.#rendezvous.started(lane.slot);
    const kept = keptAnswers(this.#rendezvous.kept(lane.slot));
    lane.destroy();
    const position = rest.findIndex((exchange) => exchange.id === started);
    const lost = rest.slice(0, position + 1);
    for (const exchange of lost) {
      const answer = exchange.responseBody === null ? kept.get(exchange.id) : undefined;
      if (answer !== undefined) {
        exchange.whole(answer.head, answer.body);
        continue;
      }
      if (exchange.abandonedAt !== 0) exchange.fail(new PythonClientGone());
      exchange.fail(
        new PythonProcessDied(
          `The Python process ${process.pid} ended (${reason}) while it worked on ${exchange.description}`,
          report,
        ),
      );
    }
    this.#putBack(rest.slice(position + 1));
  }

  #restart(): void {
    this.#restarts += 1;
    setTimeout(() => {
      if (this.#isClosing || this.#processes.length >= this.settings.processes * 2) return;
      this.#spawn().then(
        (process) => process.whenReady.catch((error: unknown) => this.#logFailure(error)),
        (error: unknown) => {
          this.#logFailure(error);
          this.#failures += 1;
          this.#restart();
        },
      );
    }, restartDelay(this.#failures));
  }

  #logFailure(error: unknown): void {
    this.settings.log({ level: "error", message: (error as Error).stack ?? String(error) });
  }

  // The clock: one interval for all deadlines, and only while there is work.

  #startTicking(): void {
    if (this.#ticker !== null) return;
    this.#ticker = setInterval(() => this.#tick(), TICK_MILLISECONDS);
    this.#ticker.unref();
  }

  #tick(): void {
    const now = performance.now();
    this.#ticks += 1;
    const { queueSeconds, memoryLimitBytes } = this.settings;
    const isDropped = (exchange: Exchange): boolean =>
      now - exchange.arrivedAt > queueSeconds * 1000 || exchange.environ["tsgi.signal"]?.aborted === true;
    for (const exchange of [...this.#queue.remove(isDropped), ...this.#slowQueue.remove(isDropped)]) {
      if (exchange.environ["tsgi.signal"]?.aborted === true) exchange.fail(new PythonClientGone());
      else this.#refuse(exchange);
    }
    if (this.#slowQueue.length > 0) this.#schedule();
    for (const process of this.#processes) {
      this.#checkDeadlines(process, now);
      if (process.state === "draining") this.#finishDraining(process, now);
    }
    if (memoryLimitBytes !== undefined && this.#ticks % MEMORY_TICKS === 0) this.#checkMemory(memoryLimitBytes * 0.9);
    const isIdle =
      this.#queued === 0 && this.#processes.every((process) => process.outstanding === 0 && process.state === "ready");
    if (isIdle && memoryLimitBytes === undefined && this.#ticker !== null) {
      clearInterval(this.#ticker);
      this.#ticker = null;
    }
  }

  #checkDeadlines(process: GuestProcess, now: number): void {
    const deadline = this.settings.deadlineSeconds * 1000;
    for (const lane of process.lanes) {
      const exchange = lane.current;
      if (exchange === null || lane.isLost) continue;
      if (exchange.abandonedAt === 0 && !exchange.isSettled && exchange.environ["tsgi.signal"]?.aborted === true) {
        exchange.abandonedAt = now;
        this.abort(lane.slot, exchange.id);
      }
      const since = Math.max(exchange.dispatchedAt, lane.activeAt, exchange.abandonedAt);
      const isAnswering = exchange.isSettled && exchange.abandonedAt === 0;
      if (isOverdue(now - since, deadline, isAnswering))
        void process.giveUp(lane, exchange).then(() => this.#remakeTargets());
    }
  }

  #checkMemory(limitBytes: number): void {
    for (const process of this.#processes) {
      if (process.state !== "ready" || process.isRetiring) continue;
      const resident = process.residentBytes;
      if (resident > limitBytes) this.retire(process, `it uses ${Math.round(resident / 1_048_576)} MiB of memory`);
    }
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
