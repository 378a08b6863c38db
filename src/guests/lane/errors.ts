// Errors of guests. Each carries its guest's language: for "Python", the class GuestClientGone is exported and logged as PythonClientGone,
// with the code ERR_TSGI_PYTHON_CLIENT_GONE. The response status is a property of the error.
import { Buffer } from "node:buffer";
import { TSGIError, type Fault } from "../../errors.ts";
import { TARGET_EXIT_CODES } from "../target-exit-codes.ts";

/** The response body that clients see: no details. */
export interface ErrorPage {
  readonly status: string;
  readonly headers: [name: string, value: string][];
  readonly body: Uint8Array;
}

/** Base class of the errors of a request that a guest did not answer. */
export class GuestRequestError extends TSGIError {
  /** The guest's language. */
  readonly language: string;
  /** Status of the response, if nothing was sent yet. */
  readonly status: number;
  /** The body of the error response if the guest sends it itself; null if the error is thrown to middleware and gateway. */
  readonly page: ErrorPage | null = null;

  /**
   * @param language - of the guest
   * @param fault - whose fault it is
   * @param word - end of the code
   * @param status - the HTTP status to answer
   * @param message - one sentence
   * @param report - the traceback or stack in the guest, which becomes the error's own
   */
  constructor(language: string, fault: Fault, word: string, status: number, message: string, report = "") {
    super(fault, codeOf(language, word), message);
    this.name = nameOf(language, new.target);
    this.language = language;
    this.status = status;
    if (report !== "") this.stack = stackOf(this, report);
  }
}

/** The application raised an exception, returned something invalid, or never called start_response: 500. */
export class GuestApplicationFailed extends GuestRequestError {
  constructor(language: string, message: string, report: string) {
    super(language, "violation", "FAILED", 500, message, report);
  }
}

/** The process ended while it was working on the request: 502. */
export class GuestProcessDied extends GuestRequestError {
  override readonly page = pageOf("502 Bad Gateway");

  constructor(language: string, message: string, report = "") {
    super(language, "internal", "DIED", 502, message, report);
  }
}

/** The application did not respond within the deadline: 504. */
export class GuestDeadlineMissed extends GuestRequestError {
  override readonly page = pageOf("504 Gateway Timeout");

  constructor(language: string, message: string, report = "") {
    super(language, "internal", "DEADLINE", 504, message, report);
  }
}

/** No process can take the request: 503. */
export class GuestUnavailable extends GuestRequestError {
  override readonly page = pageOf("503 Service Unavailable", [["Retry-After", "1"]]);

  constructor(language: string, message: string) {
    super(language, "internal", "UNAVAILABLE", 503, message);
  }
}

/** The client disconnected before its request was answered; no response is sent. */
export class GuestClientGone extends GuestRequestError {
  constructor(language: string) {
    super(language, "remote", "CLIENT_GONE", 499, "The client left before its request was answered");
  }
}

const MISTAKES: ReadonlyMap<string, number> = new Map([
  ["not-found", TARGET_EXIT_CODES.notFound],
  ["syntax", TARGET_EXIT_CODES.syntaxError],
  ["no-attribute", TARGET_EXIT_CODES.noSuchAttribute],
]);

/** The interpreter or the target cannot be used. The message gives the reason, and `stack` has the guest's traceback. */
export class GuestStartError extends TSGIError {
  /** The guest's language. */
  readonly language: string;
  /** Exit code of the command if the target itself is wrong. */
  readonly exitCode: number | undefined;

  /**
   * @param language - of the guest
   * @param message - one sentence
   * @param report - the guest's traceback, which becomes the error's own
   * @param options - `mistake`: what is wrong with the target, as BROKEN names it
   */
  constructor(
    language: string,
    message: string,
    report = "",
    options?: ErrorOptions & { readonly mistake?: string | null },
  ) {
    super("configuration", codeOf(language, "START"), message, options);
    this.name = nameOf(language, new.target);
    this.language = language;
    this.exitCode = MISTAKES.get(options?.mistake ?? "");
    if (report !== "") this.stack = stackOf(this, report);
  }
}

function codeOf(language: string, word: string): string {
  return `ERR_TSGI_${language.toUpperCase()}_${word}`;
}

/** The name under which the guest's language exports the class. */
function nameOf(language: string, { name }: { readonly name: string }): string {
  return name.replace(/^Guest/, language);
}

function stackOf({ name, message }: Error, report: string): string {
  return `${name}: ${message}\n${report.trimEnd()}`;
}

function pageOf(status: string, headers: [name: string, value: string][] = []): ErrorPage {
  return {
    status,
    headers: [["Content-Type", "text/plain; charset=utf-8"], ...headers],
    body: Buffer.from(`${status}\n`),
  };
}
