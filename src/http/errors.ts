// Errors of the HTTP engine. Fed any bytes, the parser throws only ProtocolError; the status to answer lives on the error.
import { TSGIError } from "../errors.ts";

/** Statuses with which the engine itself refuses a request (RFC 9110 section 15). */
export type RefusalStatus = 400 | 408 | 413 | 414 | 417 | 431 | 501 | 503 | 505;

/** The peer sent what may not be sent. The connection answers with `status` and closes. */
export class ProtocolError extends TSGIError {
  readonly status: RefusalStatus;

  constructor(status: RefusalStatus, code: string, message: string) {
    super("remote", code, message);
    this.status = status;
  }
}

/** The client left (or stopped reading or writing) before the exchange was complete. */
export class ClientDisconnected extends TSGIError {
  /** For a client that has ended only its own side and can still read. */
  readonly status = 400;

  constructor(message: string, options?: ErrorOptions) {
    super("remote", "ERR_HTTP_CLIENT_DISCONNECTED", message, options);
  }
}

/** The application announced or sent what may not go on the wire. Answered with 500 while nothing was sent. */
export class ResponseViolation extends TSGIError {
  readonly status = 500;

  constructor(code: string, message: string) {
    super("violation", code, message);
  }
}

/** The server cannot answer now (503), or the application did not answer in time (504). */
export class ServiceError extends TSGIError {
  readonly status: 503 | 504;

  constructor(status: 503 | 504, code: string, message: string) {
    super("internal", code, message);
    this.status = status;
  }
}
