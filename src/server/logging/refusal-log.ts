// Lines about requests that were refused for their syntax or size. Whoever can connect can have as many as he likes, on any protocol, so
// their number must have a bound that does not depend on him; the metric tsgi_requests_refused_total counts them all.
import { escapeText } from "../../wsgi/escape-text.ts";
import type { ErrorLog } from "./error-log.ts";

/** Lines that are written one by one in each span of time. */
const LINES_EACH_SPAN = 5;
const SPAN_SECONDS = 10;
/** Messages quote what came; nothing that matters is behind this. */
const LONGEST_MESSAGE = 500;

/** Writes the first refusals of each ten seconds one by one, and the others as one line with their number. */
export class RefusalLog {
  readonly #log: ErrorLog;
  #written = 0;
  #counted = 0;
  #last = "";
  #span: NodeJS.Timeout | null = null;

  constructor(log: ErrorLog) {
    this.#log = log;
  }

  /**
   * Tells of a refused request.
   *
   * @param protocol - as it is spelled in a bind address; empty for HTTP
   * @param remoteAddress - of the peer, or of its client as the peer says; empty where it has not said it
   * @param message - what is wrong with the request
   */
  tell(protocol: string, remoteAddress: string, message: string): void {
    const what = protocol === "" ? "request" : `${protocol} request`;
    const said = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}...` : message;
    const from = remoteAddress === "" ? "" : ` from ip=${escapeText(remoteAddress.slice(0, LONGEST_MESSAGE))}`;
    const line = `${what}${from}: ${escapeText(said)}`;
    // It keeps no process alive: `close` writes what has been counted.
    this.#span ??= setTimeout(() => this.close(), SPAN_SECONDS * 1000).unref();
    if (this.#written < LINES_EACH_SPAN) {
      this.#written += 1;
      this.#log.warning(`Invalid ${line}`);
    } else {
      this.#counted += 1;
      this.#last = line;
    }
  }

  /** Ends a span of time: writes what was only counted. */
  close(): void {
    if (this.#span !== null) clearTimeout(this.#span);
    const counted = this.#counted;
    this.#span = null;
    this.#written = 0;
    this.#counted = 0;
    if (counted === 0) return;
    this.#log.warning(`${counted} more invalid requests within ${SPAN_SECONDS} seconds, the last one a ${this.#last}`);
  }
}
