// Carries the test client's requests straight to the application, without a port.

import { checkHeaders } from "../wsgi/head-rules.ts";
import { type ApplicationRun, runApplication } from "../wsgi/handler.ts";
import { requestEnded } from "../wsgi/request-end.ts";
import { StringErrorStream } from "../wsgi/string-error-stream.ts";
import type { Bytes, HeaderList, WSGIApplication } from "../wsgi/types.ts";
import { NoResponseError } from "./errors.ts";
import { requestEnviron } from "./request-environ.ts";
import { RecordingSink } from "./recording-sink.ts";
import type { Transport, WireRequest, WireResponse } from "./transport.ts";

/** Calls an application as a gateway does, and records its answer. */
export class InProcessTransport implements Transport {
  readonly #application: WSGIApplication;

  constructor(application: WSGIApplication) {
    this.#application = application;
  }

  send(wire: WireRequest): Promise<WireResponse> {
    return new Promise((resolve, reject) => {
      const exchange = new InProcessCall(wire, () => {
        if (exchange.sink.isHeadSent) resolve(exchange.response());
        else reject(new NoResponseError("The client disconnected before the response began"));
      });
      exchange.run(this.#application);
    });
  }

  close(): void {}
}

/** One request and its answer. */
class InProcessCall {
  readonly sink: RecordingSink;
  readonly #wire: WireRequest;
  readonly #settle: () => void;
  readonly #errors = new StringErrorStream();
  readonly #earlyHints: HeaderList[] = [];
  readonly #controller = new AbortController();
  #run: ApplicationRun | null = null;
  #receivedBytes = 0;
  #isOver = false;

  constructor(wire: WireRequest, settle: () => void) {
    this.#wire = wire;
    this.#settle = settle;
    this.sink = new RecordingSink(wire.method, {
      head: () => this.#leaveIfEnough(),
      chunk: (chunk) => this.#receive(chunk),
      over: () => this.#end(),
    });
  }

  run(application: WSGIApplication): void {
    const environ = Object.assign(requestEnviron(this.#wire), {
      "wsgi.errors": this.#errors,
      "wsgi.early_hints": (headers: HeaderList) => this.#hint(headers),
      "tsgi.signal": this.#controller.signal,
    });
    const { signal } = this.#wire.watch;
    signal?.addEventListener("abort", this.#leave);
    this.#run = runApplication(application, environ, this.sink);
    if (signal?.aborted) this.#leave();
  }

  response(): WireResponse {
    const { status, headers, chunks, isComplete, error } = this.sink;
    const [code = "", ...reason] = status.split(" ");
    return {
      status: Number(code),
      reason: reason.join(" "),
      headers,
      chunks,
      isComplete,
      error,
      earlyHints: this.#earlyHints,
      errors: this.#errors.text,
    };
  }

  #hint(headers: HeaderList): void {
    checkHeaders(headers);
    if (!this.sink.isHeadSent) this.#earlyHints.push(headers.map(([name, value]) => [name, value]));
  }

  #receive(chunk: Bytes): void {
    if (this.#isOver) return;
    this.#receivedBytes += chunk.length;
    this.#wire.watch.onChunk?.(chunk);
    this.#leaveIfEnough();
  }

  #leaveIfEnough(): void {
    const { leaveAfterBytes } = this.#wire.watch;
    // A client notices and leaves later than the server sends; never in the middle of the application's own call.
    if (leaveAfterBytes !== undefined && this.#receivedBytes >= leaveAfterBytes) setImmediate(this.#leave);
  }

  readonly #leave = (): void => {
    if (this.#isOver) return;
    const reason = new NoResponseError("The client disconnected");
    this.sink.error = reason;
    this.#controller.abort(reason);
    this.#run?.abort(reason);
    this.#end();
  };

  /** The request is over when its application has come to rest, which may be later. */
  #release(): void {
    const run = this.#run;
    if (run?.isWorking === true) run.listener = { rested: () => requestEnded(this.#controller.signal, this.#errors) };
    else requestEnded(this.#controller.signal, this.#errors);
  }

  /** Settles one turn later, so that `close()` of the body has run when the test goes on. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wire.watch.signal?.removeEventListener("abort", this.#leave);
    this.#release();
    setImmediate(this.#settle);
  }
}
