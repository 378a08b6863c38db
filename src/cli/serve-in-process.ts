// The serving process below --reload: loads an application and serves it in this process, which a change of the source replaces.
import { rmSync } from "node:fs";
import { loadApplication } from "../server/load-application.ts";
import { accessLog } from "../server/logging/access-log.ts";
import type { ErrorLog } from "../server/logging/error-log.ts";
import { escapeText } from "../server/logging/escape-text.ts";
import { LogFile } from "../server/logging/log-file.ts";
import type { ServerOptions, WSGIServer } from "../server/make-server.ts";
import type { Settings } from "../server/settings/table.ts";
import { type BindAddress, formatBindAddress, parseBindAddress } from "./bind-address.ts";
import { AddressInUseError, AddressUnusableError, CommandError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import type { ReloadChild } from "./reload-child.ts";
import { openErrorLog } from "./open-error-log.ts";
import { StopSignals } from "./stop-signals.ts";
import { tlsOptions } from "./tls-files.ts";
import { removeStaleSocket } from "./unix-socket.ts";

/**
 * Serves until SIGTERM or SIGINT.
 *
 * @param target - as `loadTarget` takes it
 * @param child - the conversation with the watching parent
 * @returns the exit code of the process
 * @throws TargetError when the application cannot be loaded, CommandError when it cannot be served
 */
export async function serveInProcess(target: string, settings: Settings, child: ReloadChild): Promise<number> {
  const stop = new StopSignals(child);
  const log = openErrorLog(settings);
  const addresses = child.addresses ?? settings.bind.map(parseBindAddress);
  const options = await serverOptions(settings, log);
  const [{ makeServer }, loaded] = await Promise.all([
    import("../server/make-server.ts"),
    loadApplication(target, settings, log),
  ]);
  const { application } = loaded;
  if (stop.isAsked) return EXIT_CODES.success;
  const servers = addresses.map((address) => {
    return "path" in address
      ? makeServer(`unix:${address.path}`, 0, application, options)
      : makeServer(address.host, address.port, application, options);
  });
  await listenAll(servers, addresses);
  announce(servers, log, child);
  process.on("SIGUSR1", () => reopen(log, log));
  await stopWhenAsked(servers, stop, settings.gracefulTimeout, log);
  await loaded.close(0);
  return EXIT_CODES.success;
}

async function serverOptions(settings: Settings, log: ErrorLog): Promise<ServerOptions> {
  const base: ServerOptions = {
    backlog: settings.backlog,
    errors: log.toErrorStream(),
    tls: await tlsOptions(settings),
    refused: (error, address) =>
      log.warning(`Invalid request from ip=${escapeText(address)}: ${escapeText(error.message)}`),
    acceptFailed: (error) => log.error(`Cannot accept a connection: ${error.message}`),
  };
  if (settings.accessLogfile === null) return base;
  const file = LogFile.open(settings.accessLogfile === "-" ? 1 : settings.accessLogfile);
  process.on("SIGUSR1", () => reopen(file, log));
  return { ...base, accessLog: accessLog(file, settings.accessLogformat) };
}

/** After a rotation. A log that cannot be opened again stays with its old file rather than end the server. */
function reopen(file: { reopen(): void }, log: ErrorLog): void {
  try {
    file.reopen();
  } catch (error) {
    log.error(error instanceof Error ? error.message : String(error));
  }
}

async function listenAll(servers: readonly WSGIServer[], addresses: readonly BindAddress[]): Promise<void> {
  for (const [index, server] of servers.entries()) {
    const address = addresses[index] as BindAddress; // made from this list, one for one
    try {
      // One after another, so that the first address that fails is the one that is named.
      if ("path" in address) await removeStaleSocket(address.path);
      await server.listen();
    } catch (error) {
      await Promise.all(servers.slice(0, index).map((other) => other.close(0)));
      throw explainListenError(error, formatBindAddress(address));
    }
  }
}

const ADDRESS_FAULTS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name cannot be looked up",
  EAFNOSUPPORT: "this machine does not support the kind of address",
  ENOTDIR: "a part of the path is not a directory",
  ENAMETOOLONG: "the path is too long for a socket",
  EINVAL: "the address or path is not valid",
};

function explainListenError(error: unknown, address: string): unknown {
  if (error instanceof CommandError) return error;
  const code = systemCode(error) ?? systemCode(error instanceof Error ? error.cause : undefined) ?? "";
  if (code === "EADDRINUSE") return new AddressInUseError(address, { cause: error });
  const reason = ADDRESS_FAULTS[code];
  if (reason !== undefined) return new AddressUnusableError(address, reason, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new CommandError(EXIT_CODES.boot, "ERR_TSGI_BOOT", `Cannot listen at ${address}: ${message}`, {
    cause: error,
  });
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function announce(servers: readonly WSGIServer[], log: ErrorLog, child: ReloadChild): void {
  const urls = servers.map(({ address, url }) => ("path" in address ? formatBindAddress(address) : url));
  log.info(`Listening at: ${urls.join(",")} (${process.pid})`);
  child.reportListening(servers.map((server) => server.address));
}

async function stopWhenAsked(
  servers: readonly WSGIServer[],
  stop: StopSignals,
  graceSeconds: number,
  log: ErrorLog,
): Promise<void> {
  log.info(`Handling signal: ${await stop.first}`);
  const closed = Promise.all(servers.map((server) => server.close(graceSeconds)));
  const quick = stop.second.then((name): void => {
    log.info(`Handling signal: ${name}; ending the requests that still run`);
    for (const { address } of servers) if ("path" in address) rmSync(address.path, { force: true });
    return undefined;
  });
  await Promise.race([closed, quick]);
  log.info("Shutting down: tsgi");
}
