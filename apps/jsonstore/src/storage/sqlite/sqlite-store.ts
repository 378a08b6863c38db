// The store in a file of SQLite, which several processes use at once.
import { watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import { Problem } from "../../problem.ts";
import { DEFAULT_PAGE_SIZE, type Layout } from "../build.ts";
import type { Write } from "../change-tree.ts";
import { Housekeeper } from "../housekeeper.ts";
import { sweep } from "../housekeeping.ts";
import { stageText } from "../stage.ts";
import type { Glance, Snapshot, Staged, StageOptions, Store, WriteOptions } from "../store.ts";
import { oneRow, type Work } from "../work.ts";
import { Connection, type Durability } from "./connection.ts";
import { sqliteClass, type SqliteClass } from "./database-class.ts";
import { makeFile, prepareSchema } from "./schema.ts";
import { isBusy, storageProblem } from "./sqlite-error.ts";
import { Snapshots } from "./snapshots.ts";
import { Writer } from "./writer.ts";

/** How a file is used. */
export interface SqliteOptions {
  readonly path: string;
  /** @default "process" */
  readonly durability?: Durability;
  /** Characters of a page. @default 1024 */
  readonly pageSize?: number;
  /** Bytes of the file. @default as many as there is room for */
  readonly maxSize?: number;
  /** Bytes that the write-ahead log may grow by while somebody reads one state of the document. @default 1073741824 */
  readonly maxLog?: number;
}

const DEFAULT_MOST_LOG = 1024 ** 3;
/** Milliseconds between two looks at the file, while somebody watches. */
const POLL = 50;
/** Milliseconds that a read waits for a process that recovers the file after a crash. */
const READ_PATIENCE = 1000;

/**
 * Opens the file, which is made when it is missing.
 *
 * @throws Error with the path, when that cannot be done
 */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  const databaseClass = await sqliteClass();
  try {
    return new SqliteStore(databaseClass, options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot open the store "${options.path}": ${reason}`, { cause });
  }
}

class SqliteStore implements Store {
  readonly epoch: string;
  readonly #path: string;
  readonly #layout: Layout;
  readonly #snapshots: Snapshots;
  readonly #readConnection: Connection;
  readonly #writeConnection: Connection;
  readonly #writer: Writer;
  readonly #listeners = new Set<() => void>();
  #watcher: FSWatcher | null = null;
  #poll: NodeJS.Timeout | null = null;
  #seen = -1;
  readonly #housekeeper: Housekeeper;
  #isClosed = false;

  constructor(databaseClass: SqliteClass, options: SqliteOptions) {
    const { path, durability = "process", pageSize, maxSize, maxLog = DEFAULT_MOST_LOG } = options;
    makeFile(path);
    this.#path = path;
    this.#layout = { size: pageSize ?? DEFAULT_PAGE_SIZE };
    const connect = (): Connection => new Connection(databaseClass, path, durability);
    this.#snapshots = new Snapshots(connect, path, maxLog);
    this.#writeConnection = connect();
    this.epoch = prepareSchema(this.#writeConnection);
    this.#writeConnection.setBusyTimeout(0);
    if (maxSize !== undefined) this.#writeConnection.limitSize(maxSize);
    this.#readConnection = connect();
    this.#readConnection.setBusyTimeout(READ_PATIENCE);
    this.#writer = new Writer(this.#writeConnection, this.#layout, () => {
      this.#snapshots.look();
      this.#notify();
    });
    // By nobody's request: that would have to wait for it.
    this.#housekeeper = new Housekeeper(this, () => this.#writeConnection.ask("PRAGMA wal_checkpoint(PASSIVE)"));
    this.#housekeeper.start();
  }

  read<T>(work: () => Work<T>, glance?: Glance<T>): T {
    try {
      return this.#readConnection.snapshot(work, glance);
    } catch (error) {
      throw isBusy(error) ? new Problem("busy", {}, { cause: error }) : storageProblem(error);
    }
  }

  async snapshot(): Promise<Snapshot> {
    return this.#snapshots.open();
  }

  async write<T>(work: (write: Write) => Work<T>, options?: WriteOptions): Promise<T> {
    return await this.#writer.write(work, options);
  }

  async stage(text: string, options?: StageOptions): Promise<Staged> {
    return await stageText(text, this.#layout, this, options);
  }

  async compact(onRound?: (rounds: number) => void): Promise<void> {
    for (let rounds = 1; await this.write(() => sweep()); rounds += 1) onRound?.(rounds);
    try {
      this.#writeConnection.setBusyTimeout(READ_PATIENCE * 10);
      this.#writeConnection.exec("VACUUM");
      this.#emptyLog();
    } catch (error) {
      throw isBusy(error) ? new Problem("busy", {}, { cause: error }) : storageProblem(error);
    } finally {
      this.#writeConnection.setBusyTimeout(0);
    }
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#startWatching();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stopWatching();
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#housekeeper.stop();
    this.#stopWatching();
    await this.#writer.idle();
    this.#snapshots.close();
    this.#readConnection.close();
    this.#emptyLog();
    this.#writeConnection.close();
  }

  /** So that the file alone is the whole store, if nobody else has it open. */
  #emptyLog(): void {
    try {
      this.#writeConnection.ask("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // What is in the log stays there, and is as safe.
    }
  }

  /** The file of the write-ahead log changes with each commit; the poll beside it is for those that the system does not report. */
  #startWatching(): void {
    if (this.#poll !== null) return;
    this.#seen = -1;
    this.#poll = setInterval(() => this.#look(), POLL);
    this.#poll.unref();
    const log = `${basename(this.#path)}-wal`;
    try {
      // The directory, because the file may be made anew.
      this.#watcher = watch(dirname(this.#path), { persistent: false }, (_event, name) => {
        if (name === log) this.#look();
      });
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // Without it the poll sees the same later.
    }
  }

  #stopWatching(): void {
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#poll !== null) clearInterval(this.#poll);
    this.#poll = null;
  }

  #look(): void {
    if (this.#isClosed || this.#listeners.size === 0) return;
    try {
      const { seq } = this.read(() => oneRow<{ readonly seq: number }>("lastSeq"));
      if (seq === this.#seen) return;
      this.#seen = seq;
    } catch {
      return; // The next look may succeed.
    }
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
