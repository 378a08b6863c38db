// A JSGI 0.3 application as a WSGI application. Source: JSGI 0.3 draft 2 of the CommonJS wiki; Ringo for what the draft leaves open.
import { STATUS_CODES } from "node:http";
import { ContractViolation } from "../../wsgi/errors.ts";
import type { Bytes, HeaderList, StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { BodyQueue } from "../body-queue.ts";
import { requestHeaders } from "../request-headers.ts";
import { requestTarget } from "../request-target.ts";

/** The response of a JSGI application. */
export interface JsgiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Calls its argument with each chunk; may return a promise for the end. An array works too. */
  readonly body: { forEach(write: (chunk: unknown) => void): unknown };
}

/** A JSGI application. */
export type JsgiApplication = (request: object) => JsgiResponse | PromiseLike<JsgiResponse>;

/**
 * Makes a WSGI application of a JSGI application.
 *
 * @param application - a function that takes the `request` object of JSGI 0.3
 */
export function jsgiApplication(application: JsgiApplication): WSGIApplication {
  return async function callJsgi(environ, startResponse) {
    return respond(await application(requestOf(environ)), startResponse);
  };
}

function requestOf(environ: WSGIEnvironment): object {
  const { mount, path } = requestTarget(environ);
  const fields = requestHeaders(environ);
  const headers: Record<string, string> = {};
  for (let index = 0; index < fields.length; index += 2) headers[fields[index] ?? ""] = fields[index + 1] ?? "";
  const errors = environ["wsgi.errors"];
  return {
    method: environ.REQUEST_METHOD,
    scriptName: mount,
    pathInfo: path,
    queryString: environ.QUERY_STRING,
    host: environ.SERVER_NAME,
    port: environ.SERVER_PORT,
    scheme: environ["wsgi.url_scheme"],
    version: environ.SERVER_PROTOCOL.slice("HTTP/".length).split(".").map(Number),
    headers,
    input: environ["wsgi.input"],
    remoteAddress: environ.REMOTE_ADDR ?? "",
    jsgi: {
      version: [0, 3],
      errors: {
        print: (text: unknown) => errors.write(`${String(text)}\n`),
        write: (text: unknown) => errors.write(String(text)),
      },
      multithread: environ["wsgi.multithread"],
      multiprocess: environ["wsgi.multiprocess"],
      runOnce: environ["wsgi.run_once"],
      cgi: false,
      ext: {},
    },
    env: {},
  };
}

function respond({ status, headers, body }: JsgiResponse, startResponse: StartResponse): WSGIBody {
  const list: HeaderList = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  );
  startResponse(`${status} ${STATUS_CODES[status] ?? "Unknown"}`, list);
  const queue = new BodyQueue({ resume() {}, abandon() {} });
  // forEach produces everything at once, or until its promise resolves; there is no other way to slow it down.
  void Promise.resolve(body.forEach((chunk) => void queue.push(bytesOf(chunk)))).then(
    () => queue.end(),
    (error: unknown) => queue.fail(error instanceof Error ? error : new Error(String(error))),
  );
  return queue;
}

function bytesOf(chunk: unknown): Bytes {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return Buffer.from(chunk);
  if (
    typeof chunk === "object" &&
    chunk !== null &&
    "toByteString" in chunk &&
    typeof chunk.toByteString === "function"
  )
    return bytesOf((chunk.toByteString as () => unknown)());
  throw new ContractViolation("ERR_TSGI_CHUNK_TYPE", "The body of a JSGI response gives strings or bytes");
}
