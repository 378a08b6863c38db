// The tables in SQLite.
import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { FORMAT } from "../statements.ts";
import { bootId } from "./boot-id.ts";
import type { Connection } from "./connection.ts";

const TABLES = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS container (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, count INTEGER NOT NULL,
  root_page INTEGER, version INTEGER NOT NULL, staging INTEGER);
CREATE TABLE IF NOT EXISTS member (
  container INTEGER NOT NULL, key TEXT NOT NULL, ord INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (container, key)) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS member_order ON member (container, ord);
CREATE TABLE IF NOT EXISTS page (
  id INTEGER PRIMARY KEY, container INTEGER NOT NULL, level INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS page_container ON page (container);
CREATE TABLE IF NOT EXISTS change (
  seq INTEGER NOT NULL, number INTEGER NOT NULL, op TEXT NOT NULL, path TEXT NOT NULL, value TEXT, at INTEGER NOT NULL,
  PRIMARY KEY (seq, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orphan (container INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS staging (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL);
`;

/** Added to the number of the last write when the machine has started anew: more writes than this have not been lost with it. */
const LOST = 2 ** 20;

/**
 * Makes the tables where they are missing. Where they are not, nothing is written: a process that starts, or a command, need not wait for one
 * that writes for long.
 *
 * The first one to open them since the machine was started is another thing. The last writes may have been lost with it (`durability`), though
 * clients have seen them; so their numbers and ids must not be given to others. With a new epoch all entity tags are new, and who watched begins
 * anew, because the log does not reach back.
 *
 * @returns the epoch of the database
 * @throws Error when the file is of another format
 */
export function prepareSchema(connection: Connection): string {
  if (!hasTables(connection)) inTransaction(connection, () => makeTables(connection));
  const format = meta(connection, "format");
  if (format !== FORMAT) throw new Error(`The store has format ${format}, expected ${FORMAT}`);
  const boot = bootId();
  if (boot !== null && boot !== meta(connection, "boot")) inTransaction(connection, () => renew(connection, boot));
  return meta(connection, "epoch") ?? "";
}

/** They are made all at once. */
function hasTables(connection: Connection): boolean {
  return connection.ask("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'") !== undefined;
}

function makeTables(connection: Connection): void {
  connection.exec(TABLES);
  connection.exec(`INSERT OR IGNORE INTO meta VALUES
    ('format', '${FORMAT}'), ('epoch', '${newEpoch()}'), ('boot', '${bootId() ?? ""}')`);
}

function renew(connection: Connection, boot: string): void {
  // Another process may have been first.
  if (boot === meta(connection, "boot")) return;
  connection.exec(`INSERT OR REPLACE INTO meta VALUES ('epoch', '${newEpoch()}'), ('boot', '${boot}');
    INSERT INTO change SELECT coalesce(max(seq), 0) + ${LOST}, 0, 'put', '', NULL, ${Date.now()} FROM change;
    DELETE FROM change WHERE seq < (SELECT max(seq) FROM change)`);
}

function newEpoch(): string {
  return randomBytes(6).toString("base64url");
}

function inTransaction(connection: Connection, work: () => void): void {
  connection.exec("BEGIN IMMEDIATE");
  try {
    work();
    connection.exec("COMMIT");
  } catch (error) {
    connection.exec("ROLLBACK");
    throw error;
  }
}

function meta(connection: Connection, key: string): string | undefined {
  const row = connection.call({ name: "getMeta", wants: "row", values: [key] });
  return (row as { readonly value: string } | undefined)?.value; // its column
}

/** Makes the file, for its owner alone, where it is missing. SQLite gives its other files the same mode. */
export function makeFile(path: string): void {
  if (path === ":memory:") return;
  try {
    closeSync(openSync(path, "ax", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // what node:fs throws
  }
}
