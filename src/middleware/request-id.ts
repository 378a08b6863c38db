// Gives each request a name that its log lines and its response share. Source: Rails' ActionDispatch::RequestId for the header; RFC 9562
// for the identifier.
import { randomUUID } from "node:crypto";
import { checkHeaderName } from "../wsgi/head-rules.ts";
import type { Middleware } from "../wsgi/types.ts";
import { setHeader } from "./header-fields.ts";
import { flag, readOptions, text, type Configuration } from "./options.ts";
import { changeHead } from "./replace-response.ts";

/** Key of the environ that holds the identifier. */
export const REQUEST_ID = "request_id.id";

/** What may come from outside: nothing that could forge a log line or fill it. */
const ACCEPTABLE = /^[\w.:@=+/-]{1,128}$/;

/** Where identifiers come from and go to. */
export interface RequestIdOptions {
  /** Header of requests and responses. @default "X-Request-Id" */
  readonly header?: string;
  /** Whether an identifier that the client or a proxy sent is kept, if it is harmless. @default true */
  readonly acceptIncoming?: boolean;
}

/**
 * Puts an identifier into the environ (`request_id.id`, and the request's header for applications that look there) and into the response.
 *
 * In a pipeline: outermost, so that everything inside can log it.
 *
 * @throws ContractViolation when the header name is none
 */
export function requestId(options: RequestIdOptions = {}): Middleware {
  const { header = "X-Request-Id", acceptIncoming = true } = options;
  checkHeaderName(header);
  const key = `HTTP_${header.toUpperCase().replaceAll("-", "_")}`;
  return function requestIdMiddleware(application) {
    return function identified(environ, startResponse) {
      const received = environ[key];
      const isKept = acceptIncoming && typeof received === "string" && ACCEPTABLE.test(received);
      const id = isKept ? received : randomUUID();
      environ[REQUEST_ID] = id;
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
  return requestId(readOptions<RequestIdOptions>(localConf, { header: text, acceptIncoming: flag }));
}
