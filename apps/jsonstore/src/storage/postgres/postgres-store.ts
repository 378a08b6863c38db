// The store in a schema of PostgreSQL, which the workers of several machines use at once.
import pg from "pg";
import type { ClientConfig, PoolClient } from "pg";
import { Problem } from "../../problem.ts";
import { DEFAULT_PAGE_SIZE, type Layout } from "../build.ts";
import type { Write } from "../change-tree.ts";
import { Housekeeper } from "../housekeeper.ts";
import { sweep } from "../housekeeping.ts";
import { stageText } from "../stage.ts";
import { STATEMENTS } from "../statements.ts";
import type { Snapshot, Staged, StageOptions, Store, WriteOptions } from "../store.ts";
import type { Work } from "../work.ts";
import { ChangeListener } from "./change-listener.ts";
import { PostgresConnection } from "./postgres-connection.ts";
import { postgresProblem, postgresReason } from "./postgres-error.ts";
import { preparePostgres } from "./postgres-schema.ts";
import { BEGIN_READING, PostgresSnapshot } from "./postgres-snapshot.ts";
import { parsePostgresUrl, type PostgresAddress } from "./postgres-url.ts";
import { PostgresWriter } from "./postgres-writer.ts";

/** How a store is used. */
export interface PostgresOptions {
  readonly url: string;
  /** Characters of a page. @default 1024 */
  readonly pageSize?: number;
}

/** Snapshots that may be open at once in one process. */
const MOST_SNAPSHOTS = 16;
/** Milliseconds until a connection must be there. */
const CONNECTING = 5000;
/** Milliseconds that one statement may take, or wait for the lock. */
const STATEMENT = 30_000;
const LOCK = 20_000;
/**
 * Milliseconds until the server gives up a writer from which it does not hear: its machine may be gone, and the lock with it. Until this side
 * asks after the server too, on a connection that only listens.
 */
const SILENCE = 30_000;
/** The driver's own patience: the server may be gone without a word. */
const ANSWER = 45_000;
/** Milliseconds of one step of laying out a large text. */
const SLICE = 30;

/**
 * Opens the store; its tables are made when they are missing.
 *
 * @throws Error when the server cannot be reached, or the database cannot be used; its message has no password in it
 */
export async function openPostgres({ url, pageSize = DEFAULT_PAGE_SIZE }: PostgresOptions): Promise<Store> {
  const address = parsePostgresUrl(url);
  try {
    const epoch = await onOwnConnection(configOf(address), (connection) =>
      preparePostgres(connection, address.schema, lockOf(address)),
    );
    return new PostgresStore(address, epoch, { size: pageSize });
  } catch (cause) {
    throw new Error(`Cannot open the store in PostgreSQL: ${postgresReason(cause)}`, { cause });
  }
}

class PostgresStore implements Store {
  readonly epoch: string;
  readonly #address: PostgresAddress;
  readonly #layout: Layout;
  readonly #readers: pg.Pool;
  readonly #snapshots: pg.Pool;
  readonly #writers: pg.Pool;
  readonly #writer: PostgresWriter;
  readonly #housekeeper: Housekeeper;
  readonly #listeners = new Set<() => void>();
  #listener: ChangeListener | null = null;

  constructor(address: PostgresAddress, epoch: string, layout: Layout) {
    this.epoch = epoch;
    this.#address = address;
    this.#layout = layout;
    this.#readers = poolOf(address, address.connections);
    // A client that reads slowly keeps one for long, and must not keep others from reading.
    this.#snapshots = poolOf(address, MOST_SNAPSHOTS, { idle_in_transaction_session_timeout: 0 });
    this.#writers = poolOf(address, 1);
    const brackets = {
      begin: `BEGIN; ${lockOf(address)}; ${STATEMENTS.lastSeq}`,
      commit: `NOTIFY ${channelOf(address)}; COMMIT`,
    };
    this.#writer = new PostgresWriter(
      () => connectionOf(this.#writers),
      layout,
      brackets,
      () => this.#notify(),
    );
    this.#housekeeper = new Housekeeper(this);
    this.#housekeeper.start();
  }

  async read<T>(work: () => Work<T>): Promise<T> {
    try {
      return await this.#read(work);
    } catch (error) {
      // The server may have been started anew since the connection was used: a read may be repeated.
      if (!(error instanceof Problem) || error.kind !== "storage-unreachable") throw error;
      return await this.#read(work);
    }
  }

