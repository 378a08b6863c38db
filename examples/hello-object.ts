// Hello as an object: it is made once, and its method `call` answers every request. A good place for settings and connections.

import type { StartResponse, WSGIApplicationObject, WSGIEnvironment } from "tsgi/wsgi";

class Greeter implements WSGIApplicationObject {
  readonly #greeting: string;
  #count = 0;

  constructor(greeting: string) {
    this.#greeting = greeting;
  }

  call(_environ: WSGIEnvironment, startResponse: StartResponse) {
    this.#count += 1;
    startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
    return [Buffer.from(`${this.#greeting}, visitor number ${this.#count}!\n`)];
  }
}

export const application = new Greeter("Hello");
