// What a storage of sessions does, whatever stands behind it. Each method is one step that no other process comes between; what must be
// known of another request that is at work on the same session is known by that.

/** A text, and when it expires. */
export interface KeptText {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Keeps texts by key until they expire; one that has expired is not there. All methods may be asynchronous. */
export interface SessionStorage {
  /** Gives a text; null when there is none. */
  read(key: string): KeptText | null | Promise<KeptText | null>;
  /** Keeps a text under a key that is new. @param expiresAt - milliseconds since 1970 */
  create(key: string, text: string, expiresAt: number): void | Promise<void>;
  /** Puts a text in the place of `known`, if that is what is kept still; tells whether it was. */
  replace(key: string, known: string, text: string, expiresAt: number): boolean | Promise<boolean>;
  /** Lets a text live until then, whatever it is by now; tells whether there is one. */
  touch(key: string, expiresAt: number): boolean | Promise<boolean>;
  /** Forgets a text, and gives what it was. */
  take(key: string): string | null | Promise<string | null>;
  /** Lets go of files and connections. */
  close?(): void | Promise<void>;
}
