// What can be wrong with an answer that we receive, as the client of another server.
import { TSGIError } from "../errors.ts";

/** A server has answered with something that is not HTTP/1.1, or that two readers could understand differently. */
export class AnswerError extends TSGIError {
  /** What our own client is told. */
  readonly status = 502;

  /** @param code - stable, for example `ERR_HTTP_ANSWER_FRAMING` */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super("internal", code, message, options);
  }
}
