// The response of a WSGI application that a handler has returned: it is called here, so that hooks see its status and headers as those of
// any other. Source: PEP 3333 for startResponse, write() and bodies that announce themselves late.
import { closeAfterError } from "../middleware/writing/body-close.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import { asyncChunks, openedBody } from "../middleware/writing/chunk-iterables.ts";
import { toApplication } from "../wsgi/application.ts";
import { ContractViolation } from "../wsgi/errors.ts";
import type { Bytes, HeaderList, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";
import { Response } from "./response.ts";

/**
 * Calls an application and gives its response. The body is not read yet.
 *
 * @throws whatever the application throws before its first chunk
 */
export function capturedResponse(application: WSGIApplication, environ: WSGIEnvironment): Response | Promise<Response> {
  const capture = new Capture();
  const body = toApplication(application)(environ, capture.startResponse);
  return isPromise(body) ? body.then((settled) => capture.response(settled)) : capture.response(body);
}

class Capture {
  #head: { readonly status: string; readonly headers: HeaderList } | null = null;
  /** What went through write(), which new applications do not use. */
  readonly #written: Bytes[] = [];

  readonly startResponse: StartResponse = (status, headers, excInfo) => {
    if (this.#head !== null && (excInfo === undefined || excInfo === null)) {
      const what = "Call startResponse once; a second call must pass the error as excInfo";
      throw new ContractViolation("ERR_TSGI_HEADERS_SET", what);
    }
    this.#head = { status, headers };
    return (chunk) => {
      this.#written.push(chunk);
    };
  };

  response(body: WSGIBody): Response | Promise<Response> {
    if (this.#head !== null || Array.isArray(body)) return this.#finish(body);
    return openedBody(body).then((opened) => this.#finish(opened));
  }

  #finish(body: WSGIBody): Response {
    if (this.#head === null) {
      closeAfterError(body);
      throw new ContractViolation(
        "ERR_TSGI_NO_START_RESPONSE",
        "Call startResponse before the first chunk of the body",
      );
    }
    const { status, headers } = this.#head;
    return Response.of(Number(status.slice(0, 3)), headers, this.#written.length === 0 ? body : this.#joined(body));
  }

  #joined(body: WSGIBody): WSGIBody {
    const written = this.#written;
    const chunks = (async function* joined(): AsyncGenerator<Bytes> {
      yield* written;
      yield* asyncChunks(body);
    })();
    return { [Symbol.asyncIterator]: () => chunks, close: () => body.close?.() };
  }
}
