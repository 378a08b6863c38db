// Messages for the next page: said before a redirect, shown after it, once. Source: Flask's message flashing.
import type { Request } from "./request.ts";

/** Name in the session. */
const NAME = "_flashes";

/** A message, and what kind of one it is. */
export interface FlashedMessage {
  readonly category: string;
  readonly message: string;
}

/**
 * Keeps a message in the session for the next page.
 *
 * @param category - "message", "error", whatever the page makes of it
 * @throws TSGIError when no session middleware is around the application
 */
export function flash(request: Request, message: string, category = "message"): void {
  const { session } = request;
  session.set(NAME, [...(session.get<[string, string][]>(NAME) ?? []), [category, message]]);
}

/** Gives the messages that wait, and forgets them. To be called before the response is announced, as all that changes a session. */
export function getFlashed(request: Request, ...categories: readonly string[]): FlashedMessage[] {
  const { session } = request;
  const kept = session.get<[string, string][]>(NAME);
  if (kept === undefined) return [];
  const isWanted = ([category]: readonly [string, string]): boolean =>
    categories.length === 0 || categories.includes(category);
  const rest = kept.filter((each) => !isWanted(each));
  if (rest.length === 0) session.delete(NAME);
  else session.set(NAME, rest);
  return kept.filter(isWanted).map(([category, message]) => ({ category, message }));
}
