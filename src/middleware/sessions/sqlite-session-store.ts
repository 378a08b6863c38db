// Sessions in a file of SQLite, which several workers may use at once. The database is node:sqlite where Node has it, otherwise
// @photostructure/sqlite, which the user installs; both have the same interface.
import { chmodSync, closeSync, openSync, statSync } from "node:fs";
import { MiddlewareOptionError } from "../errors.ts";
import type { KeptText, SessionStorage } from "./session-storage.ts";

/** What is used of node:sqlite. */
interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface Statement {
  get(...values: (string | number)[]): unknown;
  run(...values: (string | number)[]): { readonly changes: number | bigint };
}

type DatabaseClass = new (path: string) => Database;

/** An open file with its statements. */
interface OpenDatabase {
  readonly database: Database;
  readonly read: Statement;
  readonly create: Statement;
  readonly replace: Statement;
  readonly touch: Statement;
  readonly take: Statement;
  readonly purge: Statement;
}

/** Milliseconds between two removals of what has expired. */
const PURGE_EVERY = 60_000;
const COLUMNS = "value AS text, expires AS expiresAt";

/** Stores sessions in a SQLite file. If the process dies, no saved session is lost; if the machine dies, the last ones may be. */
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

  async read(key: string): Promise<KeptText | null> {
    const { read } = await this.#opened();
    return (read.get(key, this.#now()) as KeptText | undefined) ?? null; // the columns of the statement
  }

  async create(key: string, text: string, expiresAt: number): Promise<void> {
    const { create, purge } = await this.#opened();
    create.run(key, text, expiresAt);
    const now = this.#now();
    if (now < this.#purgeAt) return;
    this.#purgeAt = now + PURGE_EVERY;
    purge.run(now);
  }

  async replace(key: string, known: string, text: string, expiresAt: number): Promise<boolean> {
    const { replace } = await this.#opened();
    return Number(replace.run(text, expiresAt, key, known, this.#now()).changes) > 0;
  }

  async touch(key: string, expiresAt: number): Promise<boolean> {
    const { touch } = await this.#opened();
    return Number(touch.run(expiresAt, key, this.#now()).changes) > 0;
  }

  async take(key: string): Promise<string | null> {
    const { take } = await this.#opened();
    const taken = take.get(key) as KeptText | undefined; // the columns of the statement
    return taken !== undefined && taken.expiresAt > this.#now() ? taken.text : null;
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
  makePrivate(path);
  const database = new DatabaseSync(path);
  // Others may write at the same time: readers go on (WAL), writers wait for each other.
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
  database.exec(
    "CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;" +
      "CREATE INDEX IF NOT EXISTS sessions_expires ON sessions (expires);",
  );
  return {
    database,
    read: database.prepare(`SELECT ${COLUMNS} FROM sessions WHERE key = ? AND expires > ?`),
    create: database.prepare("INSERT OR REPLACE INTO sessions (key, value, expires) VALUES (?, ?, ?)"),
    replace: database.prepare("UPDATE sessions SET value = ?, expires = ? WHERE key = ? AND value = ? AND expires > ?"),
    touch: database.prepare("UPDATE sessions SET expires = max(expires, ?) WHERE key = ? AND expires > ?"),
    take: database.prepare(`DELETE FROM sessions WHERE key = ? RETURNING ${COLUMNS}`),
    purge: database.prepare("DELETE FROM sessions WHERE expires <= ?"),
  };
}

/**
 * Makes the file, or takes it from those who are neither its owner nor of its group: anyone who can read it has all sessions. SQLite
 * gives its other files the same mode. One that is there is not opened here: closing it would end the locks of this process.
 */
function makePrivate(path: string): void {
  if (path === "" || path === ":memory:" || path.startsWith("file:")) return;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) closeSync(openSync(path, "ax", 0o600));
  else if ((found.mode & 0o007) !== 0 && found.uid === process.geteuid?.()) chmodSync(path, found.mode & 0o770);
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
