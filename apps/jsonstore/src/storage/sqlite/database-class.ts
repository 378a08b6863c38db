// The binding to SQLite: node:sqlite where Node has one that is new enough, otherwise @photostructure/sqlite; both have the same interface.
// Before 3.51.3 two processes that write and make a checkpoint at the same moment can damage the file (https://sqlite.org/wal.html, "the
// WAL-reset bug"), and this store is written by several.

/** What is used of a statement. */
export interface SqliteStatement {
  get(...values: (string | number | null)[]): unknown;
  all(...values: (string | number | null)[]): unknown[];
  run(...values: (string | number | null)[]): unknown;
}

/** What is used of a database. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/** What opens one. */
export type SqliteClass = new (path: string, options?: { readonly readOnly?: boolean }) => SqliteDatabase;

const OLDEST = [3, 51, 3] as const;

/**
 * Finds the binding.
 *
 * @throws Error when there is none, or only one with a version of SQLite that can lose data here
 */
export async function sqliteClass(): Promise<SqliteClass> {
  const seen: string[] = [];
  const builtin = process.getBuiltinModule("node:sqlite") as { readonly DatabaseSync: SqliteClass } | undefined;
  if (builtin !== undefined) {
    const version = versionOf(builtin.DatabaseSync);
    if (isNewEnough(version)) return builtin.DatabaseSync;
    seen.push(`node:sqlite has SQLite ${version}`);
  }
  try {
    const { DatabaseSync } = (await import("@photostructure/sqlite")) as { readonly DatabaseSync: SqliteClass };
    const version = versionOf(DatabaseSync);
    if (isNewEnough(version)) return DatabaseSync;
    seen.push(`@photostructure/sqlite has SQLite ${version}`);
  } catch (cause) {
    seen.push(`@photostructure/sqlite cannot be loaded (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  throw new Error(`The store needs SQLite ${OLDEST.join(".")} or later: ${seen.join("; ")}`);
}

function versionOf(databaseClass: SqliteClass): string {
  const database = new databaseClass(":memory:");
  const found = database.prepare("SELECT sqlite_version() AS version").get() as { readonly version: string };
  database.close();
  return found.version;
}

/** Compares with the oldest version that is safe. */
export function isNewEnough(version: string): boolean {
  const numbers = version.split(".").map(Number);
  for (const [index, least] of OLDEST.entries()) {
    const number = numbers[index] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}
