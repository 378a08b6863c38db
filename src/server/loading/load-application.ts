// Loads what a worker serves, whichever language it is in.
import { resolve } from "node:path";
import type { Guest } from "../../guests/lane/guest.ts";
import {
  setGuestDefaults,
  type GuestLogEntry,
  type GuestOptions,
  type GuestOutputLine,
} from "../../guests/lane/guest-options.ts";
import type { PythonLogging, PythonOptions } from "../../guests/python/options.ts";
import { isIniTarget } from "./ini-target.ts";
import { guestLanguageOf } from "./guest-language.ts";
import type { LoadedApplication } from "./loaded-application.ts";
import { logGuest } from "./log-guest.ts";
import { isSchemeTarget, loadSchemeTarget } from "./target-schemes.ts";
import { isCapturing } from "../logging/capture-output.ts";
import type { ErrorLog } from "../logging/error-log.ts";
import type { Settings } from "../settings/table.ts";

export type { LoadedApplication };

/** The settings that say how applications of other languages are run. */
type GuestRunSettings = Pick<
  Settings,
  | "arguments"
  | "workers"
  | "guestProcesses"
  | "threads"
  | "guestMemoryLimit"
  | "preload"
  | "timeout"
  | "gracefulTimeout"
  | "captureOutput"
  | "errorLogfile"
>;

/** The settings that say how Python is run. */
export type PythonRunSettings = GuestRunSettings &
  Pick<Settings, "python" | "workerClass" | "pythonHooks" | "logConfig" | "logConfigJson">;

/**
 * Loads an application.
 *
 * @param target - `file.ts`, `module:attribute`, `file.py:attribute`, `app.ini#name`, `app.ini?KEY=value#name`, `cgi:PROGRAM` …
 * @param output - receives what a guest prints. @default it goes where that of this process goes
 * @throws whatever keeps it from loading, with an `exitCode`
 */
export async function loadApplication(
  target: string,
  settings: PythonRunSettings & Partial<Pick<Settings, "interface" | "env" | "perl" | "ruby">>,
  log: ErrorLog,
  output?: PythonOptions["output"],
): Promise<LoadedApplication> {
  // For guests that nobody tells it: those of INI sections, and of TypeScript applications.
  const captured = output ?? (isCapturing(settings) ? print : undefined);
  setGuestDefaults({
    log: (entry, source) => logGuest(log, entry, source),
    ...(captured === undefined ? {} : { output: captured }),
  });
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
  const language = guestLanguageOf(target, settings.python);
  if (language === "python") return await loadPython(target, python());
  if (language !== null) return await loadGuest(language, target, settings, log, output);
  const { loadTarget } = await import("../../guests/typescript/load-target.ts");
  const { application } = await loadTarget(target, { interface: settings.interface ?? "auto" });
  return { application, close: () => Promise.resolve() };
}

async function loadPython(target: string, options: PythonOptions): Promise<LoadedApplication> {
  const { pythonApplication } = await import("../../guests/python/python-application.ts");
  return loaded(await pythonApplication({ ...options, target }));
}

async function loadGuest(
  language: "perl" | "ruby",
  target: string,
  settings: GuestRunSettings & Partial<Pick<Settings, "perl" | "ruby">>,
  log: ErrorLog,
  output: GuestOptions["output"],
): Promise<LoadedApplication> {
  const interpreter = settings[language] ?? null;
  const options = {
    ...guestOptions(settings, language, log),
    target,
    arguments: settings.arguments,
    ...(interpreter === null ? {} : { [language]: interpreter }),
    ...(output === undefined ? {} : { output }),
  };
  if (language === "perl") {
    const { perlApplication } = await import("../../guests/perl/perl-application.ts");
    return loaded(await perlApplication(options));
  }
  const { rubyApplication } = await import("../../guests/ruby/ruby-application.ts");
  return loaded(await rubyApplication(options));
}

function loaded(guest: Guest): LoadedApplication {
  return {
    application: guest.application,
    close: (graceSeconds) => guest.close(graceSeconds),
    files: () => guest.modules(),
    requestsInHand: () => guest.requestsInHand(),
  };
}

/** The options of a Python guest, whatever it runs. */
export function pythonOptions(settings: PythonRunSettings, log: Pick<ErrorLog, "log">): Omit<PythonOptions, "target"> {
  const logging = loggingOf(settings);
  const isGevent = settings.workerClass === "gevent";
  const { threads, ...common } = guestOptions(settings, "python", log);
  return {
    ...common,
    // One greenlet would be no reason to use gevent: the guest's own default is meant then.
    ...(isGevent && threads === 1 ? {} : { threads }),
    ...(isGevent ? { workerClass: "gevent" } : {}),
    arguments: settings.arguments,
    ...(settings.python === null ? {} : { python: settings.python }),
    ...(settings.pythonHooks === null ? {} : { hooks: settings.pythonHooks }),
    ...(logging === undefined ? {} : { logging }),
  };
}

/** The options of a guest in any language. */
function guestOptions(
  settings: GuestRunSettings,
  source: string,
  log: Pick<ErrorLog, "log">,
): GuestOptions & { readonly threads: number } {
  return {
    threads: settings.threads,
    processes: Math.max(1, settings.guestProcesses),
    isMultiprocess: settings.workers > 1 || settings.guestProcesses > 1,
    ...(settings.guestMemoryLimit === 0 ? {} : { memoryLimitBytes: settings.guestMemoryLimit }),
    preload: settings.preload,
    deadlineSeconds: settings.timeout,
    graceSeconds: settings.gracefulTimeout,
    ...(isCapturing(settings) ? { output: print } : {}),
    log: (entry: GuestLogEntry) => logGuest(log, entry, source),
  };
}

function loggingOf({ logConfig, logConfigJson }: PythonRunSettings): PythonLogging | undefined {
  if (logConfigJson !== null) return { file: resolve(logConfigJson), format: "json" };
  return logConfig === null ? undefined : { file: resolve(logConfig), format: "ini" };
}

/** Writes where TypeScript applications of this process write; that is captured. */
function print({ stream, text }: GuestOutputLine): void {
  process[stream].write(`${text}\n`);
}
