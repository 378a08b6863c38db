// Where a store in PostgreSQL lies: `postgres://user@host/database?schema=plans`. What the driver knows may follow, such as `sslmode` or
// `host=/run/postgresql` for a socket. No message names the address: it may have a password in it.

/** Where a store lies, in parts. */
export interface PostgresAddress {
  /** For the driver; makes statements find the tables. */
  readonly connectionString: string;
  /** The schema that has the tables. One database has room for many documents. */
  readonly schema: string;
  /** Connections of one process for reading. */
  readonly connections: number;
}

const DEFAULT_SCHEMA = "jsonstore";
const DEFAULT_CONNECTIONS = 8;
const NAME = /^[a-z_][a-z0-9_]{0,40}$/;

/** Whether a URL is of this kind. */
export function isPostgresUrl(url: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(url);
}

/**
 * Reads a URL.
 *
 * @throws Error when it is malformed
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  if (!URL.canParse(text)) throw new Error("Expected postgres://USER:PASSWORD@HOST/DATABASE, got what is no URL");
  const url = new URL(text);
  const schema = url.searchParams.get("schema") ?? DEFAULT_SCHEMA;
  const connections = url.searchParams.get("connections") ?? String(DEFAULT_CONNECTIONS);
  url.searchParams.delete("schema");
  url.searchParams.delete("connections");
  if (!NAME.test(schema)) {
    throw new Error(`Expected small letters, digits and underscores in the parameter "schema", got "${schema}"`);
  }
  if (!/^[1-9][0-9]{0,2}$/.test(connections)) {
    throw new Error(`Expected a number from 1 to 999 in the parameter "connections", got "${connections}"`);
  }
  // Beside options that the address has, and behind them, because the last one counts.
  const options = url.searchParams.get("options") ?? "";
  url.searchParams.set("options", `${options} -c search_path=${schema}`.trimStart());
  return { connectionString: url.href, schema, connections: Number(connections) };
}
