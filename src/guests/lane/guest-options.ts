// The options that guests of all languages share, with their defaults. A language adds its own.
import { tmpdir } from "node:os";
import { findIdentity, type Identity } from "../../identity.ts";

/** Log levels, lowest first. */
export const GUEST_LOG_LEVELS = ["debug", "info", "warning", "error", "critical"] as const;

/** A message for the log. */
export interface GuestLogEntry {
  readonly level: (typeof GUEST_LOG_LEVELS)[number];
  readonly message: string;
  /** The guest process. */
  readonly pid?: number;
  /** Method and target of the request it belongs to, if known. */
  readonly request?: string;
}

/** A line of the application's output, without its line ending. */
export interface GuestOutputLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  /** The guest process; with `preload`, the one that the others are forked from. */
  readonly pid: number;
  /** Method and target of the request it belongs to, if known. */
  readonly request?: string;
}

/** How the processes of a guest are run. */
export interface GuestOptions {
  /** Working directory, and the directory that is searched for the application. @default the current one */
  readonly directory?: string;
  /** Variables to add to the environment of the process; undefined removes one. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Processes. @default 1 */
  readonly processes?: number;
  /** `wsgi.multiprocess`: other processes serve the same application. @default processes > 1 */
  readonly isMultiprocess?: boolean;
  /** Threads per process. @default 1 (of Python with gevent 100) */
  readonly threads?: number;
  /** Load the application once, then fork. @default false */
  readonly preload?: boolean;
  /** User and group that the process runs as, by name or number. It has no other groups. Needs root. */
  readonly user?: string | number;
  readonly group?: string | number;
  /** Private memory that a process may use. At 90 % it is replaced; at 100 % it gets no more (Python raises MemoryError). */
  readonly memoryLimitBytes?: number;
  /** Maximum time from dispatch to the first byte of the response, in seconds; 0 for no limit. @default 30 */
  readonly deadlineSeconds?: number;
  /** How many requests may wait for a lane; further ones get 503. @default 1024 */
  readonly queueLimit?: number;
  /** Maximum time that a request waits for a lane before it gets 503, in seconds. @default 30 */
  readonly queueSeconds?: number;
  /** Bytes of a request body that are kept in memory. @default 262144 */
  readonly bodyMemoryBytes?: number;
  /** Bytes of a request body that are kept in a temporary file; longer bodies are streamed. @default 1073741824 */
  readonly bodyFileBytes?: number;
  /**
   * Above this size of a request body, in bytes, the guest may get the request before the whole body has arrived: if the client is fast, or
   * if it sent `Expect: 100-continue` (then above `bodyMemoryBytes`). At most a quarter of the threads work on such requests. Infinity
   * turns both off. @default 16777216
   */
  readonly bodyEarlyBytes?: number;
  /** Bytes of one response that are buffered for a slow client before the guest's thread has to wait. @default 1048576 */
  readonly answerBufferBytes?: number;
  /** Maximum time to load the application, in seconds. @default 60 */
  readonly startupSeconds?: number;
  /** Time for a process that is replaced to complete its last requests and to exit, in seconds. @default 30 */
  readonly graceSeconds?: number;
  /** Directory for temporary files of bodies. @default the system's */
  readonly temporaryDirectory?: string;
  /** Receives log messages. @default standard error */
  readonly log?: (entry: GuestLogEntry) => void;
  /**
   * Receives the output of the application, line by line. `\r` also ends a line, and so do 64 KiB. @default it goes to standard output and
   * standard error of this process, byte for byte, also from child processes
   */
  readonly output?: (line: GuestOutputLine) => void;
}

/** Options with every default filled in. */
export interface GuestSettings extends GuestOptions {
  readonly directory: string;
  readonly processes: number;
  readonly isMultiprocess: boolean;
  readonly threads: number;
  readonly preload: boolean;
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
  readonly log: (entry: GuestLogEntry) => void;
}

/** Where guests of this process write to, if their options do not say it: those of INI sections, whose options are texts. */
export interface GuestDefaults {
  /** @param source - the language, in small letters */
  readonly log: (entry: GuestLogEntry, source: string) => void;
  readonly output?: GuestOptions["output"];
}

let defaults: GuestDefaults = { log: logToStandardError };

/**
 * Says where the guests write to that this process starts from now on. A worker has one log.
 *
 * @param given - null for what holds otherwise: standard output and standard error
 */
export function setGuestDefaults(given: GuestDefaults | null): void {
  defaults = given ?? { log: logToStandardError };
}

/**
 * Fills in the defaults.
 *
 * @param options - as the user gave them
 * @param language - in a line of the log
 */
export function guestSettings<O extends GuestOptions>(options: O, language: string): O & GuestSettings {
  const { log, output } = defaults;
  return {
    directory: process.cwd(),
    processes: 1,
    isMultiprocess: (options.processes ?? 1) > 1,
    threads: 1,
    preload: false,
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
    log: (entry) => log(entry, language.toLowerCase()),
    ...(output === undefined ? {} : { output }),
    ...options,
  };
}

/** The user and group that guest processes start as, for `spawn`. */
export function spawnIdentity({ identity }: Pick<GuestSettings, "identity">): { uid?: number; gid?: number } {
  return {
    ...(identity?.uid === undefined ? {} : { uid: identity.uid }),
    ...(identity?.gid === undefined ? {} : { gid: identity.gid }),
  };
}

function logToStandardError(entry: GuestLogEntry, source: string): void {
  const where = entry.pid === undefined ? "" : ` [${entry.pid}]`;
  const request = entry.request === undefined ? "" : ` (${entry.request})`;
  process.stderr.write(`${entry.level}: ${source}${where}${request}: ${entry.message}\n`);
}
