// What a storage of sessions does, whatever stands behind it. Each method is one step that no other process comes between; what must be
// known of another request that is at work on the same session is known by that.

/** A text and its time of expiry. */
export interface KeptText {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Stores texts by key until they expire. All methods may be asynchronous. */
export interface SessionStorage {
  /** Returns a text; null if there is none. */
  read(key: string): KeptText | null | Promise<KeptText | null>;
  /** Stores a text under a new key. @param expiresAt - milliseconds since 1970 */
  create(key: string, text: string, expiresAt: number): void | Promise<void>;
  /** Replaces the text `known`, if it is still the one that is stored; returns whether it was. */
  replace(key: string, known: string, text: string, expiresAt: number): boolean | Promise<boolean>;
  /** Sets the time of expiry of a text, whatever it is now; returns whether there is one. */
  touch(key: string, expiresAt: number): boolean | Promise<boolean>;
  /** Removes a text and returns it. */
  take(key: string): string | null | Promise<string | null>;
  /** Closes files and connections. */
  close?(): void | Promise<void>;
}
