// Errors of the test client: the test itself asked for something impossible, or the peer did not answer as HTTP must.
import { TSGIError } from "../errors.ts";

/** A test asked the client for something that cannot be: two bodies at once, a header beyond latin-1, a body sent twice. */
export class TestUsageError extends TSGIError {
  constructor(message: string, options?: ErrorOptions) {
    super("configuration", "ERR_TSGI_TEST_USAGE", message, options);
  }
}

/** The peer led the client in circles, or away from the origin under test. */
export class RedirectError extends TSGIError {
  constructor(message: string, options?: ErrorOptions) {
    super("remote", "ERR_TSGI_TEST_REDIRECT", message, options);
  }
}

/** The request ended without a response: the connection failed, broke, or the client itself left. */
export class NoResponseError extends TSGIError {
  constructor(message: string, options?: ErrorOptions) {
    super("remote", "ERR_TSGI_TEST_NO_RESPONSE", message, options);
  }
}
