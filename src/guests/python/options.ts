// Options of a Python guest, and their defaults.
import { tmpdir } from "node:os";
import { findIdentity, type Identity } from "../../identity.ts";

/** An application or filter in Python: a target, or a PasteDeploy factory with its configuration. */
export type PythonPart = string | PythonFactory;

/** A PasteDeploy factory. Source: PasteDeploy, "Factories". */
export interface PythonFactory {
  /** `module:attribute`. */
  readonly target: string;
  /** What it is: called with the configuration unless it is an `app` or `filter` itself. */
  readonly kind?: "app" | "filter" | "appFactory" | "filterFactory" | "filterAppFactory";
  readonly globalConf?: Readonly<Record<string, string>>;
  readonly localConf?: Readonly<Record<string, string>>;
}

/** The levels of what is logged, rising. */
export const PYTHON_LOG_LEVELS = ["debug", "info", "warning", "error", "critical"] as const;

/** Something for the log. */
export interface PythonLogEntry {
  readonly level: (typeof PYTHON_LOG_LEVELS)[number];
  readonly message: string;
  /** The Python process. */
  readonly pid?: number;
  /** Method and target of the request that it belongs to, where that is known. */
  readonly request?: string;
}

/** A line that the application has printed, without its end. */
export interface PythonOutputLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  /** The Python process; with `preload`, the one that the others are forked from. */
  readonly pid: number;
  /** Method and target of the request that it belongs to, where that is known. */
  readonly request?: string;
}

/** How Python's logging is configured before anything is loaded. */
export interface PythonLogging {
  /** Absolute. */
  readonly file: string;
  /** `ini`: of `logging.config.fileConfig`. `json`: of `dictConfig`. */
  readonly format: "ini" | "json";
  /** The file is there for something else: without a section `[loggers]` nothing is configured. @default false */
  readonly isOptional?: boolean;
  /** Values that an INI file may use, beside `here` and `__file__`. */
  readonly defaults?: Readonly<Record<string, string>>;
}

/** How a Python application is run. */
export interface PythonOptions {
  /** `module:attribute`, `package.module`, `file.py`, `file.py:attribute`, `module:factory("argument")`, or a factory. */
  readonly target?: PythonPart;
  /** What the target finds in `sys.argv` after its own name. @default none */
  readonly arguments?: readonly string[];
  /** Python filters around it, outermost first, composed inside Python. */
  readonly filters?: readonly PythonPart[];
  /** Executable, virtual environment or command. @default VIRTUAL_ENV, `.venv`, `venv`, then `python3` */
  readonly python?: string;
  /** Working directory, and the first entry of `sys.path`. @default the current one */
  readonly directory?: string;
  /** More entries for `sys.path`, before the directory. */
  readonly pythonPath?: readonly string[];
  /** Added to the environment of the process; undefined removes. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Python processes. @default 1 */
  readonly processes?: number;
  /** `wsgi.multiprocess`: other processes serve the same application. @default processes > 1 */
  readonly isMultiprocess?: boolean;
  /** Threads per process. @default 1, or 100 with gevent */
  readonly threads?: number;
  /** Load the application once and fork. @default false */
  readonly preload?: boolean;
  /** `gevent` makes each thread a greenlet; it must be installed in the environment. @default "thread" */
  readonly workerClass?: "thread" | "gevent";
  /** A file of Python with functions of gunicorn's names, such as `post_fork`, that are called in the life of the processes. */
  readonly hooks?: string;
  /** Configures Python's logging. @default it is the application's */
  readonly logging?: PythonLogging;
  /** User and group that the process is started as, by name or number; it has no other groups. Needs root. */
  readonly user?: string | number;
  readonly group?: string | number;
  /** Private memory that a process may have; at nine tenths it is replaced, at all of it Python raises MemoryError. */
  readonly memoryLimitBytes?: number;
  /** Most seconds from dispatch to the first byte of the answer; 0 for none. @default 30 */
  readonly deadlineSeconds?: number;
  /** Requests that may wait for a lane; more are answered with 503. @default 1024 */
  readonly queueLimit?: number;
  /** Most seconds that a request waits for a lane before it is answered with 503. @default 30 */
  readonly queueSeconds?: number;
  /** Bytes of a request's body kept in memory. @default 262144 */
  readonly bodyMemoryBytes?: number;
  /** Bytes of a request's body kept in a temporary file; longer ones are streamed. @default 1073741824 */
  readonly bodyFileBytes?: number;
  /**
   * Bytes of a request's body above which Python may have the request before all of it has come: where the client is fast, or has asked with
   * `Expect: 100-continue` (then above `bodyMemoryBytes`), and for a quarter of the threads at most. Infinity for neither. @default 16777216
   */
  readonly bodyEarlyBytes?: number;
  /** Bytes of one answer kept here for a slow client before its Python thread has to wait. @default 1048576 */
  readonly answerBufferBytes?: number;
  /** Most seconds until the application is loaded. @default 60 */
  readonly startupSeconds?: number;
  /** Seconds that a process has for its last requests, and then for its own end, when it is replaced. @default 30 */
  readonly graceSeconds?: number;
  /** Where temporary files of bodies are made. @default the system's */
  readonly temporaryDirectory?: string;
  /** Receives what is to be logged. @default standard error */
  readonly log?: (entry: PythonLogEntry) => void;
  /**
   * Receives what the application prints, line by line; `\r` ends a line too, and 64 KiB do. @default it goes to standard output and
   * standard error of this process, byte for byte, also from child processes
   */
  readonly output?: (line: PythonOutputLine) => void;
}

