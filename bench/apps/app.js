// @ts-check
// The application of the benchmarks as a user of TSGI would write it.
import { HELLO, TEN_KILOBYTES, download, megabyte } from "./payloads.js";

const hello = Buffer.from(HELLO);

/**
 * Answers the paths of all workloads.
 *
 * @param {Record<string, any>} environ the request
 * @param {(status: string, headers: [string, string][]) => unknown} startResponse announces the answer
 * @returns {Iterable<Uint8Array> | Promise<Iterable<Uint8Array>>} the body
 */
export function application(environ, startResponse) {
  switch (environ.PATH_INFO) {
    case "/hello":
      startResponse("200 OK", [
        ["Content-Type", "text/plain"],
        ["Content-Length", "13"],
      ]);
      return [hello];
    case "/10k":
      startResponse("200 OK", [
        ["Content-Type", "application/octet-stream"],
        ["Content-Length", "10240"],
      ]);
      return [TEN_KILOBYTES];
    case "/echo":
      return echo(environ, startResponse);
    case "/stream":
      startResponse("200 OK", [["Content-Type", "application/octet-stream"]]);
      return megabyte();
    case "/sink":
      return sink(environ, startResponse);
    case "/download":
      startResponse("200 OK", [["Content-Type", "application/octet-stream"]]);
      return download(Number(environ.QUERY_STRING));
    default:
      startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
      return [];
  }
}

/** @type {typeof application} */
async function echo(environ, startResponse) {
  const body = await environ["wsgi.input"].read();
  startResponse("200 OK", [
    ["Content-Type", "application/octet-stream"],
    ["Content-Length", String(body.length)],
  ]);
  return [body];
}

/** @type {typeof application} */
async function sink(environ, startResponse) {
  const input = environ["wsgi.input"];
  let bytes = 0;
  for (let chunk = await input.read(65_536); chunk.length > 0; chunk = await input.read(65_536)) bytes += chunk.length;
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(String(bytes))];
}
