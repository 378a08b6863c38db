// The arbiter: the process that owns the listening sockets and the workers, and never runs code of the application.
// Source: gunicorn's arbiter for what users expect; puma's cluster for who knows what. What is done is in the files of arbiter/, this one
// joins them: it hears signals, workers and the clock.
//
// A worker's phases:  booting ──► ready ──► serving ──► draining ──► dead
// The server's:       starting ──► running ──► stopping ──► ended
import type { ArbiterContext } from "./arbiter-context.ts";
import { ArbiterSockets } from "./arbiter-sockets.ts";
import { ArbiterState, now } from "./arbiter-state.ts";
import { lostWorker, notStarted } from "./boot-failure.ts";
import { Draining } from "./draining.ts";
import { ReloadPreparation } from "./reload-preparation.ts";
import { Reloader } from "./reloader.ts";
import { RequestLists } from "./request-lists.ts";
import { Shutdown } from "./shutdown.ts";
import { Succession } from "./succession.ts";
import { WorkerLedger } from "./worker-ledger.ts";
import { WorkerPool } from "./worker-pool.ts";
import type { ArbiterControl, RequestsSnapshot, ReloadRequest } from "../control/arbiter-control.ts";
import type { ArbiterSnapshot, ReloadOutcome } from "../metrics/arbiter-snapshot.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import { callHook } from "../settings/call-hook.ts";
import { BootError, messageOf } from "../errors.ts";
import { openAccessFile } from "../logging/open-logs.ts";
import { COUNTED_LEVELS } from "../metrics/worker-stats.ts";
import type { ReadyMessage, WorkerMessage } from "../channel/messages.ts";
import { listenToSignals, type SignalActions } from "./signals.ts";
import { SystemdNotifier } from "./systemd.ts";
import { takeInheritance } from "./upgrade.ts";
import type { WorkerExit, WorkerHandle, WorkerObserver } from "./worker-handle.ts";

const TICK_MILLISECONDS = 200;
/** A tick that is later than this shows that the arbiter itself was stopped: silence of the workers proves nothing then. */
const OWN_SILENCE_SECONDS = 2;

/** The arbiter of this process. */
export class Arbiter implements ArbiterControl, WorkerObserver, SignalActions {
  readonly #state: ArbiterState;
  readonly #context: ArbiterContext;
  readonly #ledger: WorkerLedger;
  readonly #requestLists = new RequestLists();
  readonly #draining: Draining;
  readonly #pool: WorkerPool;
  readonly #sockets: ArbiterSockets;
  readonly #succession: Succession;
  readonly #reloader: Reloader;
  readonly #shutdown: Shutdown;
  readonly #notifier = new SystemdNotifier();
  readonly #startedAt = new Date();
  #ticker: NodeJS.Timeout | null = null;
  #lastTick = 0;
  #finish: (exitCode: number) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #allServe: () => void = () => {};

  constructor(options: ArbiterOptions, context: ArbiterContext) {
    const { sockets: inherited, from } = takeInheritance();
    const state = new ArbiterState(options, context.hooks ?? {}, context.log);
    const notifier = this.#notifier;
    const draining = new Draining(state);
    const pool = new WorkerPool(state, draining, this, context.directory);
    const sockets = new ArbiterSockets(inherited);
    const succession = new Succession(state, context, notifier, from);
    const preparation = new ReloadPreparation(state, context, sockets, succession);
    const reloader = new Reloader({ state, context, pool, draining, sockets, preparation, notifier });
    const whenEnded = (): void => this.#finish(0);
    this.#state = state;
    this.#context = context;
    this.#ledger = new WorkerLedger(state);
    this.#draining = draining;
    this.#pool = pool;
    this.#sockets = sockets;
    this.#succession = succession;
    this.#reloader = reloader;
    this.#shutdown = new Shutdown({ state, pool, draining, sockets, reloader, succession, notifier, whenEnded });
  }

