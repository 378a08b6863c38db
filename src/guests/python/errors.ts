// Errors of Python guests. The status that a client is answered with lives on the error.
import { Buffer } from "node:buffer";
import { TSGIError, type Fault } from "../../errors.ts";
import { TARGET_EXIT_CODES } from "../typescript/errors.ts";

/** What a client is told: no details. */
export interface ErrorPage {
  readonly status: string;
  readonly headers: [name: string, value: string][];
  readonly body: Uint8Array;
}

/** Root of the errors of a request that a Python guest did not answer. */
export class PythonRequestError extends TSGIError {
  /** What the client is answered with, as far as nothing has been sent yet. */
  readonly status: number;
  /** What it reads, where this error is answered by the guest itself; null where it is thrown to middleware and gateway. */
  readonly page: ErrorPage | null = null;

  /**
   * @param fault - whose fault it is
   * @param code - stable identifier
   * @param status - the HTTP status to answer
   * @param message - one sentence
   * @param pythonStack - the Python traceback or stack, which becomes the error's own
   */
  constructor(fault: Fault, code: string, status: number, message: string, pythonStack = "") {
    super(fault, code, message);
    this.status = status;
    if (pythonStack !== "") this.stack = `${this.name}: ${message}\n${pythonStack.trimEnd()}`;
  }
}

/** The application raised, returned nonsense, or never called start_response: 500. */
export class PythonApplicationFailed extends PythonRequestError {
  constructor(message: string, pythonStack: string) {
    super("violation", "ERR_TSGI_PYTHON_FAILED", 500, message, pythonStack);
  }
}

/** The process ended while it worked on the request: 502. */
export class PythonProcessDied extends PythonRequestError {
  override readonly page = pageOf("502 Bad Gateway");

  constructor(message: string, pythonStack = "") {
    super("internal", "ERR_TSGI_PYTHON_DIED", 502, message, pythonStack);
  }
}

/** The application did not answer within the deadline: 504. */
export class PythonDeadlineMissed extends PythonRequestError {
  override readonly page = pageOf("504 Gateway Timeout");

  constructor(message: string, pythonStack = "") {
    super("internal", "ERR_TSGI_PYTHON_DEADLINE", 504, message, pythonStack);
  }
}

/** No process can take the request: 503. */
export class PythonUnavailable extends PythonRequestError {
  override readonly page = pageOf("503 Service Unavailable", [["Retry-After", "1"]]);

  constructor(message: string) {
    super("internal", "ERR_TSGI_PYTHON_UNAVAILABLE", 503, message);
  }
}

/** The client left before its request was answered; nobody is told. */
export class PythonClientGone extends PythonRequestError {
  constructor() {
    super("remote", "ERR_TSGI_PYTHON_CLIENT_GONE", 499, "The client left before its request was answered");
  }
}

const MISTAKES: ReadonlyMap<string, number> = new Map([
  ["not-found", TARGET_EXIT_CODES.notFound],
  ["syntax", TARGET_EXIT_CODES.syntaxError],
  ["no-attribute", TARGET_EXIT_CODES.noSuchAttribute],
]);

/** The interpreter or the target could not be used; the message says why, `stack` holds Python's traceback. */
export class PythonStartError extends TSGIError {
  /** Exit code of the command, where the target itself is wrong. */
  readonly exitCode: number | undefined;

  /**
   * @param message - one sentence
   * @param pythonStack - Python's traceback, which becomes the error's own
   * @param mistake - what is wrong with the target, as the shim names it
   */
  constructor(message: string, pythonStack = "", options?: ErrorOptions & { readonly mistake?: string | null }) {
    super("configuration", "ERR_TSGI_PYTHON_START", message, options);
    this.exitCode = MISTAKES.get(options?.mistake ?? "");
    if (pythonStack !== "") this.stack = `${this.name}: ${message}\n${pythonStack.trimEnd()}`;
  }
}

function pageOf(status: string, headers: [name: string, value: string][] = []): ErrorPage {
  return {
    status,
    headers: [["Content-Type", "text/plain; charset=utf-8"], ...headers],
    body: Buffer.from(`${status}\n`),
  };
}
