// How many connections to an upstream there are, and how long it may take.
import { OptionError } from "../../deploy/option-error.ts";
import { decimal, integer, within, type OptionReaders } from "../../deploy/section-options.ts";

/** Options of the connections to an upstream, the same for all protocols. Times are in seconds, and 0 means no limit. */
export interface PoolOptions {
  /** Most connections to each upstream address, of this process. @default 128; 16 for FastCGI, SCGI and uwsgi */
  readonly maxConnections?: number;
  /** Most connections to each address that are kept open without a request. @default 32; 0 for FastCGI unless `keepAlive` */
  readonly maxIdle?: number;
  /** How long a connection is kept without a request: shorter than the upstream keeps it. @default 4 */
  readonly idleSeconds?: number;
  /** Time for a connection to be made. @default 5 */
  readonly connectSeconds?: number;
  /** Most requests that wait for a connection; further ones get 503. @default 1000 */
  readonly maxQueue?: number;
  /** How long a request waits for a connection before it gets 504. @default 30 */
  readonly queueSeconds?: number;
  /** Time without a byte from the upstream while it is waited for, before its answer (504) and in it (the answer breaks off). @default 60 */
  readonly readSeconds?: number;
  /** Time in which the upstream takes no byte of a request. @default 60 */
  readonly writeSeconds?: number;
  /** Time without a byte in either direction on a connection that has gone over to another protocol, such as WebSocket. @default 3600 */
  readonly tunnelSeconds?: number;
  /** Time for a request and its whole answer. @default 0 */
  readonly totalSeconds?: number;
  /** How long an address that failed is left alone, if there is another. @default 10 */
  readonly failSeconds?: number;
}

/** All of them, known. */
export type PoolSettings = Required<PoolOptions>;

/** The defaults, as far as the protocol has no others. */
export const DEFAULT_POOL: PoolSettings = {
  maxConnections: 128,
  maxIdle: 32,
  idleSeconds: 4,
  connectSeconds: 5,
  maxQueue: 1000,
  queueSeconds: 30,
  readSeconds: 60,
  writeSeconds: 60,
  tunnelSeconds: 3600,
  totalSeconds: 0,
  failSeconds: 10,
};

const COUNTS: ReadonlySet<string> = new Set(["maxConnections", "maxIdle", "maxQueue"]);

/** How they are read in an INI file. */
export const POOL_READERS: OptionReaders<PoolOptions> = {
  maxConnections: integer,
  maxIdle: integer,
  idleSeconds: decimal,
  connectSeconds: decimal,
  maxQueue: integer,
  queueSeconds: decimal,
  readSeconds: decimal,
  writeSeconds: decimal,
  tunnelSeconds: decimal,
  totalSeconds: decimal,
  failSeconds: decimal,
};

/**
 * Completes the options of a guest.
 *
 * @param options - may hold others beside them
 * @param defaults - of the protocol
 * @throws OptionError for a value that is not in its range
 */
export function poolSettings(options: PoolOptions, defaults: PoolOptions = {}): PoolSettings {
  const settings = { ...DEFAULT_POOL, ...defaults };
  for (const name of Object.keys(DEFAULT_POOL) as (keyof PoolSettings)[]) {
    const value = options[name];
    if (value === undefined) continue;
    if (COUNTS.has(name) && !Number.isInteger(value))
      throw new OptionError(`Option "${name}" is ${String(value)}; expected a whole number`);
    settings[name] = within(value, name, name === "maxConnections" ? 1 : 0);
  }
  return settings;
}
