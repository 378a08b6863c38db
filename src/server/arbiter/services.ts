// What runs beside the arbiter because the settings ask for it: statistics, control socket, StatsD; or how it was started. Nothing of it is loaded otherwise.
// A reload opens what other settings ask for before anything is closed, so that a wrong address leaves all as it was.
import type { ArbiterControl, ArbiterService } from "../control/arbiter-control.ts";
import { ListenError, messageOf } from "../errors.ts";
import type { ErrorLog } from "../logging/error-log.ts";
import { isRunByNpm, NpmParent } from "./npm-parent.ts";
import type { Preparation } from "./preparation.ts";
import type { SettingName, Settings } from "../settings/table.ts";
import { isUpgrade } from "./upgrade.ts";

const RETRY_MILLISECONDS = 500;

/** One service, and the settings that it is made from. */
interface ServiceKind {
  readonly settings: readonly SettingName[];
  /**
   * @param isUpgrade - the server takes the place of another one, which is its parent
   * @returns null when the settings ask for none
   */
  make(settings: Settings, showConfig: () => Settings, isUpgrade: boolean): Promise<ArbiterService | null>;
}

const KINDS: readonly ServiceKind[] = [
  {
    settings: ["stats"],
    async make({ stats }) {
      return stats === null ? null : new (await import("../control/stats-server.ts")).StatsServer(stats);
    },
  },
  {
    settings: ["controlSocket"],
    async make({ controlSocket }, showConfig) {
      if (controlSocket === null) return null;
      return new (await import("../control/control-server.ts")).ControlServer(controlSocket, showConfig);
    },
  },
  {
    settings: ["statsdHost", "statsdPrefix", "statsdNames", "dogstatsdTags"],
    async make({ statsdHost: host, statsdPrefix: prefix, statsdNames: names, dogstatsdTags: tags }) {
      if (host === null) return null;
      return new (await import("../control/statsd.ts")).StatsdReporter({ host, prefix, names, tags });
    },
  },
  {
    settings: [],
    // The parent of a daemon, and of a successor, is meant to end.
    async make({ daemon }, _, isUpgraded) {
      return daemon || isUpgraded || !isRunByNpm() ? null : new NpmParent();
    },
  },
];

/** The services of a server. */
export class Services {
  #settings: Settings;
  readonly #log: ErrorLog;
  /** An upgraded server finds addresses still taken by the one it replaces. */
  readonly #isUpgrade = isUpgrade();
  readonly #running = new Map<ServiceKind, ArbiterService>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #starting: Promise<unknown> = Promise.resolve();
  #control: ArbiterControl | null = null;

  constructor(settings: Settings, log: ErrorLog) {
    this.#settings = settings;
    this.#log = log;
  }

  /**
   * Starts what the settings ask for.
   *
   * @throws ListenError or SettingError when something cannot start
   */
  async start(control: ArbiterControl): Promise<void> {
    this.#control = control;
    const started = this.#startAll(control);
    this.#starting = started.catch(() => {});
    await started;
  }

  /**
   * Opens what other settings ask for, beside what runs.
   *
   * @param settings - that are to hold
   * @throws ListenError or SettingError when something cannot start
   */
  async prepare(settings: Settings): Promise<Preparation> {
    await this.#starting;
    const control = this.#control;
    const changed = KINDS.filter((kind) => kind.settings.some((name) => settings[name] !== this.#settings[name]));
    const opened = new Map<ServiceKind, ArbiterService>();
    const abort = (): void => {
      for (const service of opened.values()) this.#closeLater(service);
    };
    try {
      for (const kind of control === null ? [] : changed) {
        const service = await kind.make(settings, () => this.#settings, this.#isUpgrade);
        if (service === null) continue;
        opened.set(kind, service);
        await service.start(control as ArbiterControl); // checked above
      }
    } catch (error) {
      abort();
      throw error;
    }
    return { abort, commit: () => this.#replace(changed, opened, settings) };
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const service of this.#running.values()) {
      await service.close().catch((error: unknown) => this.#log.error(messageOf(error)));
    }
  }

  async #startAll(control: ArbiterControl): Promise<void> {
    for (const kind of KINDS) {
      const service = await kind.make(this.#settings, () => this.#settings, this.#isUpgrade);
      if (service === null) continue;
      this.#running.set(kind, service);
      await this.#startOne(service, control);
    }
  }

  async #startOne(service: ArbiterService, control: ArbiterControl): Promise<void> {
    try {
      await service.start(control);
    } catch (error) {
      const isTaken = error instanceof ListenError && error.code === "ERR_TSGI_ADDRESS_IN_USE";
      if (!this.#isUpgrade || !isTaken) throw error;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#startOne(service, control).catch((reason: unknown) => this.#log.error(messageOf(reason)));
      }, RETRY_MILLISECONDS).unref();
      this.#timers.add(timer);
      return;
    }
    this.#begin(service, false);
  }

  #replace(
    changed: readonly ServiceKind[],
    opened: ReadonlyMap<ServiceKind, ArbiterService>,
    settings: Settings,
  ): void {
    this.#settings = settings;
    for (const kind of changed) {
      const before = this.#running.get(kind);
      this.#running.delete(kind);
      if (before !== undefined) this.#closeLater(before);
      const service = opened.get(kind);
      if (service === undefined) continue;
      this.#running.set(kind, service);
      this.#begin(service, true);
    }
  }

  #begin(service: ArbiterService, isLate: boolean): void {
    service.begin?.(isLate);
    if (service.announcement !== undefined) this.#log.info(service.announcement);
  }

  #closeLater(service: ArbiterService): void {
    service.close().catch((error: unknown) => this.#log.error(messageOf(error)));
  }
}
