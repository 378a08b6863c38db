// Options of a Python guest, and their defaults.
import { guestSettings, type GuestOptions, type GuestSettings } from "../lane/guest-options.ts";
import { PYTHON } from "./errors.ts";

export type { GuestLogEntry as PythonLogEntry, GuestOutputLine as PythonOutputLine } from "../lane/guest-options.ts";

/** An application or filter in Python: a target, or a PasteDeploy factory with its configuration. */
export type PythonPart = string | PythonFactory;

/** A PasteDeploy factory. Source: PasteDeploy, "Factories". */
export interface PythonFactory {
  /** `module:attribute`. */
  readonly target: string;
  /** Kind of the target. It is called with the configuration, unless it is itself an `app` or `filter`. */
  readonly kind?: "app" | "filter" | "appFactory" | "filterFactory" | "filterAppFactory";
  readonly globalConf?: Readonly<Record<string, string>>;
  readonly localConf?: Readonly<Record<string, string>>;
}

/** How Python's logging is configured before anything is loaded. */
export interface PythonLogging {
  /** Absolute. */
  readonly file: string;
  /** `ini`: of `logging.config.fileConfig`. `json`: of `dictConfig`. */
  readonly format: "ini" | "json";
  /** The file has another purpose: without a section `[loggers]`, nothing is configured. @default false */
  readonly isOptional?: boolean;
  /** Values that an INI file may use, beside `here` and `__file__`. */
  readonly defaults?: Readonly<Record<string, string>>;
}

/** Options of a Python application. */
export interface PythonOptions extends GuestOptions {
  /** `module:attribute`, `package.module`, `file.py`, `file.py:attribute`, `module:factory("argument")`, or a factory. */
  readonly target?: PythonPart;
  /** `sys.argv` of the target, after its own name. @default none */
  readonly arguments?: readonly string[];
  /** Python filters around it, outermost first. They are composed in Python. */
  readonly filters?: readonly PythonPart[];
  /** Executable, virtual environment or command. @default VIRTUAL_ENV, `.venv`, `venv`, then `python3` */
  readonly python?: string;
  /** Further entries for `sys.path`, before the directory. */
  readonly pythonPath?: readonly string[];
  /** `gevent` makes each thread a greenlet; it must be installed in the environment. @default "thread" */
  readonly workerClass?: "thread" | "gevent";
  /** A Python file with hooks that have gunicorn's names, such as `post_fork`. */
  readonly hooks?: string;
  /** Configures Python's logging. @default it is the application's */
  readonly logging?: PythonLogging;
}

/** Options with every default filled in. */
export type PythonSettings = PythonOptions & GuestSettings & Required<Pick<PythonOptions, "workerClass">>;

/**
 * Fills in the defaults.
 *
 * @param options - as the user gave them
 */
export function pythonSettings(options: PythonOptions): PythonSettings {
  const threads = options.workerClass === "gevent" ? 100 : 1;
  return guestSettings({ threads, workerClass: "thread", ...options }, PYTHON);
}
