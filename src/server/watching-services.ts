// What runs beside the arbiter because the settings ask for it; nothing of it is loaded otherwise.
import type { ArbiterService } from "./arbiter-control.ts";
import type { ErrorLog } from "./logging/error-log.ts";
import type { Settings } from "./settings/table.ts";
import { messageOf, ListenError } from "./errors.ts";
import { isUpgrade } from "./upgrade.ts";

const RETRY_MILLISECONDS = 500;

/**
 * Makes the services of the settings `stats`, `controlSocket` and `statsdHost`.
 *
 * @param settings - also what `tsgi ctl show config` shows
 * @param log - says where they listen
 */
export async function watchingServices(settings: Settings, log: ErrorLog): Promise<ArbiterService[]> {
  const services: ArbiterService[] = [];
  if (settings.stats !== null) {
    const { StatsServer } = await import("./stats-server.ts");
    const server = new StatsServer(settings.stats);
    services.push(afterPredecessor(server, log, () => log.info(`Statistics at: ${server.address}`)));
  }
  if (settings.controlSocket !== null) {
    const { ControlServer } = await import("./control-server.ts");
    const path = settings.controlSocket;
    services.push(
      afterPredecessor(new ControlServer(path, settings), log, () => log.info(`Control socket at: unix:${path}`)),
    );
  }
  if (settings.statsdHost !== null) {
    const { StatsdReporter } = await import("./metrics/statsd.ts");
    const { statsdHost: host, statsdPrefix: prefix, dogstatsdTags: tags } = settings;
    services.push(new StatsdReporter({ host, prefix, tags }));
  }
  return services;
}

/** An upgraded server finds the address still taken by the one it replaces: it takes over when that one has gone. */
function afterPredecessor(service: ArbiterService, log: ErrorLog, started: () => void): ArbiterService {
  const mayWait = isUpgrade();
  let timer: NodeJS.Timeout | null = null;
  return {
    async start(control) {
      try {
        await service.start(control);
        started();
      } catch (error) {
        if (!mayWait || !(error instanceof ListenError) || error.code !== "ERR_TSGI_ADDRESS_IN_USE") throw error;
        timer = setTimeout(() => {
          this.start(control).catch((reason: unknown) => log.error(messageOf(reason)));
        }, RETRY_MILLISECONDS).unref();
      }
    },
    async close() {
      if (timer !== null) clearTimeout(timer);
      await service.close();
    },
  };
}
