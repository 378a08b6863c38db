// Hello as a class: it is constructed for each request and then iterated, so that it is the body of its own answer.

import type { StartResponse, WSGIEnvironment } from "tsgi/wsgi";

class Hello {
  readonly #name: string;
  readonly #startResponse: StartResponse;

  constructor(environ: WSGIEnvironment, startResponse: StartResponse) {
    this.#name = new URLSearchParams(environ.QUERY_STRING).get("name") ?? "world";
    this.#startResponse = startResponse;
  }

  *[Symbol.iterator]() {
    this.#startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
    yield Buffer.from("Hello, ");
    yield Buffer.from(`${this.#name}!\n`);
  }
}

export const application = Hello;
