// Keeps as many workers as are wanted: starts what is missing, ends what is too many, replaces what has died or hangs.
// What to do is decided by functions which take the time as an argument: worker-count.ts, respawn-back-off.ts, front-sizes.ts.
import { resolve } from "node:path";
import { createSecret } from "../../middleware/auth/shared-secret.ts";
import type { WorkerEndReason } from "../metrics/arbiter-snapshot.ts";
import { type ArbiterOptions, dispatchOf } from "../settings/arbiter-options.ts";
import { callHook } from "../settings/call-hook.ts";
import { isIniTarget } from "../loading/ini-target.ts";
import { guestLanguageOf } from "../loading/guest-language.ts";
import type { Listener } from "../sockets/listeners.ts";
import { afterCrash, type BackOffState, NO_CRASHES } from "./respawn-back-off.ts";
import { frontSizes, settingsOfFront } from "./front-sizes.ts";
import { planWorkers } from "./worker-count.ts";
import type { WorkerConfig } from "../channel/worker-config.ts";
import { type WorkerExit, WorkerHandle, type WorkerObserver } from "./worker-handle.ts";
import { type ArbiterState, now } from "./arbiter-state.ts";
import { bootTimedOut } from "./boot-failure.ts";
import type { Draining } from "./draining.ts";

/** What workers of a generation are started with. */
export interface Generation {
  readonly options: ArbiterOptions;
  readonly listeners: readonly Listener[];
  readonly generation: number;
}

/** The workers. */
export class WorkerPool {
  readonly #state: ArbiterState;
  readonly #draining: Draining;
  readonly #observer: WorkerObserver;
  readonly #directory: string;
  readonly #secret = createSecret();
  #lastId = 0;
  #backOff: BackOffState = NO_CRASHES;
  #fronted: { readonly options: ArbiterOptions; readonly is: boolean } | null = null;

  /**
   * @param observer - hears the workers
   * @param directory - where the server was started
   */
  constructor(state: ArbiterState, draining: Draining, observer: WorkerObserver, directory: string) {
    this.#state = state;
    this.#draining = draining;
    this.#observer = observer;
    this.#directory = directory;
  }

  /** Changes how many workers should serve. */
  setWanted(count: number): void {
    const { wanted: before, stage, hooks, log } = this.#state;
    this.#state.wanted = count;
    const isFirst = stage === "starting";
    if (before !== count || isFirst) {
      const { nworkersChanged } = hooks;
      const arbiter = this.#state.asHookArbiter;
      void callHook(nworkersChanged, "nworkersChanged", log, arbiter, count, isFirst ? null : before);
    }
    this.balance();
  }

