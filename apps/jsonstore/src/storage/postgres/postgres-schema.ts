// The tables in PostgreSQL, in a schema of their own. Text is compared by its bytes, as SQLite does, whatever the database's language is.
import { randomBytes } from "node:crypto";
import { FORMAT } from "../statements.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { INDEXED } from "./postgres-statements.ts";

// Room is left in each block, so that a changed row can stay in it without new entries in indexes.
const ROOM = "WITH (fillfactor = 80)";

const TABLES = `
CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE container (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, count bigint NOT NULL,
  root_page bigint, version bigint NOT NULL, staging bigint) ${ROOM};
CREATE INDEX container_staging ON container (staging) WHERE staging IS NOT NULL;
CREATE TABLE member (
  container bigint NOT NULL, key text COLLATE "C" NOT NULL, ord bigint NOT NULL, value text NOT NULL,
  PRIMARY KEY (container, ord)) ${ROOM};
CREATE INDEX member_key ON member (container, left(key, ${INDEXED}));
CREATE TABLE page (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, container bigint NOT NULL, level integer NOT NULL, data text NOT NULL) ${ROOM};
CREATE INDEX page_container ON page (container);
CREATE TABLE change (
  seq bigint NOT NULL, number integer NOT NULL, op text NOT NULL, path text NOT NULL, value text, at bigint NOT NULL,
  PRIMARY KEY (seq, number));
CREATE TABLE orphan (container bigint PRIMARY KEY);
CREATE TABLE staging (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL);
`;

/**
 * Makes the tables where they are missing.
 *
 * @param connection - is of no more use after an error, which leaves a transaction open
 * @param lock - SQL that keeps others who open the same store out until the transaction ends
 * @returns the epoch of the store
 * @throws Error when the database is not one of UTF-8, or the tables are of another format
 */
export async function preparePostgres(connection: PostgresConnection, schema: string, lock: string): Promise<string> {
  const { encoding } = (await connection.ask("SELECT current_setting('server_encoding') AS encoding")) as {
    readonly encoding: string;
  };
  if (encoding !== "UTF8") throw new Error(`The store needs a database with the encoding UTF8, got ${encoding}`);
  // Whoever may use the tables but not make any can still open the store, also while somebody writes for long.
  if (!(await hasTables(connection, schema))) await makeTables(connection, schema, lock);
  const format = await meta(connection, "format");
  if (format !== FORMAT) throw new Error(`The store has format ${format}, expected ${FORMAT}`);
  return await meta(connection, "epoch");
}

async function makeTables(connection: PostgresConnection, schema: string, lock: string): Promise<void> {
  await connection.control(`BEGIN; ${lock}`);
  if (!(await hasTables(connection, schema))) {
    const epoch = randomBytes(6).toString("base64url");
    await connection.control(`CREATE SCHEMA IF NOT EXISTS ${schema}; ${TABLES}
      INSERT INTO meta VALUES ('format', '${FORMAT}'), ('epoch', '${epoch}')`);
  }
  await connection.control("COMMIT");
}

/**
 * Asks the catalogue's tables, as they are now: to_regclass() would look into what this session remembers, also that there was no such schema,
 * though another one has made it while this one waited for its lock.
 */
async function hasTables(connection: PostgresConnection, schema: string): Promise<boolean> {
  const { found } = (await connection.ask(`SELECT EXISTS (
    SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = '${schema}' AND relname = 'meta') AS found`)) as {
    readonly found: boolean;
  };
  return found;
}

async function meta(connection: PostgresConnection, key: string): Promise<string> {
  const row = (await connection.call({ name: "getMeta", wants: "row", values: [key] })) as { readonly value: string };
  return row.value;
}
