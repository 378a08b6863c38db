// Sessions in a file of SQLite, which several workers may use at once. The database is node:sqlite where Node has it, otherwise
// @photostructure/sqlite, which the user installs; both have the same interface.
import { MiddlewareOptionError } from "./errors.ts";
import type { SessionStorage } from "./session-storage.ts";

/** What is used of node:sqlite. */
interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface Statement {
  get(...values: (string | number)[]): unknown;
  run(...values: (string | number)[]): unknown;
}

type DatabaseClass = new (path: string) => Database;

/** An open file with its statements. */
interface OpenDatabase {
  readonly database: Database;
  readonly read: Statement;
  readonly write: Statement;
  readonly remove: Statement;
  readonly purge: Statement;
}

/** Milliseconds between two removals of what has expired. */
const PURGE_EVERY = 60_000;

/** Keeps sessions in a file. A process that dies loses none of those that were saved; a machine that does may lose the last ones. */
export class SqliteSessionStore implements SessionStorage {
  readonly #path: string;
  readonly #now: () => number;
  #open: Promise<OpenDatabase> | null = null;
  #purgeAt = 0;

  /**
   * @param path - of the file, which is made when it is missing
   * @param now - the clock, milliseconds since 1970 @default Date.now
   */
  constructor(path: string, now: () => number = Date.now) {
    this.#path = path;
    this.#now = now;
  }

  async read(key: string): Promise<string | null> {
    const { read } = await this.#opened();
    const row = read.get(key, this.#now()) as { readonly value: string } | undefined; // the columns of the statement
    return row?.value ?? null;
  }

  async write(key: string, value: string, expiresAt: number): Promise<void> {
    const { write, purge } = await this.#opened();
    write.run(key, value, expiresAt);
    const now = this.#now();
    if (now < this.#purgeAt) return;
    this.#purgeAt = now + PURGE_EVERY;
    purge.run(now);
  }

  async remove(key: string): Promise<void> {
    const { remove } = await this.#opened();
    remove.run(key);
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    (await open)?.database.close();
  }

  #opened(): Promise<OpenDatabase> {
    return (this.#open ??= openDatabase(this.#path));
  }
}

async function openDatabase(path: string): Promise<OpenDatabase> {
  const DatabaseSync = await databaseClass();
  const database = new DatabaseSync(path);
  // Others may write at the same time: readers go on (WAL), writers wait for each other.
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
  database.exec(
    "CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;" +
      "CREATE INDEX IF NOT EXISTS sessions_expires ON sessions (expires);",
  );
  return {
    database,
    read: database.prepare("SELECT value FROM sessions WHERE key = ? AND expires > ?"),
    write: database.prepare(
      "INSERT INTO sessions (key, value, expires) VALUES (?, ?, ?) " +
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires",
    ),
    remove: database.prepare("DELETE FROM sessions WHERE key = ?"),
    purge: database.prepare("DELETE FROM sessions WHERE expires <= ?"),
  };
}

async function databaseClass(): Promise<DatabaseClass> {
  const builtin = process.getBuiltinModule("node:sqlite") as { readonly DatabaseSync: DatabaseClass } | undefined;
  if (builtin !== undefined) return builtin.DatabaseSync;
  try {
    const { DatabaseSync } = await import("@photostructure/sqlite");
    return DatabaseSync;
  } catch (cause) {
    const what = "Sessions in SQLite need Node 22.13 or the package @photostructure/sqlite; install it";
    throw new MiddlewareOptionError(what, { cause });
  }
}
