// The requests of a worker, for an operator who wants to know what takes so long.
import type { RequestInFlight } from "../../gateways/in-flight.ts";
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { LISTED_CHARACTERS, LISTED_REQUESTS, type RequestInHand, type RequestsMessage } from "../channel/messages.ts";

/**
 * Lists the oldest requests.
 *
 * @param inFlight - all that there are
 * @param processes - which Python process has which, by the request's id
 */
export function listRequests(
  inFlight: readonly RequestInFlight[],
  processes: ReadonlyMap<string, number> | undefined,
): RequestsMessage {
  const oldest = inFlight.toSorted((a, b) => b.elapsedSeconds - a.elapsedSeconds).slice(0, LISTED_REQUESTS);
  const requests = oldest.map((flight): RequestInHand => {
    const { environ, elapsedSeconds, isSent, isOver } = flight;
    const requestId = text(environ[TSGI_REQUEST_ID]);
    return {
      ageSeconds: elapsedSeconds,
      method: text(environ.REQUEST_METHOD),
      path: pathOf(text(environ.REQUEST_URI)),
      state: isOver ? "abandoned" : isSent ? "answering" : "working",
      python: processes?.get(requestId) ?? null,
      requestId,
    };
  });
  return { type: "requests", requests, leftOut: inFlight.length - requests.length };
}

/** Of a target in any form; an absolute one may hold a password, too. Source: RFC 9112 section 3.2. */
function pathOf(target: string): string {
  return target.replace(/[?#][^]*/, "").replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, "");
}

/** The application may have put anything in the place of what the gateway has. */
function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, LISTED_CHARACTERS) : "";
}
