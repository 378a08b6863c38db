// The arbiter: the process that owns the listening sockets and the workers, and never runs code of the application.
// Source: gunicorn's arbiter for what users expect; puma's cluster for who knows what. What to do is decided by the functions in
// policy/, which take the time as an argument; this file does it.
//
// A worker's phases:  booting ──► ready ──► serving ──► draining ──► dead
// The server's:       starting ──► running ──► stopping ──► ended
import { statSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import type {
  ArbiterControl,
  ArbiterSnapshot,
  ReloadOutcome,
  ReloadRequest,
  WorkerEndReason,
} from "./arbiter-control.ts";
import { type ArbiterOptions, dispatchOf } from "./arbiter-options.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { canReusePort } from "./bound-socket.ts";
import { BootError, messageOf, SERVER_EXIT_CODES, SettingError } from "./errors.ts";
import { callHook } from "./hooks.ts";
import { type Listener, type ListenerOptions, openListeners } from "./listeners.ts";
import type { ErrorLog } from "./logging/error-log.ts";
import { openErrorOutput } from "./logging/open-logs.ts";
import type { BootFailedMessage, DrainMessage, ReadyMessage, WorkerMessage } from "./messages.ts";
import { mergeStats } from "./metrics/merge-stats.ts";
import type { WorkerStats } from "./metrics/worker-stats.ts";
import type { PidFile } from "./pid-file.ts";
import { afterCrash, type BackOffState, NO_CRASHES } from "./policy/respawn-back-off.ts";
import { planWorkers } from "./policy/worker-count.ts";
import { type Preparation, prepareAll } from "./preparation.ts";
import { ReloadTransaction } from "./reload-transaction.ts";
import type { Services } from "./services.ts";
import { keepAtStartOnly } from "./settings/at-start-only.ts";
import type { HookArbiter, Hooks, HookWorker } from "./settings/hooks.ts";
import type { SettingName } from "./settings/table.ts";
import { listenToSignals, type SignalActions } from "./signals.ts";
import { SystemdNotifier, takeActivatedSockets } from "./systemd.ts";
import { startSuccessor, takeInheritance } from "./upgrade.ts";
import type { WorkerConfig } from "./worker-config.ts";
import { type WorkerExit, WorkerHandle, type WorkerObserver } from "./worker-handle.ts";

/** What the arbiter needs beside its options. */
export interface ArbiterContext {
  readonly log: ErrorLog;
  /** Of this package. */
  readonly version: string;
  /** Script and arguments that start this server again, and where. */
  readonly command: readonly string[];
  readonly directory: string;
  /** Hooks of the configuration file. */
  readonly hooks?: Hooks | undefined;
  /** Reads the configuration again, for a reload. @default everything stays as it is */
  readonly reread?: (() => Promise<{ options: ArbiterOptions; hooks: Hooks }>) | undefined;
  readonly services?: Services | undefined;
  /** Told once the first worker serves. */
  readonly whenReady?: (() => void | Promise<void>) | undefined;
  /** Told which files a worker has loaded, when the setting `reload` is on and it can tell. */
  readonly whenLoaded?: ((files: readonly string[]) => void) | undefined;
}

type Stage = "starting" | "running" | "stopping" | "ended";

const TICK_MILLISECONDS = 200;
/** A tick that is later than this shows that the arbiter itself was stopped: silence of the workers proves nothing then. */
const OWN_SILENCE_SECONDS = 2;
/** Time for answers in hand at a quick stop, and in a worker whose code has been edited. Source: gunicorn. */
const QUICK_SECONDS = 2;
/** Time that idle connections stay open when the server stops: a request that is under way arrives within it. */
const STOP_IDLE_SECONDS = 1;
/** Time between the end of a worker's patience and its end by force. */
const KILL_SECONDS = 5;
/** The settings that the arbiter's own log is made from. */
const ERROR_LOG_SETTINGS = [
  "errorLogfile",
  "logLevel",
  "syslog",
  "syslogAddr",
  "syslogPrefix",
  "syslogFacility",
  "procName",
] as const satisfies readonly SettingName[];
/** Dead workers whose counts are kept one by one. */
const MAX_ENDED_STATS = 16;

/** The arbiter of this process. */
export class Arbiter implements ArbiterControl, WorkerObserver, SignalActions {
  #options: ArbiterOptions;
  readonly #context: ArbiterContext;
  readonly #log: ErrorLog;
  readonly #workers = new Set<WorkerHandle>();
  readonly #startedAt = new Date();
  #endedStats: WorkerStats[] = [];
  readonly #restarts: Partial<Record<WorkerEndReason, number>> = {};
  readonly #notifier = new SystemdNotifier();
  readonly #inheritance = takeInheritance();
  readonly #activated = takeActivatedSockets();
  #hooks: Hooks;
  #listeners: readonly Listener[] = [];
  #dispatcher: Dispatcher | null = null;
  #pidFile: PidFile | null = null;
  #stage: Stage = "starting";
  #wanted = 0;
  #generation = 1;
  #lastId = 0;
  #backOff: BackOffState = NO_CRASHES;
  #reload: ReloadTransaction | null = null;
  #lastReload: ReloadOutcome | null = null;
  /** Who waits for the reload that runs, and for the one after it. */
  #reloadWaiters: ((outcome: ReloadOutcome) => void)[] = [];
  #nextReloadWaiters: ((outcome: ReloadOutcome) => void)[] = [];
  #isReloading = false;
  /** The reload that has been committed: whose new workers have to serve, and whose old ones have to close their listeners. */
  #settling: { transaction: ReloadTransaction; old: readonly WorkerHandle[] } | null = null;
  #stops = 0;
  #cutLameDuck: () => void = () => {};
  #sealer: WorkerHandle | null = null;
  #isSealed = false;
  #isSealing = false;
  /** Process id of the arbiter that this one is to replace, until that has gone. */
  #predecessor: number | null;
  #hasSuccessor = false;
  #ticker: NodeJS.Timeout | null = null;
  #lastTick = 0;
  #refreshWaiters: (() => void)[] = [];
  #finish: (exitCode: number) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #allServe: () => void = () => {};

  constructor(options: ArbiterOptions, context: ArbiterContext) {
    this.#options = options;
    this.#context = context;
    this.#log = context.log;
    this.#hooks = context.hooks ?? {};
    this.#predecessor = this.#inheritance.from;
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
    this.#setTitle();
    const stopListening = listenToSignals(this);
    try {
      await this.#open();
      this.#setWanted(this.#options.workers);
      this.#lastTick = now();
      this.#ticker = setInterval(() => this.#tick(), TICK_MILLISECONDS);
      await Promise.race([allServe, ended]);
      if (this.#isRunning) await this.#announce();
      return await ended;
    } finally {
      stopListening();
      await this.#close();
    }
  }

  #setTitle(): void {
    process.title = `${this.#options.procName ?? "tsgi"}: arbiter [${this.#options.target}]`;
  }

  // What others may ask for.

  snapshot(): ArbiterSnapshot {
    const time = now();
    const workers = [...this.#workers].map((worker) => worker.snapshot(time));
    return {
      pid: process.pid,
      version: this.#context.version,
      target: this.#options.target,
      generation: this.#generation,
      startedAt: this.#startedAt,
      uptimeSeconds: process.uptime(),
      isReady: this.#stage === "running" && workers.some(({ phase }) => phase === "serving"),
      isStopping: this.#stage === "stopping",
      isReloading: this.#isReloading,
      wantedWorkers: this.#wanted,
      listeners: this.#listeners.map((listener) => listener.describe(this.#isSecure)),
      workers,
      endedStats: this.#endedStats,
      restarts: this.#restarts,
      lastReload: this.#lastReload,
    };
  }

  async refresh(maxSeconds = 1): Promise<void> {
    const asked = [...this.#workers].filter(({ phase }) => phase === "serving" || phase === "draining");
    if (asked.length === 0) return;
    const begun = now();
    for (const worker of asked) worker.send({ type: "snapshot" });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, maxSeconds * 1000);
      const check = (): void => {
        if (asked.some((worker) => worker.phase !== "dead" && worker.lastSeen < begun)) {
          this.#refreshWaiters.push(check);
          return;
        }
        clearTimeout(timer);
        resolve();
      };
      check();
    });
  }

  addWorkers(count: number): number {
    this.#setWanted(this.#wanted + count);
    return this.#wanted;
  }

  removeWorkers(count: number): number {
    this.#setWanted(Math.max(1, this.#wanted - count));
    return this.#wanted;
  }

  killWorker(pid: number): boolean {
    const worker = [...this.#workers].find((candidate) => candidate.pid === pid);
    if (worker === undefined) return false;
    worker.endReason = "killed";
    worker.kill("SIGKILL");
    return true;
  }

  changeWorkers(difference: 1 | -1): void {
    this.#log.info(`Handling signal: ${difference === 1 ? "ttin" : "ttou"}`);
    if (difference === 1) this.addWorkers(1);
    else this.removeWorkers(1);
  }

  dismissWorkers(): void {
    // A terminal sends this signal when its window changes size.
    if (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY) return;
    this.#log.info("Handling signal: winch");
    this.#setWanted(0);
  }

  reopenLogs(): void {
    try {
      this.#log.reopen();
    } catch (error) {
      this.#log.error(messageOf(error));
    }
    for (const worker of this.#workers) worker.send({ type: "reopen-logs" });
  }

  reload({ isSuperseding = false }: ReloadRequest = {}): Promise<ReloadOutcome> {
    if (this.#stage === "stopping" || this.#stage === "ended") {
      return Promise.resolve({ isDone: false, reason: `The server is ${this.#stage}`, detail: "" });
    }
    return new Promise((resolve) => {
      if (this.#isReloading) {
        this.#nextReloadWaiters.push(resolve);
        if (isSuperseding) this.#reload?.cancel("A newer one takes its place", now());
        return;
      }
      this.#reloadWaiters.push(resolve);
      if (this.#isRunning) void this.#beginReload();
    });
  }

  upgrade(): void {
    this.#log.info("Handling signal: usr2");
    void this.#startSuccessor();
  }

  stop(kind: "graceful" | "quick", name: string = kind): void {
    this.#stops += 1;
    this.#cutLameDuck();
    if (this.#stops > 1) {
      this.#log.info(`Handling signal: ${name}; ending the requests that still run`);
      this.#cut();
      return;
    }
    this.#log.info(`Handling signal: ${name}`);
    if (this.#stage === "starting" || this.#stage === "running") void this.#stop(kind);
  }

  // What workers say and do.

  said(worker: WorkerHandle, message: WorkerMessage): void {
    worker.lastSeen = now();
    switch (message.type) {
      case "booting":
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
        worker.stats = message.stats;
        this.#refreshed();
        return;
      case "retire":
        if (message.reason === "exception") this.#backOff = afterCrash(this.#backOff, now(), servedSeconds(worker));
        this.#retire(worker, message.reason === "exception" ? "crash" : message.reason);
        return;
      case "listeners-closed":
        worker.hasClosedListeners = true;
        this.#continueSealing();
        this.#sealReplaced();
        this.#continueReload();
        return;
      case "released":
        worker.dispatched -= message.count;
        return;
      default:
        message satisfies never;
    }
  }

  exited(worker: WorkerHandle, exit: WorkerExit): void {
    if (worker.phase === "dead") return;
    const { phase } = worker;
    worker.phase = "dead";
    this.#workers.delete(worker);
    if (worker.stats !== null) this.#keepStats(worker.stats);
    this.#refreshed();
    void callHook(this.#hooks.childExit, "childExit", this.#log, this.#asHookArbiter, this.#asHookWorker(worker));
    const wasExpected = phase === "draining" || worker.killAt !== null || this.#stage === "stopping";
    const reason =
      worker.endReason ?? (this.#stage === "stopping" ? "stop" : exit.signal === null ? "crash" : "killed");
    this.#restarts[reason] = (this.#restarts[reason] ?? 0) + 1;
    if (this.#reload?.workers.has(worker) === true) {
      const failure = worker.bootFailure ?? lostWorker(worker, exit);
      this.#reload.lost(failure.message, failure.detail, now());
    } else if (this.#stage === "starting") {
      this.#fail(new BootError(worker.bootFailure ?? lostWorker(worker, exit)));
      this.#stage = "ended";
    } else if (!wasExpected) this.#workerCrashed(worker, exit);
    this.#sealReplaced();
    this.#continueReload();
    if (this.#stage === "stopping") this.#continueStop();
    else this.#balance();
  }

  // Start.

  async #open(): Promise<void> {
    const options = this.#options;
    await this.#hooks.onStarting?.(this.#asHookArbiter);
    const inherited = [...this.#inheritance.sockets, ...this.#activated];
    this.#listeners = await openListeners(this.#binds(options), await this.#listenerOptions(options), inherited);
    this.#pidFile = await this.#createPidFile(options);
    if (dispatchOf(options) === "dispatch") {
      const { Dispatcher: Accepting } = await import("./dispatcher.ts");
      this.#dispatcher = new Accepting(() => this.#workers, options.backlog);
      await this.#dispatcher.update(this.#listeners);
    }
  }

  async #createPidFile({ pid }: ArbiterOptions): Promise<PidFile | null> {
    if (pid === null) return null;
    const { PidFile: File } = await import("./pid-file.ts");
    return File.create(this.#predecessor === null ? pid : `${pid}.2`);
  }

  /** The addresses: systemd's sockets stand in for all others. */
  #binds(options: ArbiterOptions): readonly string[] {
    if (this.#inheritance.from !== null) return this.#inheritance.sockets.map(({ bind }) => bind);
    return this.#activated.length > 0 ? this.#activated.map(({ bind }) => bind) : options.bind;
  }

  async #listenerOptions(options: ArbiterOptions): Promise<ListenerOptions> {
    const isReusable = dispatchOf(options) === "reuse-port";
    if (isReusable && !canReusePort()) {
      throw new SettingError(
        `Cannot use --dispatch reuse-port: it needs Node 22.12 or later, and this is Node ${process.versions.node}`,
      );
    }
    if (options.user === null && options.group === null) return { isReusable, umask: options.umask };
    const { findIdentity } = await import("./privileges.ts");
    const { uid, gid } = findIdentity(options.user, options.group);
    return { isReusable, umask: options.umask, uid, gid };
  }

  async #announce(): Promise<void> {
    const urls = this.#listeners.map((listener) => listener.describe(this.#isSecure));
    this.#log.info(`Listening at: ${urls.join(",")} (${process.pid})`);
    // One that cannot start is a fault of the configuration, and the server has just begun: say so and stop.
    await this.#context.services?.start(this);
    this.#notifier.notify("READY=1", `MAINPID=${process.pid}`);
    this.#notifier.startWatchdog(() => this.snapshot().isReady);
    await this.#context.whenReady?.();
    await callHook(this.#hooks.whenReady, "whenReady", this.#log, this.#asHookArbiter);
  }

  get #isRunning(): boolean {
    return this.#stage === "running";
  }

  get #isSecure(): boolean {
    return this.#options.certfile !== null;
  }

  get #asHookArbiter(): HookArbiter {
    return { pid: process.pid, log: this.#log, workers: this.#wanted };
  }

  #asHookWorker(worker: WorkerHandle): HookWorker {
    return { pid: worker.pid, id: worker.id, log: this.#log };
  }

  // Workers.

  #setWanted(count: number): void {
    const before = this.#wanted;
    this.#wanted = count;
    const isFirst = this.#stage === "starting";
    if (before !== count || isFirst) {
      const { nworkersChanged } = this.#hooks;
      void callHook(nworkersChanged, "nworkersChanged", this.#log, this.#asHookArbiter, count, isFirst ? null : before);
    }
    this.#balance();
  }

  /** Starts what is missing and ends what is too many. */
  #balance(): void {
    if (this.#stage !== "starting" && this.#stage !== "running") return;
    const pool = [...this.#workers].filter((worker) => this.#reload?.workers.has(worker) !== true);
    const plan = planWorkers(pool, this.#wanted);
    for (const worker of pool) if (plan.drain.includes(worker.id)) this.#drain(worker, "scaled-down");
    // The ticks come back to it.
    if (now() < this.#backOff.notBefore) return;
    for (let count = 0; count < plan.spawn; count++)
      this.#spawn(this.#options, this.#listeners, this.#generation, false);
  }

  #spawn(options: ArbiterOptions, listeners: readonly Listener[], generation: number, isHeld: boolean): WorkerHandle {
    this.#lastId += 1;
    const id = this.#lastId;
    const config: WorkerConfig = {
      id,
      generation,
      options,
      isHeld,
      arbiter: process.pid,
      listeners: listeners.map(({ address, bind }) => ({
        path: address.kind === "unix" ? address.path : null,
        tcp: address.kind === "tcp" ? { host: address.host, port: address.port } : null,
        isForeign: bind.startsWith("fd://"),
        bind,
      })),
    };
    const environment = { ...process.env, ...Object.fromEntries(options.env.map(splitAssignment)) };
    if (this.#hooks.preFork !== undefined) {
      const hookWorker = { pid: 0, id, log: this.#log };
      void callHook(this.#hooks.preFork, "preFork", this.#log, this.#asHookArbiter, hookWorker);
    }
    const handed = dispatchOf(options) === "dispatch" ? [] : listeners;
    const worker = WorkerHandle.spawn(config, handed, environment, this.#directoryOf(options), now(), this);
    this.#workers.add(worker);
    void callHook(this.#hooks.postFork, "postFork", this.#log, this.#asHookArbiter, this.#asHookWorker(worker));
    return worker;
  }

  #workerReady(worker: WorkerHandle, { bootSeconds, files }: ReadyMessage): void {
    worker.phase = "ready";
    worker.bootSeconds = bootSeconds;
    if (files.length > 0) this.#context.whenLoaded?.(files);
    if (this.#reload?.workers.has(worker) === true) this.#reload.ready(now());
  }

  #workerServes(worker: WorkerHandle): void {
    if (worker.phase !== "ready") return;
    worker.phase = "serving";
    worker.servingSince = now();
    const text = `Worker ${worker.id} serves (pid ${worker.pid}, booted in ${(worker.bootSeconds ?? 0).toFixed(2)} s)`;
    if (this.#stage === "running") this.#log.info(text);
    else this.#log.debug(text);
    if (this.#stage === "starting") this.#checkStarted();
    this.#dispatcher?.workerCame();
    this.#balance();
    this.#continueReload();
  }

  /** The start is over when all first workers serve; until then a fault of one ends the server. */
  #checkStarted(): void {
    const serving = [...this.#workers].filter(({ phase }) => phase === "serving");
    if (serving.length < this.#wanted) return;
    this.#stage = "running";
    this.#allServe();
    if (this.#reloadWaiters.length > 0) void this.#beginReload();
  }

  #retire(worker: WorkerHandle, reason: WorkerEndReason): void {
    if (this.#stage === "stopping" || worker.phase === "draining") return;
    worker.isRetiring = true;
    worker.endReason ??= reason;
    if (reason !== "reload") this.#log.info(`Worker ${worker.id} (pid ${worker.pid}) will be replaced: ${reason}`);
    this.#balance();
  }

  /** Others go on accepting; this one completes what it has. */
  #drain(worker: WorkerHandle, reason: WorkerEndReason): void {
    const isBindKept = this.#listeners.length === 0 || worker.generation === this.#generation || !this.#hasChangedBind;
    worker.endReason ??= reason;
    const { gracefulTimeout, keepAlive, reload: isEdited } = this.#options;
    this.#sendDrain(worker, {
      type: "drain",
      gracefulSeconds: isEdited ? Math.min(QUICK_SECONDS, gracefulTimeout) : gracefulTimeout,
      // Who has just edited wants to see that, and not another answer of the old code.
      idleSeconds: isEdited ? 0 : keepAlive,
      isQueueKept: isBindKept,
    });
    if (!isBindKept) this.#sealReplaced();
  }

  #hasChangedBind = false;

  /**
   * A reload has given up an address: as when stopping, each old worker accepts what is queued there, and the last one to hold it closes
   * only when the queue is empty.
   */
  #sealReplaced(): void {
    if (!this.#hasChangedBind || this.#stage === "stopping") return;
    const old = [...this.#workers].filter(
      ({ generation, hasClosedListeners }) => generation !== this.#generation && !hasClosedListeners,
    );
    const isShared = dispatchOf(this.#options) === "shared";
    const kept = this.#listeners.map(({ bind }) => bind);
    for (const worker of old) {
      const isLast = !isShared || old.length === 1;
      const mayBeLast = old.every((other) => other === worker || other.isSealing);
      if (worker.phase !== "draining" || worker.isSealing || (mayBeLast && !isLast)) continue;
      worker.isSealing = true;
      worker.send({ type: "seal", isLast, kept });
    }
  }

  #sendDrain(worker: WorkerHandle, message: DrainMessage): void {
    worker.phase = "draining";
    worker.killAt = now() + message.gracefulSeconds + KILL_SECONDS;
    worker.send(message);
  }

  #workerCrashed(worker: WorkerHandle, exit: WorkerExit): void {
    this.#backOff = afterCrash(this.#backOff, now(), servedSeconds(worker));
    const wait = this.#backOff.notBefore - now();
    const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
    const failure = worker.bootFailure;
    const why = failure === null ? "" : `: ${failure.message}${failure.detail === "" ? "" : `\n${failure.detail}`}`;
    const next = wait > 0.01 ? `; the next one starts in ${wait.toFixed(1)} s` : "";
    this.#log.error(`Worker ${worker.id} (pid ${worker.pid}) ended with ${how}${next}${why}`);
  }

  #tick(): void {
    const time = now();
    const gap = time - this.#lastTick;
    this.#lastTick = time;
    if (gap > OWN_SILENCE_SECONDS) for (const worker of this.#workers) worker.lastSeen += gap;
    for (const worker of this.#workers) this.#checkPatience(worker, time);
    this.#reload?.tick(time);
    this.#checkPromotion();
    this.#balance();
  }

  #checkPatience(worker: WorkerHandle, time: number): void {
    const { heartbeatTimeout } = this.#options;
    const { bootTimeout } = this.#reload?.workers.has(worker) === true ? this.#reload.options : this.#options;
    if (worker.killAt !== null) {
      if (time > worker.killAt) worker.kill("SIGKILL");
    } else if (worker.phase === "booting") {
      if (bootTimeout === 0 || time - worker.startedAt <= bootTimeout) return;
      worker.bootFailure = bootTimedOut(bootTimeout);
      worker.endReason = "boot-timeout";
      worker.kill("SIGKILL");
    } else if (heartbeatTimeout > 0 && time - worker.lastSeen > heartbeatTimeout) {
      this.#log.critical(
        `Worker ${worker.id} (pid ${worker.pid}) is blocked: no sign of life from its event loop for ${heartbeatTimeout} s; it is killed and replaced`,
      );
      worker.endReason = "blocked";
      worker.kill("SIGKILL");
    }
  }

  /** The counts of dead workers stay; of many they are added up, so that a server that recycles for months keeps no list. */
  #keepStats(stats: WorkerStats): void {
    this.#endedStats.push(stats);
    if (this.#endedStats.length >= MAX_ENDED_STATS) this.#endedStats = [mergeStats(this.#endedStats)];
  }

  #refreshed(): void {
    const waiters = this.#refreshWaiters;
    this.#refreshWaiters = [];
    for (const check of waiters) check();
  }

  // Reload.

  async #beginReload(): Promise<void> {
    this.#isReloading = true;
    this.#log.info(`Reloading: generation ${this.#generation + 1} is started`);
    this.#notifier.notify("RELOADING=1");
    let prepared: Preparation | null = null;
    try {
      const { options: wanted, hooks } = (await this.#context.reread?.()) ?? {
        options: this.#options,
        hooks: this.#hooks,
      };
      const options = this.#applicable(wanted);
      const { listeners, prepared: all } = await this.#prepare(options);
      prepared = all;
      await callHook(this.#hooks.onReload, "onReload", this.#log, this.#asHookArbiter);
      const generation = this.#generation + 1;
      const workers = this.#wanted === this.#options.workers || this.#wanted === 0 ? options.workers : this.#wanted;
      const transaction: ReloadTransaction = new ReloadTransaction(
        { options, listeners, generation, workers },
        {
          start: () => this.#spawn(options, listeners, generation, true),
          commit: () => {
            this.#hooks = hooks;
            this.#commitReload(transaction, workers);
            all.commit();
          },
          abort: (_, reason, detail) => {
            all.abort();
            this.#abortReload(transaction, reason, detail);
          },
        },
        now(),
      );
      this.#reload = transaction;
      if (this.#stage === "running") transaction.begin();
      else transaction.cancel("The server stops", now());
    } catch (error) {
      prepared?.abort();
      const detail =
        error instanceof Error && "detail" in error && typeof error.detail === "string" ? error.detail : "";
      this.#reloadFailed(messageOf(error), detail);
    }
  }

  /** Options as a reload can apply them; the log says which cannot. */
  #applicable(wanted: ArbiterOptions): ArbiterOptions {
    const { settings: options, kept } = keepAtStartOnly(this.#options, wanted);
    for (const name of kept) this.#warnOfKept(name, wanted, "until the server is started again");
    // A predecessor may still accept on the sockets that it shares with this process.
    const isForeign = this.#predecessor !== null || this.#activated.length > 0;
    if (!isForeign || JSON.stringify(options.bind) === JSON.stringify(this.#options.bind)) return options;
    const why = this.#predecessor === null ? "since systemd opens the sockets" : "while the old arbiter is there";
    this.#warnOfKept("bind", wanted, why);
    return { ...options, bind: this.#options.bind };
  }

  #warnOfKept(name: SettingName, wanted: ArbiterOptions, how: string): void {
    const [current, configured] = [this.#options[name], wanted[name]].map((value) => JSON.stringify(value));
    this.#log.warning(
      `This reload cannot change ${name}: it stays ${current} ${how}; the configuration says ${configured}`,
    );
  }

  /** Opens what new options ask for, beside what is open. */
  async #prepare(options: ArbiterOptions): Promise<{ listeners: readonly Listener[]; prepared: Preparation }> {
    let listeners = this.#listeners;
    const prepared = await prepareAll([
      () => this.#prepareDirectory(options),
      async () => {
        const { all, opened } = await this.#reloadListeners(options);
        listeners = all;
        return {
          commit() {},
          abort() {
            for (const listener of opened) listener.close();
          },
        };
      },
      () => this.#prepareLog(options),
      () => this.#preparePidFile(options),
      () => this.#context.services?.prepare(options) ?? null,
    ]);
    return { listeners, prepared };
  }

  /** The directory that workers run in. Named again for each, it follows a symbolic link that a deployment has changed. */
  #directoryOf({ chdir }: ArbiterOptions): string {
    return resolvePath(this.#context.directory, chdir ?? ".");
  }

  #prepareDirectory(options: ArbiterOptions): Preparation {
    const directory = this.#directoryOf(options);
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
      throw new SettingError(`Cannot change to the directory "${directory}" (--chdir): there is none`);
    const enter = (): void => {
      try {
        process.chdir(directory);
      } catch (error) {
        this.#log.error(`Cannot change to the directory "${directory}": ${messageOf(error)}`);
      }
    };
    return { commit: enter, abort() {} };
  }

  #prepareLog(options: ArbiterOptions): Preparation | null {
    if (ERROR_LOG_SETTINGS.every((name) => options[name] === this.#options[name])) return null;
    const { log } = openErrorOutput(options);
    return { commit: () => this.#log.become(log), abort: () => log.close() };
  }

  async #preparePidFile(options: ArbiterOptions): Promise<Preparation | null> {
    if (options.pid === this.#options.pid) return null;
    const file = await this.#createPidFile(options);
    const commit = (): void => {
      this.#pidFile?.remove();
      this.#pidFile = file;
    };
    return { commit, abort: () => file?.remove() };
  }

  /** The sockets of new options: those whose address stays are kept. */
  async #reloadListeners(options: ArbiterOptions): Promise<{ all: readonly Listener[]; opened: readonly Listener[] }> {
    if (this.#activated.length > 0) return { all: this.#listeners, opened: [] };
    const known = new Map(this.#listeners.map((listener) => [listener.bind, listener]));
    // An upgraded arbiter has the sockets of the one before it, whatever its configuration says.
    const binds = this.#predecessor === null ? options.bind : [...known.keys()];
    const missing = binds.filter((bind) => !known.has(bind));
    const opened = await openListeners(missing, await this.#listenerOptions(options));
    const fresh = new Map(opened.map((listener) => [listener.bind, listener]));
    return { all: binds.flatMap((bind) => known.get(bind) ?? fresh.get(bind) ?? []), opened };
  }

  #commitReload(transaction: ReloadTransaction, workers: number): void {
    this.#reload = null;
    const removed = this.#listeners.filter((listener) => !transaction.listeners.includes(listener));
    this.#hasChangedBind = removed.length > 0;
    this.#options = transaction.options;
    this.#listeners = transaction.listeners;
    this.#generation = transaction.generation;
    this.#backOff = NO_CRASHES;
    this.#wanted = workers;
    this.#setTitle();
    this.#dispatcher
      ?.update(transaction.listeners, transaction.options.backlog)
      .catch((error: unknown) => this.#log.critical(`Cannot accept connections: ${messageOf(error)}`));
    this.#settling = { transaction, old: [...this.#workers].filter((worker) => !transaction.workers.has(worker)) };
    for (const worker of this.#workers) {
      if (transaction.workers.has(worker)) worker.send({ type: "serve" });
      else if (worker.phase === "booting" || worker.phase === "ready") this.#dismiss(worker, "reload");
      else this.#retire(worker, "reload");
    }
    for (const listener of removed) listener.close();
  }

  /** A reload is over when every new connection is answered by new code. */
  #continueReload(): void {
    if (this.#settling === null) return;
    const { transaction, old } = this.#settling;
    const isComing = [...transaction.workers].some(({ phase }) => phase === "booting" || phase === "ready");
    const isGoing = old.some(({ phase, hasClosedListeners }) => phase !== "dead" && !hasClosedListeners);
    if (isComing || isGoing) return;
    this.#settling = null;
    const seconds = now() - transaction.startedAt;
    this.#log.info(`Reloaded: generation ${transaction.generation} serves after ${seconds.toFixed(2)} s`);
    this.#settleReload({ isDone: true, generation: transaction.generation, seconds });
  }

  #abortReload(transaction: ReloadTransaction, reason: string, detail: string): void {
    this.#reload = null;
    for (const worker of transaction.workers) if (worker.phase !== "dead") this.#dismiss(worker, "boot-failed");
    this.#reloadFailed(reason, detail);
  }

  #reloadFailed(reason: string, detail: string): void {
    const lines = detail === "" ? "" : `\n${detail}`;
    this.#log.error(`Reload failed, generation ${this.#generation} goes on serving: ${reason}${lines}`);
    this.#settleReload({ isDone: false, reason, detail });
  }

  #settleReload(outcome: ReloadOutcome): void {
    this.#lastReload = outcome;
    this.#isReloading = false;
    this.#notifier.notify("READY=1");
    const waiters = this.#reloadWaiters;
    this.#reloadWaiters = this.#nextReloadWaiters;
    this.#nextReloadWaiters = [];
    for (const resolve of waiters) resolve(outcome);
    if (this.#reloadWaiters.length > 0) void this.#beginReload();
  }

  /** Ends a worker that does not serve. */
  #dismiss(worker: WorkerHandle, reason: WorkerEndReason): void {
    worker.endReason ??= reason;
    worker.killAt = now();
    // It may be busy loading, and then hears nothing.
    worker.kill("SIGKILL");
  }

  // Upgrade.

  async #startSuccessor(): Promise<void> {
    if (this.#hasSuccessor || this.#predecessor !== null || this.#stage !== "running") {
      this.#log.warning("Cannot upgrade: another arbiter has been started already, or the server is not running");
      return;
    }
    this.#hasSuccessor = true;
    await callHook(this.#hooks.preExec, "preExec", this.#log, this.#asHookArbiter);
    const successor = startSuccessor(this.#context.command, this.#context.directory, this.#listeners);
    this.#log.info(`Started the new arbiter (pid ${successor.pid ?? 0})`);
    const gone = (how: string): void => {
      if (!this.#hasSuccessor) return;
      this.#hasSuccessor = false;
      if (this.#stage !== "running") return;
      this.#log.warning(`The new arbiter has ended (${how}); this one goes on`);
      if (this.#wanted === 0) this.#setWanted(this.#options.workers);
    };
    successor.once("error", (error) => gone(error.message));
    successor.once("exit", (code, signal) => gone(signal ?? `exit code ${code}`));
    successor.unref();
  }

  /** The old arbiter has gone: this one takes its name. */
  #checkPromotion(): void {
    if (this.#predecessor === null || process.ppid === this.#predecessor) return;
    this.#predecessor = null;
    this.#log.info(`Promoted: the old arbiter has gone`);
    if (this.#options.pid !== null) this.#pidFile?.rename(this.#options.pid);
    this.#notifier.notify(`MAINPID=${process.pid}`);
  }

  // Stop.

  async #stop(kind: "graceful" | "quick"): Promise<void> {
    const wasStarting = this.#stage === "starting";
    this.#stage = "stopping";
    this.#allServe();
    this.#reload?.cancel("The server stops", now());
    this.#notifier.notify("STOPPING=1");
    const { lameDuckSeconds, gracefulTimeout, keepAlive } = this.#options;
    if (kind === "graceful" && lameDuckSeconds > 0 && !wasStarting) await this.#beLameDuck(lameDuckSeconds);
    const isQueueKept = this.#hasSuccessor || this.#predecessor !== null;
    const message: DrainMessage = {
      type: "drain",
      gracefulSeconds: kind === "quick" ? Math.min(QUICK_SECONDS, gracefulTimeout) : gracefulTimeout,
      idleSeconds: kind === "quick" ? 0 : Math.min(STOP_IDLE_SECONDS, keepAlive),
      isQueueKept,
    };
    if (this.#dispatcher !== null) await this.#dispatcher.close(!isQueueKept);
    for (const worker of this.#workers) {
      if (worker.phase === "serving") this.#sendDrain(worker, message);
      else if (worker.phase !== "draining") this.#dismiss(worker, "stop");
    }
    if (!isQueueKept) this.#beginSealing();
    this.#continueStop();
  }

  #beLameDuck(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.#cutLameDuck = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /**
   * Everybody accepts what is queued and closes; the last one of all may close only when the queue is empty, because with the last
   * descriptor the queue is lost. So one worker is kept for the end, and the arbiter gives its descriptors back before.
   */
  #beginSealing(): void {
    this.#isSealing = true;
    const accepting = [...this.#workers].filter(({ phase, killAt }) => phase === "draining" && killAt !== null);
    const isShared = dispatchOf(this.#options) === "shared";
    this.#sealer = isShared ? (accepting.findLast(({ hasClosedListeners }) => !hasClosedListeners) ?? null) : null;
    for (const worker of accepting) {
      if (worker !== this.#sealer && !worker.hasClosedListeners)
        worker.send({ type: "seal", isLast: !isShared, kept: [] });
    }
    this.#continueSealing();
  }

  #continueSealing(): void {
    if (!this.#isSealing || this.#isSealed) return;
    const others = [...this.#workers].filter((worker) => worker !== this.#sealer);
    if (others.some(({ hasClosedListeners }) => !hasClosedListeners)) return;
    this.#isSealed = true;
    for (const listener of this.#listeners) listener.close();
    this.#sealer?.send({ type: "seal", isLast: true, kept: [] });
  }

  #continueStop(): void {
    this.#continueSealing();
    if (this.#workers.size > 0 || this.#stage !== "stopping") return;
    this.#stage = "ended";
    this.#finish(0);
  }

  /** Ends everything now. */
  #cut(): void {
    this.#stage = "stopping";
    for (const worker of this.#workers) worker.kill("SIGKILL");
    this.#continueStop();
  }

  async #close(): Promise<void> {
    if (this.#ticker !== null) clearInterval(this.#ticker);
    for (const worker of this.#workers) worker.kill("SIGKILL");
    const isShared = this.#hasSuccessor || this.#predecessor !== null;
    if (!isShared && !this.#isSealed) for (const listener of this.#listeners) listener.close();
    this.#pidFile?.remove();
    this.#notifier.close();
    await this.#context.services?.close();
    await callHook(this.#hooks.onExit, "onExit", this.#log, this.#asHookArbiter);
    if (this.#stops > 0) this.#log.info("Shutting down: tsgi");
  }
}

/** Seconds of a steady clock. */
function now(): number {
  return performance.now() / 1000;
}

function servedSeconds(worker: WorkerHandle): number {
  return worker.servingSince === null ? 0 : now() - worker.servingSince;
}

function splitAssignment(text: string): [string, string] {
  const index = text.indexOf("=");
  return index === -1 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

function lostWorker(worker: WorkerHandle, { code, signal }: WorkerExit): BootFailedMessage {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  const when = worker.bootSeconds === null ? "while it loaded the application" : "after it had loaded the application";
  return {
    type: "boot-failed",
    stage: "boot",
    message: `A worker ended with ${how} ${when}`,
    detail: "",
    exitCode: SERVER_EXIT_CODES.boot,
    code: "",
  };
}

function bootTimedOut(seconds: number): BootFailedMessage {
  return {
    type: "boot-failed",
    stage: "boot",
    message: `A worker did not load the application within ${seconds} seconds (--boot-timeout)`,
    detail: "",
    exitCode: SERVER_EXIT_CODES.boot,
    code: "",
  };
}
