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
   * @param change - JSON, in the format of the kind
   * @throws Error when the change comes too late, or is none
   */
  receive(change: unknown): void;
}

/** What an object or function of the environ says of itself; null when it does not travel. */
export function sharedValueOf(value: unknown): SharedValue | null {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return null;
  return (value as { readonly [SHARED]?: SharedValue })[SHARED] ?? null;
}
