// What a storage of sessions does, whatever stands behind it.

/** Keeps texts by key until they expire. All methods may be asynchronous. */
export interface SessionStorage {
  /** Gives a text that has not expired; null when there is none. */
  read(key: string): string | null | Promise<string | null>;
  /** @param expiresAt - milliseconds since 1970 */
  write(key: string, value: string, expiresAt: number): void | Promise<void>;
  remove(key: string): void | Promise<void>;
  /** Lets go of files and connections. */
  close?(): void | Promise<void>;
}
