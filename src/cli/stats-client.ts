// Reads the statistics of a running server from its private listener.
import { request } from "node:http";
import type { ArbiterSnapshot } from "../server/metrics/arbiter-snapshot.ts";
import type { WorkerStats } from "../server/metrics/worker-stats.ts";
import { parseBind } from "../server/sockets/bind-address.ts";
import { CommandError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";

/** What `/stats` answers. */
export type StatsDocument = Omit<ArbiterSnapshot, "endedStats" | "startedAt"> & {
  readonly startedAt: string;
  readonly total: WorkerStats;
};

const PATIENCE_MILLISECONDS = 5000;

/**
 * Reads them once.
 *
 * @param address - `HOST:PORT` or `unix:PATH`
 * @throws CommandError when nobody answers there
 */
export function fetchStats(address: string): Promise<StatsDocument> {
  const where = parseBind(address);
  const to =
    where.kind === "unix"
      ? { socketPath: where.path }
      : where.kind === "tcp"
        ? { host: where.host, port: where.port }
        : {};
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(unreachable(address, error));
    const asked = request({ ...to, path: "/stats", agent: false, timeout: PATIENCE_MILLISECONDS }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", fail);
      response.on("end", () => {
        try {
          if (response.statusCode !== 200) throw new Error(`it answers ${response.statusCode}`);
          resolve(JSON.parse(text) as StatsDocument);
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within five seconds")));
    asked.on("error", fail);
    asked.end();
  });
}

function unreachable(address: string, error: Error): CommandError {
  return new CommandError(
    EXIT_CODES.addressUnusable,
    "ERR_TSGI_STATS",
    `Cannot read the statistics at ${address}: ${error.message}`,
    { cause: error },
  );
}
