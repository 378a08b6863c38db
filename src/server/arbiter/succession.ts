// The upgrade from one arbiter to the next (USR2): this one's successor, and the one that it is itself to replace.
import { callHook } from "../settings/call-hook.ts";
import type { PidFile } from "./pid-file.ts";
import type { SystemdNotifier } from "./systemd.ts";
import { startSuccessor } from "./upgrade.ts";
import type { ArbiterContext } from "./arbiter-context.ts";
import type { ArbiterState } from "./arbiter-state.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** Where this arbiter stands between others. */
export class Succession {
  readonly #state: ArbiterState;
  readonly #context: ArbiterContext;
  readonly #notifier: SystemdNotifier;
  /** Process id of the arbiter that this one is to replace, until that has gone. */
  #predecessor: number | null;
  #hasSuccessor = false;

  constructor(state: ArbiterState, context: ArbiterContext, notifier: SystemdNotifier, predecessor: number | null) {
    this.#state = state;
    this.#context = context;
    this.#notifier = notifier;
    this.#predecessor = predecessor;
  }

  /** True while the arbiter that this one is to replace is there. */
  get hasPredecessor(): boolean {
    return this.#predecessor !== null;
  }

  /** True while another arbiter accepts on the same sockets. */
  get isAccompanied(): boolean {
    return this.#hasSuccessor || this.#predecessor !== null;
  }

  /** Writes the pid file: with `.2` behind its name while the old arbiter is there. */
  async createPidFile(path: string | null): Promise<PidFile | null> {
    if (path === null) return null;
    const { PidFile: File } = await import("./pid-file.ts");
    return File.create(this.#predecessor === null ? path : `${path}.2`, await this.#workerUser());
  }

  async #workerUser(): Promise<number | undefined> {
    const { user } = this.#state.options;
    if (user === null) return undefined;
    const { findIdentity } = await import("../../identity.ts");
    return findIdentity(user, null).uid;
  }

  /** Starts a successor. If it ends, this arbiter goes on. */
  async start(pool: WorkerPool): Promise<void> {
    const { log, hooks, asHookArbiter } = this.#state;
    if (this.isAccompanied || this.#state.stage !== "running") {
      log.warning("Cannot upgrade: another arbiter has been started already, or the server is not running");
      return;
    }
    this.#hasSuccessor = true;
    await callHook(hooks.preExec, "preExec", log, asHookArbiter);
    const { command, directory } = this.#context;
    const successor = startSuccessor(command, directory, this.#state.listeners);
    log.info(`Started the new arbiter (pid ${successor.pid ?? 0})`);
    const gone = (how: string): void => {
      if (!this.#hasSuccessor) return;
      this.#hasSuccessor = false;
      if (this.#state.stage !== "running") return;
      log.warning(`The new arbiter has ended (${how}); this one continues`);
      if (this.#state.wanted === 0) pool.setWanted(this.#state.options.workers);
    };
    successor.once("error", (error) => gone(error.message));
    successor.once("exit", (code, signal) => gone(signal ?? `exit code ${code}`));
    successor.unref();
  }

  /** Takes the name of the old arbiter once that has gone. */
  checkPromotion(): void {
    if (this.#predecessor === null || process.ppid === this.#predecessor) return;
    this.#predecessor = null;
    const { log, options, pidFile } = this.#state;
    log.info(`Promoted: the old arbiter has ended`);
    if (options.pid !== null) pidFile?.rename(options.pid);
    this.#notifier.notify(`MAINPID=${process.pid}`);
  }
}
