// The error log: what the server has to say, in gunicorn's form: `[2026-11-21 01:38:09 +0000] [4242] [INFO] message`.
import { WSGIErrorStream } from "../../wsgi/error-stream.ts";
import type { ErrorStream } from "../../wsgi/types.ts";
import type { LogFile } from "./log-file.ts";
import type { Syslog } from "./syslog.ts";
import { errorTimestamp } from "./timestamp.ts";

/** Levels from the most to the least talkative. */
export const LOG_LEVELS = ["debug", "info", "warning", "error", "critical"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes messages of a level and above; `wsgi.errors` of the applications goes to the same file. */
export class ErrorLog {
  #file: LogFile;
  #threshold: number;
  #syslog: Syslog | null;
  readonly #timestamp = errorTimestamp();
  readonly #counts = { debug: 0, info: 0, warning: 0, error: 0, critical: 0 };

  /**
   * @param level - messages below it are dropped
   * @param syslog - where the messages go too
   */
  constructor(file: LogFile, level: LogLevel = "info", syslog: Syslog | null = null) {
    this.#file = file;
    this.#syslog = syslog;
    this.#threshold = LOG_LEVELS.indexOf(level);
  }

  /** Messages by level, those included that are dropped. */
  get counts(): Readonly<Record<LogLevel, number>> {
    return this.#counts;
  }

  debug(message: string): void {
    this.log("debug", message);
  }

  info(message: string): void {
    this.log("info", message);
  }

  warning(message: string): void {
    this.log("warning", message);
  }

  error(message: string): void {
    this.log("error", message);
  }

  critical(message: string): void {
    this.log("critical", message);
  }

  /** Writes a message at once: what a server says is rare, and matters most just before it ends. */
  log(level: LogLevel, message: string): void {
    this.#counts[level] += 1;
    if (LOG_LEVELS.indexOf(level) < this.#threshold) return;
    const time = this.#timestamp(Date.now());
    this.#file.write(`[${time}] [${process.pid}] [${level.toUpperCase()}] ${message}\n`);
    this.#file.flush();
    this.#syslog?.send(level, `[${level.toUpperCase()}] ${message}`);
  }

  /** A stream for `wsgi.errors`: the text as it is, line by line, written when the event loop has turned. */
  toErrorStream(): ErrorStream {
    return new WSGIErrorStream((text) => this.#file.write(text));
  }

  /** Writes from now on where another log does, which is used no more, and closes what it has written to. */
  become(other: ErrorLog): void {
    this.close();
    this.#file = other.#file;
    this.#threshold = other.#threshold;
    this.#syslog = other.#syslog;
  }

  /** Writes what is left, and closes what it writes to. */
  close(): void {
    this.#syslog?.close();
    this.#file.close();
  }

  /** Opens the file again under its name, after a rotation. */
  reopen(): void {
    this.#file.reopen();
  }
}
