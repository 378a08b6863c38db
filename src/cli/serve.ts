// `tsgi TARGET`: resolves the settings and hands over to the arbiter, which serves until a signal ends it. Log lines are gunicorn's.
import { resolve } from "node:path";
import { Arbiter } from "../server/arbiter.ts";
import type { ArbiterOptions } from "../server/arbiter-options.ts";
import { LogFile } from "../server/logging/log-file.ts";
import type { Hooks } from "../server/settings/hooks.ts";
import type { Layer } from "../server/settings/layer.ts";
import { resolveSettings } from "../server/settings/resolve.ts";
import type { Settings } from "../server/settings/table.ts";
import { watchingServices } from "../server/watching-services.ts";
import { exitCodeOf, UsageError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { openErrorLog } from "./open-error-log.ts";
import { reloadChild } from "./reload-child.ts";

/** Set in the process that --daemon starts in the background. */
const DAEMON_VARIABLE = "TSGI_IN_BACKGROUND";

/**
 * Serves until a signal ends it.
 *
 * @param target - as `loadTarget` takes it; undefined when the settings name one
 * @param commandLine - the settings of the command line
 * @param version - of this package
 * @returns the exit code of the process
 * @throws TargetError when the application cannot be loaded, ServerError or CommandError when it cannot be served
 */
export async function serve(target: string | undefined, commandLine: Layer, version: string): Promise<number> {
  const directory = process.cwd();
  const resolved = await resolveSettings({ commandLine });
  const { settings, hooks } = resolved;
  if (settings.printConfig || settings.checkConfig) {
    await check(settings);
    const { showConfig } = await import("./show-config.ts");
    return await showConfig(resolved, target ?? settings.target);
  }
  const options = { ...settings, target: requireTarget(target, settings) };
  const child = reloadChild();
  if (child !== undefined) {
    const { serveInProcess } = await import("./serve-in-process.ts");
    return await serveInProcess(options.target, settings, child);
  }
  if (settings.reload) {
    const { superviseReload } = await import("./reload.ts");
    return await superviseReload(options.target, settings, openErrorLog(settings));
  }
  await check(settings);
  const isInBackground = process.env[DAEMON_VARIABLE] !== undefined;
  if (settings.daemon && !isInBackground) {
    const { daemonize } = await import("../server/daemon.ts");
    return await daemonize(DAEMON_VARIABLE, settings.enableStdioInheritance);
  }
  if (settings.chdir !== null) process.chdir(resolve(directory, settings.chdir));
  const log = openErrorLog(settings);
  const arbiter = new Arbiter(options, {
    log,
    version,
    hooks,
    directory,
    command: process.argv.slice(1),
    reread: () => reread(target, commandLine, directory),
    services: await watchingServices(settings, log),
    whenReady: isInBackground ? reportReady : undefined,
  });
  try {
    return await arbiter.run();
  } catch (error) {
    if (isInBackground) await reportFailure(error);
    throw error;
  }
}

async function reportReady(): Promise<void> {
  const { tellForeground } = await import("../server/daemon.ts");
  await tellForeground({ type: "daemon-ready" });
}

async function reportFailure(error: unknown): Promise<void> {
  const { tellForeground } = await import("../server/daemon.ts");
  const detail = error instanceof Error && "detail" in error && error.detail !== "" ? `${String(error.detail)}\n` : "";
  const text = `tsgi: ${error instanceof Error ? error.message : String(error)}\n${detail}`;
  await tellForeground({ type: "daemon-failed", text, exitCode: exitCodeOf(error) ?? EXIT_CODES.unexpected });
}

/** The settings again, for a reload: the command line stays, the environment too, the configuration file may have changed. */
async function reread(
  target: string | undefined,
  commandLine: Layer,
  directory: string,
): Promise<{ options: ArbiterOptions; hooks: Hooks }> {
  const { settings, hooks } = await resolveSettings({ commandLine, directory });
  await check(settings);
  return { options: { ...settings, target: requireTarget(target, settings) }, hooks };
}

function requireTarget(target: string | undefined, settings: Settings): string {
  const chosen = target ?? settings.target;
  if (chosen === null) throw new UsageError("Missing required argument 'target'");
  return chosen;
}

/** Finds faults of the settings that only a look at files or formats shows, before anything is started. */
async function check(settings: Settings): Promise<void> {
  if (
    settings.certfile !== null ||
    settings.keyfile !== null ||
    settings.caCerts !== null ||
    settings.certReqs !== "0"
  ) {
    const { tlsOptions } = await import("./tls-files.ts");
    await tlsOptions(settings);
  }
  if (settings.accessLogfile !== null) {
    const { compileAccessLogFormat } = await import("../server/logging/access-log.ts");
    compileAccessLogFormat(settings.accessLogformat);
    if (settings.accessLogfile !== "-") LogFile.open(settings.accessLogfile).close();
  }
}