  /**
   * Serves until a signal or `stop` ends it.
   *
   * @returns the exit code of the process
   * @throws ServerError when the server does not come up
   */
  async run(): Promise<number> {
    const ended = new Promise<number>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    const allServe = new Promise<void>((resolve) => (this.#allServe = resolve));
    this.#state.setTitle();
    const stopListening = listenToSignals(this);
    try {
      await this.#open();
      this.#pool.setWanted(this.#state.options.workers);
      this.#lastTick = now();
      this.#ticker = setInterval(() => this.#tick(), TICK_MILLISECONDS);
      await Promise.race([allServe, ended]);
      if (this.#state.stage === "running") await this.#announce();
      return await ended;
    } finally {
      stopListening();
      await this.#close();
    }
  }

  // What others may ask for.

  snapshot(): ArbiterSnapshot {
    const { stage, workers: all, options, generation, wanted } = this.#state;
    const time = now();
    const workers = [...all].map((worker) => worker.snapshot(time));
    return {
      pid: process.pid,
      version: this.#context.version,
      target: options.target,
      generation,
      startedAt: this.#startedAt,
      uptimeSeconds: process.uptime(),
      isReady: stage === "running" && workers.some(({ phase }) => phase === "serving"),
      isStopping: stage === "stopping",
      isReloading: this.#reloader.isReloading,
      wantedWorkers: this.#pool.sizes(options, wanted).length,
      listeners: this.#state.describeListeners(),
      workers,
      logged: COUNTED_LEVELS.map((level) => this.#state.log.counts[level]),
      endedStats: this.#ledger.endedStats,
      restarts: this.#ledger.restarts,
      lastReload: this.#reloader.lastOutcome,
    };
  }

  refresh(maxSeconds = 1): Promise<void> {
    return this.#ledger.refresh(maxSeconds);
  }

  requests(maxSeconds = 1): Promise<RequestsSnapshot> {
    return this.#requestLists.ask(this.#state.workers, maxSeconds);
  }

  addWorkers(count: number): number {
    this.#pool.setWanted(this.#state.wanted + count);
    return this.#state.wanted;
  }

  removeWorkers(count: number): number {
    this.#pool.setWanted(Math.max(1, this.#state.wanted - count));
    return this.#state.wanted;
  }

  killWorker(pid: number): boolean {
    const worker = [...this.#state.workers].find((candidate) => candidate.pid === pid);
    if (worker === undefined) return false;
    worker.endReason = "killed";
    worker.kill("SIGKILL");
    return true;
  }

  changeWorkers(difference: 1 | -1): void {
    this.#state.log.info(`Handling signal: ${difference === 1 ? "ttin" : "ttou"}`);
    if (difference === 1) this.addWorkers(1);
    else this.removeWorkers(1);
  }

  dismissWorkers(): void {
    // A terminal sends this signal when its window changes size.
    if (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY) return;
    this.#state.log.info("Handling signal: winch");
    this.#pool.setWanted(0);
  }

  reopenLogs(): void {
    const { log, options } = this.#state;
    try {
      log.reopen();
      // Workers that have given up root find a file that is theirs.
      if (options.user !== null) openAccessFile(options)?.close();
    } catch (error) {
      log.error(messageOf(error));
    }
    for (const worker of this.#state.workers) worker.send({ type: "reopen-logs" });
  }

  reload(request: ReloadRequest = {}): Promise<ReloadOutcome> {
    return this.#reloader.request(request);
  }

  upgrade(): void {
    this.#state.log.info("Handling signal: usr2");
    void this.#succession.start(this.#pool);
  }

  stop(kind: "graceful" | "quick", name: string = kind): void {
    this.#shutdown.request(kind, name);
  }

  // What workers say and do.

  said(worker: WorkerHandle, message: WorkerMessage): void {
    worker.lastSeen = now();
    switch (message.type) {
      case "drained":
      case "timed-out":
        return;
      case "ready":
        this.#workerReady(worker, message);
        return;
      case "serving":
        this.#workerServes(worker);
        return;
      case "boot-failed":
        worker.bootFailure = message;
        return;
      case "heartbeat":
        this.#ledger.heard(worker, message.stats);
        return;
      case "requests":
        this.#requestLists.heard(worker, message);
        return;
      case "retire":
        if (message.reason === "exception") this.#pool.retireAfterException(worker);
        else this.#pool.retire(worker, message.reason);
        return;
      case "ending":
        worker.killAt = worker.endBy;
        return;
      case "listeners-closed":
        worker.hasClosedListeners = true;
        this.#draining.continueSealing();
        this.#draining.sealReplaced();
        this.#reloader.continue();
        return;
      case "released":
        worker.dispatched = Math.max(0, worker.dispatched - message.count);
        return;
      default:
        message satisfies never;
    }
  }

  exited(worker: WorkerHandle, exit: WorkerExit): void {
    if (worker.phase === "dead") return;
    if (exit.error !== undefined) worker.bootFailure = notStarted(exit.error);
    const { phase } = worker;
    const { stage, workers, hooks, log, asHookArbiter } = this.#state;
    worker.phase = "dead";
    workers.delete(worker);
    const failure = worker.bootFailure === null ? "crash" : "boot-failed";
    const isOver = stage === "stopping" || stage === "ended";
    this.#ledger.ended(worker, worker.endReason ?? (isOver ? "stop" : exit.signal === null ? failure : "killed"));
    void callHook(hooks.childExit, "childExit", log, asHookArbiter, this.#state.asHookWorker(worker));
    const wasExpected = phase === "draining" || worker.killAt !== null || isOver;
    if (worker.isCandidate) {
      this.#reloader.candidateLost(worker.bootFailure ?? lostWorker(worker, exit));
    } else if (stage === "starting") {
      this.#fail(new BootError(worker.bootFailure ?? lostWorker(worker, exit)));
      this.#state.stage = "ended";
    } else if (!wasExpected) this.#pool.crashed(worker, exit);
    this.#draining.sealReplaced();
    this.#reloader.continue();
    if (this.#state.stage === "stopping") this.#shutdown.continue();
    else this.#pool.balance();
  }

  #workerReady(worker: WorkerHandle, { bootSeconds, files }: ReadyMessage): void {
    worker.phase = "ready";
    worker.bootSeconds = bootSeconds;
    if (files.length > 0) this.#context.whenLoaded?.(files);
    if (worker.isCandidate) this.#reloader.candidateReady();
  }

  #workerServes(worker: WorkerHandle): void {
    if (worker.phase !== "ready") return;
    const { stage, log } = this.#state;
    worker.phase = "serving";
    worker.servingSince = now();
    const text = `Worker ${worker.id} serves (pid ${worker.pid}, booted in ${(worker.bootSeconds ?? 0).toFixed(2)} s)`;
    if (stage === "running") log.info(text);
    else log.debug(text);
    if (stage === "starting") this.#checkStarted();
    this.#sockets.workerCame();
    this.#pool.balance();
    this.#reloader.continue();
  }

  /** The start is over when all first workers serve; until then a fault of one ends the server. */
  #checkStarted(): void {
    const { workers, options, wanted } = this.#state;
    const serving = [...workers].filter(({ phase }) => phase === "serving");
    if (serving.length < this.#pool.sizes(options, wanted).length) return;
    this.#state.stage = "running";
    this.#allServe();
    this.#reloader.beginIfAsked();
  }

  // From start to end.

  async #open(): Promise<void> {
    const { options, hooks, asHookArbiter, workers } = this.#state;
    await hooks.onStarting?.(asHookArbiter);
    this.#state.listeners = await this.#sockets.open(options);
    this.#state.pidFile = await this.#succession.createPidFile(options.pid);
    await this.#sockets.accept(options, this.#state.listeners, workers);
  }

  async #announce(): Promise<void> {
    const { log, hooks, asHookArbiter } = this.#state;
    log.info(`Listening at: ${this.#state.describeListeners().join(",")} (${process.pid})`);
    // A service that cannot start is a fault of the configuration, and the server has just begun: say so and stop.
    await this.#context.services?.start(this);
    this.#notifier.notify("READY=1", `MAINPID=${process.pid}`);
    this.#notifier.startWatchdog(() => this.snapshot().isReady);
    await this.#context.whenReady?.();
    await callHook(hooks.whenReady, "whenReady", log, asHookArbiter);
  }

  #tick(): void {
    const time = now();
    const gap = time - this.#lastTick;
    this.#lastTick = time;
    if (gap > OWN_SILENCE_SECONDS) for (const worker of this.#state.workers) worker.lastSeen += gap;
    this.#pool.checkPatience(time);
    this.#reloader.tick(time);
    this.#succession.checkPromotion();
    this.#pool.balance();
  }

  async #close(): Promise<void> {
    const { listeners, pidFile, hooks, log, asHookArbiter } = this.#state;
    if (this.#ticker !== null) clearInterval(this.#ticker);
    // Also where the start has failed: who is killed here is not replaced.
    this.#state.stage = "ended";
    this.#pool.killAll();
    if (!this.#succession.isAccompanied && !this.#draining.isSealed) for (const listener of listeners) listener.close();
    pidFile?.remove();
    this.#notifier.close();
    await this.#context.services?.close();
    await callHook(hooks.onExit, "onExit", log, asHookArbiter);
    if (this.#shutdown.isAsked) log.info("Shutting down: tsgi");
  }
}
