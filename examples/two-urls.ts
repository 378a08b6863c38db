// Two addresses: "/" is an index, everything else greets whoever the path names.

import { decodeNative, type StartResponse, type WSGIEnvironment } from "tsgi/wsgi";

function index(_environ: WSGIEnvironment, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  return [Buffer.from('<!doctype html>\n<title>Index</title>\n<a href="/world">Say hello to the world</a>\n')];
}

function hello(environ: WSGIEnvironment, startResponse: StartResponse) {
  // PATH_INFO is a native string: the bytes of the path, which are UTF-8 in practice.
  const name = decodeNative(environ.PATH_INFO).slice(1);
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [Buffer.from(`Hello, ${name}!\n`)];
}

export function application(environ: WSGIEnvironment, startResponse: StartResponse) {
  return environ.PATH_INFO === "/" ? index(environ, startResponse) : hello(environ, startResponse);
}
