// The store behind a URL.
import type { Store } from "./storage/store.ts";
import { openSqlite } from "./storage/sqlite/sqlite-store.ts";
import { isPostgresUrl } from "./storage/postgres/postgres-url.ts";
import type { Durability } from "./storage/sqlite/connection.ts";

/** How it is opened. */
export interface OpenOptions {
  readonly durability?: Durability;
  readonly pageSize?: number;
  /** Bytes that the store may take. */
  readonly maxSize?: number;
  /** Bytes that the write-ahead log of SQLite may grow by while somebody reads one state of the document. @default 1073741824 */
  readonly maxLog?: number;
}

/**
 * Opens a store.
 *
 * @param url - `sqlite:PATH` or `postgres://…`
 * @throws Error when there is none; its message has no password in it
 */
export async function openStore(url: string, options: OpenOptions = {}): Promise<Store> {
  if (isPostgresUrl(url)) {
    if (options.maxSize !== undefined)
      throw new Error("A size can be set for SQLite only; PostgreSQL has its own limits");
    const { openPostgres } = await import("./storage/postgres/postgres-store.ts");
    return await openPostgres({ ...options, url });
  }
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(url)?.[1];
  if (path === undefined)
    throw new Error(`Expected sqlite:PATH or postgres://USER@HOST/DATABASE, got "${withoutPassword(url)}"`);
  return await openSqlite({ ...options, path });
}

/** What is in front of an @ may be a secret. */
function withoutPassword(url: string): string {
  return url.replace(/^.*@/s, "…@");
}