  /** Starts what is missing and ends what is too many. */
  balance(): void {
    const { stage, workers, wanted, options } = this.#state;
    if (stage !== "starting" && stage !== "running") return;
    const pool = [...workers].filter(({ isCandidate }) => !isCandidate);
    const plan = planWorkers(pool, this.sizes(options, wanted));
    for (const worker of pool) if (plan.drain.includes(worker.id)) this.#draining.drain(worker, "scaled-down");
    // The ticks come back to it.
    if (now() < this.#backOff.notBefore) return;
    for (const processes of plan.spawn) this.#spawn(this.#state, processes, false);
  }

  /**
   * The workers that serve as many as are wanted: as many, or fewer where each has several Python processes.
   *
   * @returns for each worker the number of its Python processes
   */
  sizes(options: ArbiterOptions, wanted: number): readonly number[] {
    if (this.#fronted?.options !== options) this.#fronted = { options, is: isFronted(options, this.#directory) };
    return this.#fronted.is ? frontSizes(wanted) : Array<number>(wanted).fill(Math.max(1, options.guestProcesses));
  }

  /**
   * Starts a worker of a generation that is to come; it waits before it serves.
   *
   * @param processes - of Python that it has
   */
  startCandidate(generation: Generation, processes: number): WorkerHandle {
    return this.#spawn(generation, processes, true);
  }

  /** Replaces a worker: another one serves before it leaves. */
  retire(worker: WorkerHandle, reason: WorkerEndReason): void {
    if (this.#state.stage === "stopping" || worker.phase === "draining") return;
    worker.isRetiring = true;
    worker.endReason ??= reason;
    if (reason !== "reload")
      this.#state.log.info(`Worker ${worker.id} (pid ${worker.pid}) will be replaced: ${reason}`);
    this.balance();
  }

  /** Replaces a worker whose application threw where nobody caught it. */
  retireAfterException(worker: WorkerHandle): void {
    this.#backOff = afterCrash(this.#backOff, now(), servedSeconds(worker));
    this.retire(worker, "crash");
  }

  /** Ends a worker that does not serve. */
  dismiss(worker: WorkerHandle, reason: WorkerEndReason): void {
    worker.endReason ??= reason;
    worker.killAt = now();
    // It may be busy loading, and then hears nothing.
    worker.kill("SIGKILL");
  }

  /** A worker has ended that should not have. */
  crashed(worker: WorkerHandle, exit: WorkerExit): void {
    this.#backOff = afterCrash(this.#backOff, now(), servedSeconds(worker));
    const wait = this.#backOff.notBefore - now();
    const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
    const failure = worker.bootFailure;
    const why = failure === null ? "" : `: ${failure.message}${failure.detail === "" ? "" : `\n${failure.detail}`}`;
    const next = wait > 0.01 ? `; the next one starts in ${wait.toFixed(1)} s` : "";
    this.#state.log.error(`Worker ${worker.id} (pid ${worker.pid}) ended with ${how}${next}${why}`);
  }

  /** The code is new: what crashed before proves nothing. */
  forgetCrashes(): void {
    this.#backOff = NO_CRASHES;
  }

  /** Ends workers that take too long or hang. @param time - seconds of the arbiter's clock */
  checkPatience(time: number): void {
    for (const worker of this.#state.workers) this.#checkOne(worker, time);
  }

  killAll(): void {
    for (const worker of this.#state.workers) worker.kill("SIGKILL");
  }

  #spawn({ options, listeners, generation }: Generation, processes: number, isHeld: boolean): WorkerHandle {
    this.#lastId += 1;
    const id = this.#lastId;
    const { hooks, log, asHookArbiter } = this.#state;
    const config: WorkerConfig = {
      id,
      generation,
      options: options.guestProcesses === 0 ? settingsOfFront(options, processes) : options,
      isHeld,
      secret: this.#secret,
      arbiter: process.pid,
      listeners: listeners.map(({ address, bind }) => ({
        path: address.kind === "unix" ? address.path : null,
        tcp: address.kind === "tcp" ? { host: address.host, port: address.port } : null,
        isForeign: bind.startsWith("fd://"),
        bind,
      })),
    };
    const environment = { ...process.env, ...Object.fromEntries(options.env.map(splitAssignment)) };
    if (hooks.preFork !== undefined) void callHook(hooks.preFork, "preFork", log, asHookArbiter, { pid: 0, id, log });
    const handed = dispatchOf(options) === "dispatch" ? [] : listeners;
    const directory = directoryOf(options, this.#directory);
    const worker = WorkerHandle.spawn(config, handed, environment, directory, now(), this.#observer);
    this.#state.workers.add(worker);
    void callHook(hooks.postFork, "postFork", log, asHookArbiter, this.#state.asHookWorker(worker));
    return worker;
  }

  #checkOne(worker: WorkerHandle, time: number): void {
    const { heartbeatTimeout } = this.#state.options;
    const { bootTimeout } = worker;
    if (worker.killAt !== null) {
      if (time > worker.killAt) worker.kill("SIGKILL");
    } else if (worker.phase === "booting") {
      if (bootTimeout === 0 || time - worker.startedAt <= bootTimeout) return;
      worker.bootFailure = bootTimedOut(bootTimeout);
      worker.endReason = "boot-timeout";
      worker.kill("SIGKILL");
    } else if (heartbeatTimeout > 0 && time - worker.lastSeen > heartbeatTimeout) {
      this.#state.log.critical(
        `Worker ${worker.id} (pid ${worker.pid}) is blocked: no heartbeat from its event loop for ${heartbeatTimeout} s; it is killed and replaced`,
      );
      worker.endReason = "blocked";
      worker.kill("SIGKILL");
    }
  }
}

/** The directory that workers run in. Named again for each, it follows a symbolic link that a deployment has changed. */
export function directoryOf({ chdir }: ArbiterOptions, from: string): string {
  return resolve(from, chdir ?? ".");
}

/** Whether workers stand in front of several processes of a guest each. In an INI pipeline there may be applications of several languages. */
function isFronted(options: ArbiterOptions, directory: string): boolean {
  const { target, python, guestProcesses } = options;
  return (
    guestProcesses === 0 &&
    !isIniTarget(target) &&
    guestLanguageOf(target, python, directoryOf(options, directory)) !== null
  );
}

function servedSeconds({ servingSince }: WorkerHandle): number {
  return servingSince === null ? 0 : now() - servingSince;
}

function splitAssignment(text: string): [string, string] {
  const index = text.indexOf("=");
  return index === -1 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}
