// Hello as a function: the whole of WSGI in six lines.

import type { StartResponse, WSGIEnvironment } from "tsgi/wsgi";

export function application(_environ: WSGIEnvironment, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [Buffer.from("Hello, world!\n")];
}
