// Errors of the HTTP engine. Fed any bytes, the parser throws only ProtocolError; the status to answer lives on the error.
import { TSGIError } from "../errors.ts";

/** Statuses that the engine itself uses to refuse a request (RFC 9110 section 15). */
export type RefusalStatus = 400 | 408 | 413 | 414 | 417 | 431 | 501 | 503 | 505;

/** The peer sent something invalid. The connection answers with `status` and closes. */
export class ProtocolError extends TSGIError {
  readonly status: RefusalStatus;

  constructor(status: RefusalStatus, code: string, message: string) {
    super("remote", code, message);
    this.status = status;
  }
}

/** The client disconnected (or stopped reading or writing) before the response was complete. */
export class ClientDisconnected extends TSGIError {
  /** For a client that has closed only its sending side and can still read. */
  readonly status = 400;

  constructor(message: string, options?: ErrorOptions) {
    super("remote", "ERR_HTTP_CLIENT_DISCONNECTED", message, options);
  }
}

/** The application announced or sent something invalid. The response is 500 if nothing was sent yet. */
export class ResponseViolation extends TSGIError {
  readonly status = 500;

  constructor(code: string, message: string) {
    super("violation", code, message);
  }
}

/** The server cannot handle the request now (503), or the application did not respond in time (504). */
export class ServiceError extends TSGIError {
  readonly status: 503 | 504;

  constructor(status: 503 | 504, code: string, message: string) {
    super("internal", code, message);
    this.status = status;
  }
}

/** The client sends or announces a longer body than it may. */
export function bodyTooLarge(maxBytes: number): ProtocolError {
  return new ProtocolError(413, "ERR_HTTP_BODY_TOO_LARGE", `The request body is longer than ${maxBytes} bytes`);
}

/** The body that an application gave is not as long as it has announced. */
export function wrongLength(announced: number, given: number): ResponseViolation {
  return new ResponseViolation(
    "ERR_HTTP_BODY_LENGTH",
    `The response body does not match Content-Length: ${announced} announced, ${given} given`,
  );
}