  async #read<T>(work: () => Work<T>): Promise<T> {
    let connection: PostgresConnection | null = null;
    try {
      connection = await connectionOf(this.#readers);
      // One statement sees one state by itself; work that needs more begins again.
      const steps = work();
      let step = steps.next();
      if (step.done !== true) step = steps.next(await connection.call(step.value));
      return step.done === true ? step.value : await inTransaction(connection, work);
    } catch (error) {
      throw postgresProblem(error);
    } finally {
      connection?.release();
    }
  }

  async snapshot(): Promise<Snapshot> {
    const { totalCount, idleCount } = this.#snapshots;
    if (totalCount - idleCount >= MOST_SNAPSHOTS) throw new Problem("too-many-readers");
    try {
      const connection = await readingConnectionOf(this.#snapshots);
      return new PostgresSnapshot(connection, () => connection.release());
    } catch (error) {
      throw postgresProblem(error);
    }
  }

  async write<T>(work: (write: Write) => Work<T>, options?: WriteOptions): Promise<T> {
    return await this.#writer.write(work, options);
  }

  async stage(text: string, options?: StageOptions): Promise<Staged> {
    return await stageText(text, this.#layout, this, options, SLICE);
  }

  async compact(onRound?: (rounds: number) => void): Promise<void> {
    for (let rounds = 1; await this.write(() => sweep()); rounds += 1) onRound?.(rounds);
    // A large table takes longer than a statement of a request may.
    const patient = { ...configOf(this.#address), statement_timeout: 0, query_timeout: 0 };
    try {
      await onOwnConnection(patient, async (connection) => {
        for (const table of ["container", "member", "page", "change", "orphan", "staging"]) {
          await connection.control(`VACUUM (ANALYZE) ${table}`);
        }
      });
    } catch (error) {
      throw postgresProblem(error);
    }
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listener === null) {
      const newClient = (): pg.Client => new pg.Client(configOf(this.#address));
      this.#listener = new ChangeListener(newClient, channelOf(this.#address), () => this.#notify());
      this.#listener.start();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) void this.#stopListening();
    };
  }

  async close(): Promise<void> {
    this.#housekeeper.stop();
    await this.#stopListening();
    await this.#writer.close();
    await Promise.all([this.#readers.end(), this.#snapshots.end(), this.#writers.end()]);
  }

  async #stopListening(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    await listener?.stop();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

async function inTransaction<T>(connection: PostgresConnection, work: () => Work<T>): Promise<T> {
  await connection.control(BEGIN_READING);
  try {
    return await connection.run(work());
  } finally {
    if (!connection.isLost) await connection.control("COMMIT");
  }
}

/** Connects for one thing, and ends the connection. */
async function onOwnConnection<T>(
  config: ClientConfig,
  work: (connection: PostgresConnection) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(config);
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(new PostgresConnection(client));
  } finally {
    await client.end();
  }
}

function poolOf(address: PostgresAddress, max: number, changes: ClientConfig = {}): pg.Pool {
  const pool = new pg.Pool({ ...configOf(address), ...changes, max, allowExitOnIdle: true });
  // A connection that nobody uses was lost: the pool forgets it.
  pool.on("error", () => {});
  return pool;
}

async function connectionOf(pool: pg.Pool): Promise<PostgresConnection> {
  const client: PoolClient = await pool.connect();
  return new PostgresConnection(client, (isLost) => client.release(isLost));
}

/** @returns a connection with a transaction that sees one state */
async function readingConnectionOf(pool: pg.Pool): Promise<PostgresConnection> {
  const connection = await connectionOf(pool);
  try {
    await connection.control(BEGIN_READING);
    return connection;
  } catch (error) {
    // It may have been lost while nobody used it.
    connection.release();
    throw error;
  }
}

function configOf({ connectionString }: PostgresAddress): ClientConfig {
  return {
    connectionString,
    application_name: "jsonstore",
    connectionTimeoutMillis: CONNECTING,
    statement_timeout: STATEMENT,
    lock_timeout: LOCK,
    query_timeout: ANSWER,
    idle_in_transaction_session_timeout: SILENCE,
    keepAlive: true,
    keepAliveInitialDelayMillis: SILENCE,
    // Numbers of writes and ids are far below 2^53.
    types: {
      getTypeParser: (type, format) =>
        type === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(type, format),
    },
  };
}

/** Those who write to one document exclude each other until they commit. */
function lockOf({ schema }: PostgresAddress): string {
  return `SELECT pg_advisory_xact_lock(hashtextextended('jsonstore:${schema}', 0))`;
}

function channelOf({ schema }: PostgresAddress): string {
  return `jsonstore_${schema}`;
}
