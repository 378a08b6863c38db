// A WSGI application as a JSGI 0.3 application, so that the cases of the conformance list can be applications of JSGI, too: what
// `toFetchHandler` is for fetch. It is no part of the package: nobody has a JSGI server without an HTTP server under it.
import { Answer, type AnswerWire } from "../../src/gateways/answer.ts";
import { ApplicationCalls } from "../../src/gateways/application-calls.ts";
import { ANSWER, type GatewayEnviron, newEnviron } from "../../src/gateways/gateway-environ.ts";
import type { JsgiApplication, JsgiResponse } from "../../src/guests/jsgi/jsgi-application.ts";
import { fieldVariable } from "../../src/http/field-variable.ts";
import type { ResponseHead } from "../../src/http/response-head.ts";
import { unescapeBytes } from "../../src/http/unescape-bytes.ts";
import type { Bytes, ErrorStream, InputStream, WSGIApplication } from "../../src/wsgi/types.ts";

/** What the guest gives, as far as it is needed here. */
interface JsgiRequest {
  readonly method: string;
  readonly scriptName: string;
  readonly pathInfo: string;
  readonly queryString: string;
  readonly host: string;
  readonly port: string;
  readonly scheme: "http" | "https";
  readonly version: readonly [number, number];
  readonly headers: Readonly<Record<string, string>>;
  readonly input: InputStream;
  readonly remoteAddress: string;
}

/** Makes a JSGI application. @param errors - `wsgi.errors` */
export function toJsgiApplication(application: WSGIApplication, errors: ErrorStream): JsgiApplication {
  const calls = new ApplicationCalls(application, { errors });
  return function answerJsgi(request) {
    const wire = new JsgiWire();
    const environ = environOf(request as JsgiRequest, calls);
    const answer = new Answer({ method: environ.REQUEST_METHOD, variables: environ, body: null }, wire);
    environ[ANSWER] = answer;
    calls.call(environ, answer);
    return wire.response;
  };
}

function environOf(request: JsgiRequest, calls: ApplicationCalls): GatewayEnviron {
  const { host: serverName, port: serverPort, remoteAddress, scheme } = request;
  const ends = { serverName, serverPort, remoteAddress, remotePort: "", isSecure: scheme === "https" };
  const environ = Object.assign(newEnviron(calls, ends), {
    REQUEST_METHOD: request.method,
    SCRIPT_NAME: unescapeBytes(request.scriptName),
    PATH_INFO: unescapeBytes(request.pathInfo),
    QUERY_STRING: request.queryString,
    // The path is as the client sent it; a "?" with nothing behind it is lost.
    REQUEST_URI: request.scriptName + request.pathInfo + (request.queryString === "" ? "" : `?${request.queryString}`),
    SERVER_PROTOCOL: `HTTP/${request.version.join(".")}`,
    "wsgi.input": request.input,
  });
  for (const [name, value] of Object.entries(request.headers)) environ[fieldVariable(name)] = value;
  return environ;
}

/** Collects an answer: a JSGI response has its head at once, and gives its body to whoever calls forEach. */
class JsgiWire implements AnswerWire {
  readonly response: Promise<JsgiResponse>;
  readonly #end: Promise<void>;
  #settle: (response: JsgiResponse) => void = () => {};
  #finish: () => void = () => {};
  #fail: (reason: Error) => void = () => {};
  #waiting: Bytes[] = [];
  #write: ((chunk: Bytes) => void) | null = null;

  constructor() {
    this.response = new Promise((resolve) => (this.#settle = resolve));
    this.#end = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.#end.catch(() => {});
  }

  whole(head: ResponseHead, contentLength: number, body: Bytes | null): void {
    this.#give(head, contentLength);
    if (body !== null) this.chunk(body);
    this.#finish();
  }

  begin(head: ResponseHead, first: Bytes): boolean {
    this.#give(head, head.contentLength);
    return this.chunk(first);
  }

  chunk(data: Bytes): boolean {
    // What is given may be used again by the application.
    if (this.#write === null) this.#waiting.push(Buffer.from(data));
    else this.#write(data);
    return true;
  }

  async drained(): Promise<void> {}

  finish(): void {
    this.#finish();
  }

  cut(reason: Error): void {
    this.#fail(reason);
  }

  #give(head: ResponseHead, contentLength: number): void {
    const headers: Record<string, string[]> = {};
    for (const [name, value] of head.fields) (headers[name] ??= []).push(value);
    if (contentLength !== -1) headers["Content-Length"] = [String(contentLength)];
    const forEach = (write: (chunk: unknown) => void): Promise<void> => {
      for (const chunk of this.#waiting.splice(0)) write(chunk);
      this.#write = write;
      return this.#end;
    };
    this.#settle({ status: head.statusCode, headers, body: { forEach } });
  }
}
