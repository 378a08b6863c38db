// The warm-up request: a new worker asks its own application for a page before any client can, without a network.
import { FileWrapper } from "../wsgi/file-wrapper.ts";
import { type ApplicationRun, type ResponseSink, runApplication } from "../wsgi/handler.ts";
import { EMPTY_INPUT } from "../wsgi/input-stream.ts";
import type { ErrorStream, HeaderList, WSGIApplication, WSGIEnvironment } from "../wsgi/types.ts";
import { SERVER_EXIT_CODES, ServerError } from "./errors.ts";

/**
 * Calls the application once.
 *
 * @param path - with query
 * @throws ServerError when the answer fails or its status is 500 or above
 */
export async function warmUp(application: WSGIApplication, path: string, errors: ErrorStream): Promise<void> {
  const controller = new AbortController();
  const environ = warmUpEnviron(path, errors, controller.signal);
  let run: ApplicationRun | undefined;
  const status = await new Promise<number>((resolve, reject) => {
    run = runApplication(application, environ, new StatusSink(resolve, reject));
  }).catch((error: unknown) => {
    throw failed(path, error instanceof Error ? (error.stack ?? error.message) : String(error));
  });
  // The status is known with the first chunk; an endless body is not waited for.
  run?.abort(new Error("The warm-up request is over"));
  if (status >= 500) throw failed(path, `the status was ${status}`);
}

function failed(path: string, reason: string): ServerError {
  const [first = "", ...more] = reason.split("\n");
  return new ServerError(SERVER_EXIT_CODES.app, "ERR_TSGI_WARM_UP", `The warm-up request ${path} failed: ${first}`, {
    detail: more.join("\n"),
  });
}

function warmUpEnviron(path: string, errors: ErrorStream, signal: AbortSignal): WSGIEnvironment {
  const [pathInfo = "/", query = ""] = path.split("?", 2);
  return {
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: pathInfo,
    QUERY_STRING: query,
    REQUEST_URI: path,
    SERVER_NAME: "localhost",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "tsgi",
    REMOTE_ADDR: "127.0.0.1",
    REMOTE_PORT: "0",
    HTTP_HOST: "localhost",
    HTTP_USER_AGENT: "tsgi-warm-up",
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "http",
    "wsgi.input": EMPTY_INPUT,
    "wsgi.errors": errors,
    "wsgi.multithread": false,
    "wsgi.multiprocess": true,
    "wsgi.run_once": false,
    "wsgi.input_terminated": true,
    "wsgi.file_wrapper": (file, blockSize) => new FileWrapper(file, blockSize ?? 65_536),
    "wsgi.early_hints": () => {},
    "tsgi.signal": signal,
  };
}

/** Takes an answer in and remembers only its status. */
class StatusSink implements ResponseSink {
  #status = 0;
  readonly #resolve: (status: number) => void;
  readonly #reject: (error: unknown) => void;

  constructor(resolve: (status: number) => void, reject: (error: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  announce(status: string, _headers: HeaderList): void {
    this.#status = Number.parseInt(status, 10);
  }

  sendWhole(): void {
    this.#resolve(this.#status);
  }

  send(): boolean {
    this.#resolve(this.#status);
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  finish(): void {
    this.#resolve(this.#status);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}
