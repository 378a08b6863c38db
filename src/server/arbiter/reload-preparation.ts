// What a reload opens before it is decided whether it takes place: sockets, logs, pid file, services. Nothing that is open is touched.
import { isDirectory } from "../../is-file.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import { enterDirectory } from "../settings/enter-directory.ts";
import { messageOf, SettingError } from "../errors.ts";
import type { Listener } from "../sockets/listeners.ts";
import { openErrorOutput } from "../logging/open-logs.ts";
import { type Preparation, prepareAll } from "./preparation.ts";
import { keepAtStartOnly } from "../settings/at-start-only.ts";
import type { SettingName } from "../settings/table.ts";
import type { ArbiterContext } from "./arbiter-context.ts";
import type { ArbiterSockets } from "./arbiter-sockets.ts";
import type { ArbiterState } from "./arbiter-state.ts";
import type { Succession } from "./succession.ts";
import { directoryOf } from "./worker-pool.ts";

/** The settings that the arbiter's own log is made from. */
const ERROR_LOG_SETTINGS = [
  "errorLogfile",
  "logLevel",
  "syslog",
  "syslogAddr",
  "syslogPrefix",
  "syslogFacility",
  "procName",
  "user",
] as const satisfies readonly SettingName[];

/** Prepares reloads. */
export class ReloadPreparation {
  readonly #state: ArbiterState;
  readonly #context: ArbiterContext;
  readonly #sockets: ArbiterSockets;
  readonly #succession: Succession;

  constructor(state: ArbiterState, context: ArbiterContext, sockets: ArbiterSockets, succession: Succession) {
    this.#state = state;
    this.#context = context;
    this.#sockets = sockets;
    this.#succession = succession;
  }

  /** Options as a reload can apply them; the log says which cannot. */
  applicable(wanted: ArbiterOptions): ArbiterOptions {
    const { options: current } = this.#state;
    const { settings: options, kept } = keepAtStartOnly(current, wanted);
    for (const name of kept) this.#warnOfKept(name, wanted, "until the server is started again");
    // The old arbiter still accepts on the sockets that it shares with this one.
    const { hasPredecessor } = this.#succession;
    if (!hasPredecessor && !this.#sockets.areActivated) return options;
    if (JSON.stringify(options.bind) !== JSON.stringify(current.bind)) {
      this.#warnOfKept(
        "bind",
        wanted,
        hasPredecessor ? "while the old arbiter is there" : "since systemd opens sockets",
      );
    }
    return { ...options, bind: current.bind };
  }

  /**
   * Opens what new options ask for, beside what is open.
   *
   * @returns the sockets of the new generation, and what completes or undoes all that was opened
   * @throws whatever keeps something from being opened; all that was opened is closed again then
   */
  async prepare(
    options: ArbiterOptions,
  ): Promise<{ readonly listeners: readonly Listener[]; readonly prepared: Preparation }> {
    let { listeners } = this.#state;
    const openSockets = async (): Promise<Preparation | null> => {
      if (this.#succession.hasPredecessor || this.#sockets.areActivated) return null;
      const { all, opened } = await this.#sockets.reopen(options, listeners);
      listeners = all;
      const close = (): void => {
        for (const listener of opened) listener.close();
      };
      return { commit() {}, abort: close };
    };
    const prepared = await prepareAll([
      () => this.#prepareDirectory(options),
      openSockets,
      () => this.#prepareLog(options),
      () => this.#preparePidFile(options),
      () => this.#context.services?.prepare(options) ?? null,
    ]);
    return { listeners, prepared };
  }

  #warnOfKept(name: SettingName, wanted: ArbiterOptions, how: string): void {
    const [current, configured] = [this.#state.options[name], wanted[name]].map((value) => JSON.stringify(value));
    this.#state.log.warning(
      `This reload cannot change ${name}: it stays ${current} ${how}; the configuration says ${configured}`,
    );
  }

  #prepareDirectory(options: ArbiterOptions): Preparation {
    const directory = directoryOf(options, this.#context.directory);
    if (!isDirectory(directory))
      throw new SettingError(`Cannot change to the directory "${directory}" (--chdir): there is none`);
    const enter = (): void => {
      try {
        enterDirectory(directory);
      } catch (error) {
        this.#state.log.error(messageOf(error));
      }
    };
    return { commit: enter, abort() {} };
  }

  #prepareLog(options: ArbiterOptions): Preparation | null {
    if (ERROR_LOG_SETTINGS.every((name) => options[name] === this.#state.options[name])) return null;
    const { log } = openErrorOutput(options);
    return { commit: () => this.#state.log.become(log), abort: () => log.close() };
  }

  async #preparePidFile({ pid }: ArbiterOptions): Promise<Preparation | null> {
    if (pid === this.#state.options.pid) return null;
    const file = await this.#succession.createPidFile(pid);
    const commit = (): void => {
      this.#state.pidFile?.remove();
      this.#state.pidFile = file;
    };
    return { commit, abort: () => file?.remove() };
  }
}
