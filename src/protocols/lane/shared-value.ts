// Values of an environ that a guest sees and changes although they live here: a session, the tokens against forgeries. The guest gets what
// they hold, and tells what it did with them. Source: docs/lane-protocol.md, "Shared values".

/** Under this symbol an object or function of the environ says how it travels: see {@link SharedValue}. */
export const SHARED = Symbol.for("tsgi.shared");

/** The key, beside those of an environ in JSON, that holds the shared values. */
export const SHARED_KEY = "tsgi.shared";

/** How a value is shared with a guest. */
export interface SharedValue {
  /** What the guest makes of it. */
  readonly kind: "session" | "token";
  /** Gives what it holds now, as text in the format of its kind; the guest has not looked at it yet. */
  share(): string;
  /**
   * Takes what the guest did.
   *
   * @param change - out of JSON, in the format of its kind
   * @throws Error when the change comes too late, or is none
   */
  receive(change: unknown): void;
}

/** What an object or function of the environ says of itself; null when it does not travel. */
export function sharedValueOf(value: unknown): SharedValue | null {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return null;
  return (value as { readonly [SHARED]?: SharedValue })[SHARED] ?? null;
}

/**
 * Takes what a guest did with the shared values of an environ; keys under which there is none mean nothing.
 *
 * @param changes - change by key of the environ
 * @throws Error when a change comes too late, or is none
 */
export function receiveChanges(environ: Readonly<Record<string, unknown>>, changes: unknown): void {
  if (typeof changes !== "object" || changes === null) return;
  for (const [key, change] of Object.entries(changes)) {
    if (Object.hasOwn(environ, key)) sharedValueOf(environ[key])?.receive(change);
  }
}
