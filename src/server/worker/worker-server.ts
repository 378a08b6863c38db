// The one place where settings become a serving HTTP server: the engine with its limits, and the gateway with its logs and hooks.
import type { AccessEntry } from "../../gateways/access-entry.ts";
import { forwardedFieldNamed } from "../../gateways/forwarded.ts";
import { HttpGateway } from "../../gateways/http/gateway.ts";
import { TrustedProxies } from "../../gateways/trusted-proxies.ts";
import type { ProxyProtocolOptions } from "../../http/proxy-protocol.ts";
import { HttpServer } from "../../http/server.ts";
import { encodeNative } from "../../wsgi/native-string.ts";
import { occasionally } from "../../wsgi/occasionally.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../wsgi/types.ts";
import { callHook } from "../settings/call-hook.ts";
import { engineLimits } from "./engine-options.ts";
import type { ErrorLog } from "../logging/error-log.ts";
import type { RefusalLog } from "../logging/refusal-log.ts";
import type { WorkerCounters } from "../metrics/worker-counters.ts";
import type { Hooks, HookWorker } from "../settings/hooks.ts";
import type { Settings } from "../settings/table.ts";

/** What hears of requests. */
export interface RequestListeners {
  readonly log: ErrorLog;
  readonly refusals: RefusalLog;
  /** Null when no access log is wanted. */
  readonly logAccess: ((entry: AccessEntry) => void) | null;
  readonly counters: WorkerCounters;
  readonly hooks: Hooks;
  /** The worker, as hooks see it. */
  readonly hookWorker: HookWorker;
  /** Told of each request that begins, with how many there have been. */
  readonly begun: (requestCount: number) => void;
  /** Told of each request that missed its deadline. */
  readonly timedOut: (environ: WSGIEnvironment, elapsedSeconds: number) => void;
}

/** Makes the gateway of a worker. */
export function makeGateway(
  application: WSGIApplication,
  settings: Settings,
  listeners: RequestListeners,
): HttpGateway {
  const { log, refusals, begun, timedOut } = listeners;
  // Without free descriptors the listener fails with each turn of the event loop.
  const mayTell = occasionally();
  return new HttpGateway(withRequestHook(application, listeners), {
    errors: log.toErrorStream(),
    isMultiprocess: settings.workers > 1,
    timeoutSeconds: settings.timeout,
    maxInFlight: settings.maxInFlight,
    accessLog: accessReporter(listeners),
    trustedProxies: TrustedProxies.parse(settings.forwardedAllowIps),
    // Their names were checked with the settings.
    forwardedFields: settings.forwardedHeaders.flatMap((name) => forwardedFieldNamed(name) ?? []),
    scriptName: encodeNative(settings.scriptName).replace(/\/$/, ""),
    warn: (message) => log.warning(message),
    begun,
    timedOut,
    refused: (error, remoteAddress) => refusals.tell("", remoteAddress, error.message),
    acceptFailed: ({ message }) => {
      if (mayTell()) log.error(`Cannot accept connections: ${message}; open connections are still served`);
    },
  });
}

/** Makes the engine of a worker; nothing listens yet. */
export function makeWorkerServer(gateway: HttpGateway, settings: Settings): HttpServer {
  return new HttpServer(gateway, { limits: engineLimits(settings), proxyProtocol: proxyProtocolOf(settings) });
}

function accessReporter({
  counters,
  logAccess: write,
  hooks,
  hookWorker,
  log,
}: RequestListeners): (entry: AccessEntry) => void {
  const { postRequest } = hooks;
  if (postRequest === undefined) {
    return function reportRequest(entry) {
      counters.record(entry);
      write?.(entry);
    };
  }
  return (entry) => {
    counters.record(entry);
    write?.(entry);
    const response = { status: entry.status, headers: entry.responseHeaders };
    void callHook(postRequest, "postRequest", log, hookWorker, entry.environ, response);
  };
}

function withRequestHook(application: WSGIApplication, { hooks, hookWorker }: RequestListeners): WSGIApplication {
  const { preRequest } = hooks;
  if (preRequest === undefined) return application;
  return function withPreRequest(environ, startResponse) {
    preRequest(hookWorker, environ);
    return application(environ, startResponse);
  };
}

/** Peers on a unix socket always may, as with gunicorn: only a front end of this machine is there. */
function proxyProtocolOf({ proxyProtocol, proxyAllowIps }: Settings): ProxyProtocolOptions | undefined {
  if (proxyProtocol === "off") return undefined;
  const trusted = TrustedProxies.parse([...proxyAllowIps, "unix"]);
  return { version: proxyProtocol, isAllowed: (address) => trusted.isTrusted(address) };
}