/** Options with every default filled in. */
export interface PythonSettings extends PythonOptions {
  readonly directory: string;
  readonly processes: number;
  readonly isMultiprocess: boolean;
  readonly threads: number;
  readonly preload: boolean;
  readonly workerClass: "thread" | "gevent";
  readonly deadlineSeconds: number;
  readonly queueLimit: number;
  readonly queueSeconds: number;
  readonly bodyMemoryBytes: number;
  readonly bodyFileBytes: number;
  readonly bodyEarlyBytes: number;
  readonly answerBufferBytes: number;
  readonly startupSeconds: number;
  readonly graceSeconds: number;
  readonly temporaryDirectory: string;
  /** User and group as numbers; null where they are those of this process. */
  readonly identity: Identity | null;
  readonly log: (entry: PythonLogEntry) => void;
}

/**
 * Fills in the defaults.
 *
 * @param options - as the user gave them
 */
export function pythonSettings(options: PythonOptions): PythonSettings {
  return {
    directory: process.cwd(),
    processes: 1,
    isMultiprocess: (options.processes ?? 1) > 1,
    threads: options.workerClass === "gevent" ? 100 : 1,
    preload: false,
    workerClass: "thread",
    deadlineSeconds: 30,
    queueLimit: 1024,
    queueSeconds: 30,
    bodyMemoryBytes: 262_144,
    bodyFileBytes: 1_073_741_824,
    bodyEarlyBytes: 16_777_216,
    answerBufferBytes: 1_048_576,
    startupSeconds: 60,
    graceSeconds: 30,
    temporaryDirectory: tmpdir(),
    identity:
      options.user === undefined && options.group === undefined
        ? null
        : findIdentity(options.user ?? null, options.group ?? null),
    log: logToStandardError,
    ...options,
  };
}

/** The user and group that whatever is run of the guest starts as, for `spawn`. */
export function spawnIdentity({ identity }: PythonSettings): { uid?: number; gid?: number } {
  return {
    ...(identity?.uid === undefined ? {} : { uid: identity.uid }),
    ...(identity?.gid === undefined ? {} : { gid: identity.gid }),
  };
}

function logToStandardError(entry: PythonLogEntry): void {
  const where = entry.pid === undefined ? "" : ` [${entry.pid}]`;
  const request = entry.request === undefined ? "" : ` (${entry.request})`;
  process.stderr.write(`${entry.level}: python${where}${request}: ${entry.message}\n`);
}
