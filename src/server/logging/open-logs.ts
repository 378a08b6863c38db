// Opens the logs of a process as the settings say.
import type { AccessEntry } from "../../gateways/access-entry.ts";
import type { ErrorStream } from "../../wsgi/types.ts";
import { findIdentity } from "../../identity.ts";
import { accessLog } from "./access-log.ts";
import { captureOutput, isCapturing } from "./capture-output.ts";
import { ErrorLog, type LogLevel } from "./error-log.ts";
import { jsonAccessLog } from "./json-access-log.ts";
import { type LineWriter, writeToAll } from "./line-writer.ts";
import { LogFile } from "./log-file.ts";
import { parseSyslogAddress, Syslog, type SyslogFacility } from "./syslog.ts";

/** The settings of logging, under their own names. */
export interface LogSettings {
  readonly accessLogfile: string | null;
  readonly accessLogformat: string;
  readonly accessLogStyle: "gunicorn" | "json";
  readonly errorLogfile: string;
  readonly logLevel: LogLevel;
  readonly captureOutput: boolean;
  readonly syslog: boolean;
  readonly syslogAddr: string;
  readonly syslogPrefix: string | null;
  readonly syslogFacility: SyslogFacility;
  readonly procName?: string | null;
  /** The user that workers become. */
  readonly user?: string | null;
}

/** What an error log writes to. */
export interface ErrorOutput {
  readonly log: ErrorLog;
  readonly file: LogFile;
  readonly syslog: Syslog | null;
}

/** The logs of a process. */
export interface Logs {
  readonly errorLog: ErrorLog;
  /** `wsgi.errors`. */
  readonly errors: ErrorStream;
  /** Writes one line; null when no access log is wanted. */
  readonly logAccess: ((entry: AccessEntry) => void) | null;
  /** After a rotation. A file that cannot be opened again stays in use; the error log says so. */
  reopen(): void;
  /** Writes what is left. */
  close(): void;
}

/**
 * Opens the error log.
 *
 * @throws LoggingError when its file or the address of syslog cannot be used
 */
export function openErrorOutput(settings: Omit<LogSettings, "accessLogfile" | "accessLogformat">): ErrorOutput {
  const syslog = openSyslog(settings);
  const file = LogFile.open(settings.errorLogfile === "-" ? 2 : settings.errorLogfile, ownerOf(settings));
  return { file, syslog, log: new ErrorLog(file, settings.logLevel, syslog) };
}

/**
 * Opens the logs of a worker. Output is captured from then on, if that is wanted.
 *
 * @param output - when the error log is open already
 * @throws LoggingError when a file, a format or an address cannot be used
 */
export function openLogs(settings: LogSettings, output: ErrorOutput = openErrorOutput(settings)): Logs {
  const { log: errorLog, file: errorFile, syslog } = output;
  const accessFile = openAccessFile(settings);
  const writers: LineWriter[] = accessFile === null ? [] : [accessFile];
  if (syslog !== null) writers.push(syslog.lines("info"));
  const release = isCapturing(settings) ? captureOutput(errorFile) : null;
  return {
    errorLog,
    errors: errorLog.toErrorStream(),
    logAccess: writers.length === 0 ? null : formatted(writeToAll(writers), settings),
    reopen() {
      for (const file of [errorFile, accessFile]) reopen(file, errorLog);
    },
    close() {
      release?.();
      syslog?.close();
      accessFile?.close();
      errorFile.close();
    },
  };
}

/**
 * Opens the file of the access log.
 *
 * @returns null when there is none
 * @throws LoggingError when it cannot be opened
 */
export function openAccessFile(settings: Pick<LogSettings, "accessLogfile" | "user">): LogFile | null {
  const { accessLogfile } = settings;
  if (accessLogfile === null) return null;
  return LogFile.open(accessLogfile === "-" ? 1 : accessLogfile, ownerOf(settings));
}

/** Root's files are given to the user of the workers. */
function ownerOf({ user = null }: Pick<LogSettings, "user">): number | undefined {
  return user === null || process.geteuid?.() !== 0 ? undefined : findIdentity(user, null).uid;
}

function openSyslog(settings: Omit<LogSettings, "accessLogfile" | "accessLogformat">): Syslog | null {
  if (!settings.syslog) return null;
  const name = settings.syslogPrefix ?? settings.procName ?? "tsgi";
  return new Syslog({ address: parseSyslogAddress(settings.syslogAddr), facility: settings.syslogFacility, name });
}

function formatted(writer: LineWriter, settings: LogSettings): (entry: AccessEntry) => void {
  return settings.accessLogStyle === "json" ? jsonAccessLog(writer) : accessLog(writer, settings.accessLogformat);
}

function reopen(file: LogFile | null, errorLog: ErrorLog): void {
  try {
    file?.reopen();
  } catch (error) {
    errorLog.error(error instanceof Error ? error.message : String(error));
  }
}
