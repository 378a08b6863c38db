// Errors of requests that another server should have answered. The status that the client gets lives on the error; the message is for the
// log, and names the upstream and what was wrong.
import { TSGIError } from "../../errors.ts";

/** What a gateway says of the server behind it (RFC 9110 sections 15.6.3 to 15.6.5). */
export type UpstreamStatus = 502 | 503 | 504;

/** The upstream did not answer, or not with what it should. */
export class UpstreamError extends TSGIError {
  readonly status: UpstreamStatus;

  /**
   * @param status - 502: it failed; 503: it has no room; 504: it is too slow
   * @param word - end of the code
   * @param upstream - as it was configured, for example `http://127.0.0.1:3000`
   * @param problem - what was wrong, as the rest of a sentence
   */
  constructor(status: UpstreamStatus, word: string, upstream: string, problem: string, options?: ErrorOptions) {
    super("internal", `ERR_TSGI_UPSTREAM_${word}`, `Upstream "${upstream}" ${problem}`, options);
    this.status = status;
    // Where in this program it was noticed says nothing of what is wrong there.
    this.stack = `${this.name}: ${this.message}`;
  }
}

/** The request cannot be handed on; it is the client's fault, so that no log hears of it. */
export class RequestRefused extends TSGIError {
  readonly status: 400 | 404 | 413 | 414 | 431 | 508;

  constructor(status: RequestRefused["status"], message: string) {
    super("remote", "ERR_TSGI_UPSTREAM_REQUEST", message);
    this.status = status;
  }
}
