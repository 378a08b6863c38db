// startResponse: when it may be called and with what. Source: PEP 3333, "The start_response() Callable" and "Error Handling";
// RFC 9110 sections 6.4.1 and 8.6; the checks of wsgiref.validate.
import {
  checkHeaders,
  checkStatus,
  HEAD_NATIVE,
  HEADER_CONTENT_LENGTH,
  HEADER_HOP_BY_HOP,
  HEADER_LIST,
  HEADER_NAME,
  HEADER_PAIR,
  HEADER_VALUE,
  STATUS_GRAMMAR,
} from "../head-rules.ts";
import { ContractViolation } from "../errors.ts";
import { enforce, show } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";
import type { HeaderList, StartResponse, Write } from "../types.ts";
import { checkNotEnded } from "./after-end.ts";
import type { CheckedCall } from "./checked-call.ts";
import { guardWrite } from "./write.ts";
import { SWITCH_PREPARED } from "./upgrade.ts";

/** A status code and the headers beside it. */
interface Head {
  code: number;
  headers: HeaderList;
}

/** The rule about arguments. */
export const START_ARGUMENTS: Rule<readonly unknown[]> = {
  code: "ERR_TSGI_START_ARGUMENTS",
  text: "`startResponse` must be called with the status, the headers and optionally `excInfo`",
  check: (args) => (args.length === 2 || args.length === 3 ? null : `got ${args.length} arguments`),
};

/** The rule about excInfo. */
export const EXC_INFO: Rule<unknown> = {
  code: "ERR_TSGI_EXC_INFO",
  text: "`excInfo` must be an `Error`, null or undefined",
  check: (excInfo) =>
    excInfo === undefined || excInfo === null || excInfo instanceof Error ? null : `got ${show(excInfo)}`,
};

/** The rule about the second call. */
export const HEADERS_SET: Rule<{ exchange: CheckedCall; excInfo: unknown }> = {
  code: "ERR_TSGI_HEADERS_SET",
  text:
    "The application must call `startResponse` once; it may call it again only with `excInfo`, which replaces the status and headers, " +
    "or is thrown if they have been sent",
  check: ({ exchange, excInfo }) =>
    exchange.announced !== null && (excInfo === undefined || excInfo === null) ? "called again without excInfo" : null,
};

/** The rules about single headers that only the validator enforces. */
export const STRICT_HEADER_RULES: readonly Rule<HeaderList[number]>[] = [
  {
    code: "ERR_TSGI_HEADER_STATUS",
    text: "The headers must not contain `Status`, which has another meaning in CGI",
    check: ([name]) => (name.toLowerCase() === "status" ? `got ${show(name)}` : null),
  },
  {
    code: "ERR_TSGI_HEADER_NAME_FORM",
    text: "A header name must start with a letter, continue with letters, digits, `-` and `_`, and not end in `-` or `_`",
    check: ([name]) => (/^[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?$/.test(name) ? null : `got ${show(name)}`),
  },
  {
    code: "WARN_TSGI_HEADER_TAB",
    text: "A header value should not contain a horizontal tab, which HTTP allows but other WSGI servers refuse",
    isWarning: true,
    check: ([name, value]) => (value.includes("\t") ? `got one in ${show(name)}` : null),
  },
];

/** The rules about status and headers together that only the validator enforces. */
export const HEAD_RULES: readonly Rule<Head>[] = [
  {
    code: "ERR_TSGI_CONTENT_TYPE_MISSING",
    text: "The headers must contain Content-Type, unless the status is 1xx, 204 or 304",
    check: ({ code, headers }) =>
      code < 200 || code === 204 || code === 304 || hasHeader(headers, "content-type") ? null : `the status is ${code}`,
  },
  {
    code: "ERR_TSGI_CONTENT_TYPE_UNWANTED",
    text: "The headers must not contain Content-Type when the status is 1xx, 204 or 304, which have no content",
    check: ({ code, headers }) =>
      (code < 200 || code === 204 || code === 304) && hasHeader(headers, "content-type")
        ? `the status is ${code}`
        : null,
  },
  {
    code: "ERR_TSGI_CONTENT_LENGTH_UNWANTED",
    text: "The headers must not contain Content-Length when the status is 1xx or 204",
    check: ({ code, headers }) =>
      (code < 200 || code === 204) && hasHeader(headers, "content-length") ? `the status is ${code}` : null,
  },
];

/** The rule about what startResponse returns. */
export const START_RESULT: Rule<unknown> = {
  code: "ERR_TSGI_START_RESULT",
  text: "`startResponse` must return the function `write`",
  check: (write) => (typeof write === "function" ? null : `got ${show(write)}`),
};

/** Gives the startResponse that the application sees. */
export function guardStartResponse(startResponse: StartResponse, exchange: CheckedCall): StartResponse {
  return function checkedStartResponse(...args: unknown[]): Write {
    checkNotEnded(exchange, "startResponse");
    enforce(START_ARGUMENTS, args);
    const [status, headers, excInfo] = args;
    checkStatus(status);
    checkHeaders(headers);
    for (const pair of headers) for (const rule of STRICT_HEADER_RULES) enforce(rule, pair);
    const code = Number(status.slice(0, 3));
    for (const rule of HEAD_RULES) enforce(rule, { code, headers });
    enforce(SWITCH_PREPARED, { code, exchange });
    enforce(EXC_INFO, excInfo);
    // Middleware that answers for errors would cover up the breach that the validator has just found.
    if (excInfo instanceof ContractViolation) throw excInfo;
    enforce(HEADERS_SET, { exchange, excInfo });
    const write = startResponse(...(args as Parameters<StartResponse>)); // the rules above
    enforce(START_RESULT, write);
    const length = headers.find(([name]) => name.toLowerCase() === "content-length")?.[1];
    exchange.announced = { code, contentLength: length === undefined ? null : Number(length) };
    return guardWrite(write, exchange);
  };
}

function hasHeader(headers: HeaderList, wanted: string): boolean {
  return headers.some(([name]) => name.toLowerCase() === wanted);
}

/** Section of SPEC.md. */
export const START_RESPONSE_SECTION: RuleSection = {
  title: "startResponse",
  introduction:
    "`startResponse(status, headers, excInfo?)` announces the response. Nothing is sent yet: the status and headers are sent with " +
    "the first chunk that is not empty, or when the body ends without one. Until then, an application that runs into an error may " +
    "announce another response and pass the error as `excInfo`. Once the headers are sent, the server throws that error again, and " +
    "the application must let it pass. If the error is a breach of the contract, the validator throws it again at once, so that no " +
    "error page hides it. The server adds Content-Length to a body of one chunk. It also owns the connection and the framing of " +
    "the message.",
  rules: [
    START_ARGUMENTS,
    STATUS_GRAMMAR,
    HEADER_LIST,
    HEADER_PAIR,
    HEAD_NATIVE,
    HEADER_NAME,
    HEADER_VALUE,
    HEADER_HOP_BY_HOP,
    HEADER_CONTENT_LENGTH,
    ...STRICT_HEADER_RULES,
    ...HEAD_RULES,
    EXC_INFO,
    HEADERS_SET,
    START_RESULT,
  ],
};
