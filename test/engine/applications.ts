// Small applications that several tests serve.
import { setTimeout as sleep } from "node:timers/promises";

import type { WSGIApplication, WSGIBody } from "../../src/wsgi/types.ts";

const TEXT: [string, string] = ["Content-Type", "text/plain"];

/** Answers with the path, at once. */
export const pathApp: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", [TEXT]);
  return [Buffer.from(environ.PATH_INFO, "latin1")];
};

/** Answers with the path, later: the sooner the shorter the path is. */
export const latePathApp: WSGIApplication = async (environ, startResponse) => {
  await sleep(20 - Math.min(20, environ.PATH_INFO.length));
  startResponse("200 OK", [TEXT]);
  return [Buffer.from(environ.PATH_INFO, "latin1")];
};

/** Answers with the body of the request, in one piece. */
export const echoApp: WSGIApplication = async (environ, startResponse) => {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [TEXT]);
  return [body];
};

/** Answers without looking at the body of the request. */
export const ignoreApp: WSGIApplication = (_environ, startResponse) => {
  startResponse("200 OK", [TEXT]);
  return [Buffer.from("ok")];
};

/** A body that counts its calls of `close()`. */
export class CountedBody implements Iterable<Uint8Array> {
  closed = 0;
  pulled = 0;
  readonly #chunks: Iterable<Uint8Array>;

  constructor(chunks: Iterable<Uint8Array>) {
    this.#chunks = chunks;
  }

  *[Symbol.iterator](): Iterator<Uint8Array> {
    for (const chunk of this.#chunks) {
      this.pulled += 1;
      yield chunk;
    }
  }

  close(): void {
    this.closed += 1;
  }
}

/** Serves what `make` makes for each request, with a status line. */
export function answering(
  make: () => WSGIBody,
  status = "200 OK",
  headers: [string, string][] = [TEXT],
): WSGIApplication {
  return (_environ, startResponse) => {
    startResponse(status, headers);
    return make();
  };
}
