// The settings as the HTTP engine and the gateway take them.
import type { Limits } from "../../http/limits.ts";
import type { Settings } from "../settings/table.ts";

/**
 * Limits and timeouts of the engine.
 *
 * @param settings - where 0 means "no limit", as gunicorn's users expect
 */
export function engineLimits(settings: Settings): Partial<Limits> {
  return {
    maxRequestLineBytes: orEndless(settings.limitRequestLine),
    maxFields: orEndless(settings.limitRequestFields),
    maxFieldBytes: orEndless(settings.limitRequestFieldSize),
    maxHeadBytes: orEndless(settings.limitRequestHead),
    maxBodyBytes: settings.limitRequestBody,
    maxConnections: settings.workerConnections,
    headTimeoutSeconds: orEndless(settings.headTimeout),
    bodyTimeoutSeconds: orEndless(settings.bodyTimeout),
    writeTimeoutSeconds: orEndless(settings.writeTimeout),
    keepAliveTimeoutSeconds: settings.keepAlive,
    maxRequestsPerConnection: settings.keepAlive === 0 ? 1 : 0,
  };
}

function orEndless(limit: number): number {
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}
