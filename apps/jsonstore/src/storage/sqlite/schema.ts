// The tables in SQLite.
import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { FORMAT } from "../statements.ts";
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

/**
 * Makes the tables where they are missing. Where they are not, nothing is written: a process that starts, or a command, need not wait for one
 * that writes for long.
 *
 * @returns the epoch of the database
 * @throws Error when the file is of another format
 */
export function prepareSchema(connection: Connection): string {
  if (!hasTables(connection)) makeTables(connection);
  const { value: format } = meta(connection, "format");
  if (format !== FORMAT) throw new Error(`The store has format ${format}, expected ${FORMAT}`);
  return meta(connection, "epoch").value;
}

/** They are made all at once. */
function hasTables(connection: Connection): boolean {
  return connection.ask("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'") !== undefined;
}

function makeTables(connection: Connection): void {
  connection.exec("BEGIN IMMEDIATE");
  try {
    connection.exec(TABLES);
    const epoch = randomBytes(6).toString("base64url");
    connection.exec(`INSERT OR IGNORE INTO meta VALUES ('format', '${FORMAT}'), ('epoch', '${epoch}')`);
    connection.exec("COMMIT");
  } catch (error) {
    connection.exec("ROLLBACK");
    throw error;
  }
}

function meta(connection: Connection, key: string): { readonly value: string } {
  return connection.call({ name: "getMeta", wants: "row", values: [key] }) as { readonly value: string }; // its column
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
