// Loads what a worker serves, whichever language it is in.
import { resolve } from "node:path";
import type { PythonLogEntry, PythonLogging, PythonOptions, PythonOutputLine } from "../../guests/python/options.ts";
import { isIniTarget } from "./ini-target.ts";
import { isPythonTarget } from "./is-python-target.ts";
import type { LoadedApplication } from "./loaded-application.ts";
import { isSchemeTarget, loadSchemeTarget } from "./target-schemes.ts";
import { isCapturing } from "../logging/capture-output.ts";
import type { ErrorLog } from "../logging/error-log.ts";
import type { Settings } from "../settings/table.ts";

export type { LoadedApplication };

/** The settings that say how Python is run. */
export type PythonRunSettings = Pick<
  Settings,
  | "arguments"
  | "workers"
  | "python"
  | "pythonProcesses"
  | "threads"
  | "workerClass"
  | "pythonMemoryLimit"
  | "preload"
  | "timeout"
  | "gracefulTimeout"
  | "captureOutput"
  | "errorLogfile"
  | "pythonHooks"
  | "logConfig"
  | "logConfigJson"
>;

/**
 * Loads an application.
 *
 * @param target - `file.ts`, `module:attribute`, `file.py:attribute`, `app.ini#name`, `app.ini?KEY=value#name`, `cgi:PROGRAM` …
 * @param output - receives what a Python application prints. @default it goes where that of this process goes
 * @throws whatever keeps it from loading, with an `exitCode`
 */
export async function loadApplication(
  target: string,
  settings: PythonRunSettings & Partial<Pick<Settings, "interface" | "env">>,
  log: ErrorLog,
  output?: PythonOptions["output"],
): Promise<LoadedApplication> {
  const python = (): PythonOptions => ({
    ...pythonOptions(settings, log),
    ...(output === undefined ? {} : { output }),
  });
  if (isIniTarget(target)) {
    const { loadIni } = await import("./load-ini.ts");
    return await loadIni(target, python(), log);
  }
  if (isSchemeTarget(target)) {
    return await loadSchemeTarget(target, { directory: process.cwd(), environment: settings.env ?? [], log });
  }
  if (isPythonTarget(target, settings.python)) return await loadPython(target, python());
  const { loadTarget } = await import("../../guests/typescript/load-target.ts");
  const { application } = await loadTarget(target, { interface: settings.interface ?? "auto" });
  return { application, close: () => Promise.resolve() };
}

async function loadPython(target: string, options: PythonOptions): Promise<LoadedApplication> {
  const { pythonApplication } = await import("../../guests/python/python-application.ts");
  const guest = await pythonApplication({ ...options, target });
  return {
    application: guest.application,
    close: (graceSeconds) => guest.close(graceSeconds),
    files: () => guest.modules(),
    pythonStats: () => guest.stats(),
    requestsInHand: () => guest.requestsInHand(),
  };
}

/** The options of a Python guest, whatever it runs. */
export function pythonOptions(settings: PythonRunSettings, log: Pick<ErrorLog, "log">): Omit<PythonOptions, "target"> {
  const logging = loggingOf(settings);
  const isGevent = settings.workerClass === "gevent";
  return {
    // One greenlet would be no reason to use gevent: the guest's own default is meant then.
    ...(isGevent && settings.threads === 1 ? {} : { threads: settings.threads }),
    ...(isGevent ? { workerClass: "gevent" } : {}),
    processes: Math.max(1, settings.pythonProcesses),
    isMultiprocess: settings.workers > 1 || settings.pythonProcesses > 1,
    ...(settings.pythonMemoryLimit === 0 ? {} : { memoryLimitBytes: settings.pythonMemoryLimit }),
    preload: settings.preload,
    arguments: settings.arguments,
    deadlineSeconds: settings.timeout,
    graceSeconds: settings.gracefulTimeout,
    ...(settings.python === null ? {} : { python: settings.python }),
    ...(settings.pythonHooks === null ? {} : { hooks: settings.pythonHooks }),
    ...(logging === undefined ? {} : { logging }),
    ...(isCapturing(settings) ? { output: print } : {}),
    log: (entry: PythonLogEntry) => {
      const request = entry.request === undefined ? "" : ` (${entry.request})`;
      log.log(entry.level, `python [${entry.pid ?? "-"}]${request}: ${entry.message}`);
    },
  };
}

function loggingOf({ logConfig, logConfigJson }: PythonRunSettings): PythonLogging | undefined {
  if (logConfigJson !== null) return { file: resolve(logConfigJson), format: "json" };
  return logConfig === null ? undefined : { file: resolve(logConfig), format: "ini" };
}

/** Writes where TypeScript applications of this process write; that is captured. */
function print({ stream, text }: PythonOutputLine): void {
  process[stream].write(`${text}\n`);
}
