// Errors of the test client: the test itself asked for something impossible, or the peer did not answer as HTTP must.
import { TSGIError } from "../errors.ts";

/** A test asked the client for something impossible: two bodies at once, a header beyond latin-1, a body sent twice. */
export class TestUsageError extends TSGIError {
  constructor(message: string, options?: ErrorOptions) {
    super("configuration", "ERR_TSGI_TEST_USAGE", message, options);
  }
}

/** Redirects that form a circle or lead away from the server under test. */
export class RedirectError extends TSGIError {
  constructor(message: string, options?: ErrorOptions) {
    super("remote", "ERR_TSGI_TEST_REDIRECT", message, options);
  }
}

/** The request ended without a response: the connection failed or was lost, or the client itself disconnected. */
export class NoResponseError extends TSGIError {
  constructor(message: string, options?: ErrorOptions) {
    super("remote", "ERR_TSGI_TEST_NO_RESPONSE", message, options);
  }
}
