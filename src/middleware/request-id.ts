// Gives each request a name that its log lines and its response share. Source: Rails' ActionDispatch::RequestId for the header; RFC 9562
// for the identifier.
import { randomUUID } from "node:crypto";
import { TSGI_REQUEST_ID } from "../wsgi/environ.ts";
import { checkHeaderName } from "../wsgi/head-rules.ts";
import type { Middleware } from "../wsgi/types.ts";
import { setHeader } from "./writing/header-fields.ts";
import { flag, fromSection, text, type Configuration } from "./writing/options.ts";
import { changeHead } from "./writing/replace-response.ts";

/** What may come from outside: nothing that could forge a log line or fill it. */
const ACCEPTABLE = /^[\w.:@=+/-]{1,128}$/;

/** Where ids are read and written. */
export interface RequestIdOptions {
  /** Header of requests and responses. @default "X-Request-Id" */
  readonly header?: string;
  /**
   * Whether an id from the client is kept, if its characters are harmless. TSGI's server already uses ids from its trusted proxies.
   *
   * @default false
   */
  readonly acceptIncoming?: boolean;
}

/**
 * Puts an id into the environ (`tsgi.request_id`, and the request header for applications that read that) and into the response: the
 * server's id, or a new one.
 *
 * In a pipeline: outermost, so that everything inside can log it.
 *
 * @throws ContractViolation when the header name is none
 */
export function requestId(options: RequestIdOptions = {}): Middleware {
  const { header = "X-Request-Id", acceptIncoming = false } = options;
  checkHeaderName(header);
  const key = `HTTP_${header.toUpperCase().replaceAll("-", "_")}`;
  return function requestIdMiddleware(application) {
    return function identified(environ, startResponse) {
      const received = environ[key];
      const isKept = acceptIncoming && typeof received === "string" && ACCEPTABLE.test(received);
      const given = environ[TSGI_REQUEST_ID];
      const id = isKept ? received : typeof given === "string" && given !== "" ? given : randomUUID();
      environ[TSGI_REQUEST_ID] = id;
      environ[key] = id;
      return application(
        environ,
        changeHead(startResponse, ({ headers }) => setHeader(headers, header, id)),
      );
    };
  };
}

/** For INI files: `use = egg:tsgi#request-id`, with the keys of {@link RequestIdOptions}. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<RequestIdOptions>(requestId, localConf, { header: text, acceptIncoming: flag });
}
