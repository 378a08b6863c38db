// The store behind a URL.
import type { Store } from "./storage/store.ts";
import { openSqlite } from "./storage/sqlite/sqlite-store.ts";
import type { Durability } from "./storage/sqlite/connection.ts";

/** How it is opened. */
export interface OpenOptions {
  readonly durability?: Durability;
  readonly pageSize?: number;
  /** Bytes that the store may take. */
  readonly maxSize?: number;
}

/**
 * Opens a store.
 *
 * @param url - `sqlite:PATH`
 */
export async function openStore(url: string, options: OpenOptions = {}): Promise<Store> {
  const path = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(url)?.[1];
  if (path === undefined) throw new Error(`Expected sqlite:PATH, got "${url}"`);
  return await openSqlite({ ...options, path });
}
