// Errors of the protocols between a web server and an application: CGI, FastCGI, SCGI, uwsgi.
import { TSGIError } from "../errors.ts";

/** What the answer to a peer can be that does not speak its protocol. */
export type GatewayErrorStatus = 400 | 404 | 411 | 413 | 431 | 502;

/** The peer sent bytes that are not its protocol, or more of them than is allowed. */
export class GatewayProtocolError extends TSGIError {
  /** What the client is answered with, as far as there is one to be answered. */
  readonly status: GatewayErrorStatus;

  /**
   * @param status - 502 for an application that answers so, otherwise what a web server in front is told
   * @param code - stable, for example `ERR_TSGI_FASTCGI`
   */
  constructor(status: GatewayErrorStatus, code: string, message: string) {
    super("remote", code, message);
    this.status = status;
  }
}
