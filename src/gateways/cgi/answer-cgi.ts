// Answers one request as a CGI program. Source: RFC 3875.
import type { Readable, Writable } from "node:stream";
import { bodyTooLarge, ClientDisconnected, ProtocolError } from "../../http/errors.ts";
import { DEFAULT_LIMITS } from "../../http/limits.ts";
import { GatewayProtocolError } from "../../protocols/errors.ts";
import {
  checkVariableBytes,
  checkVariableCount,
  DEFAULT_VARIABLE_LIMITS,
  type Variable,
} from "../../protocols/variables.ts";
import type { ErrorStream, WSGIApplication } from "../../wsgi/types.ts";
import type { Answer } from "../answer.ts";
import { ApplicationCalls } from "../application-calls.ts";
import { type ForwardedField, forwardedFieldsOf } from "../forwarded.ts";
import { FrontGateway, type FrontProtocol } from "../front/front-gateway.ts";
import type { FrontRequest } from "../front/front-request.ts";
import { TrustedProxies } from "../trusted-proxies.ts";
import { watchDeadline } from "../watch-deadline.ts";
import { CGIInput } from "./cgi-input.ts";
import { CGIOutput } from "./cgi-output.ts";

/** How the request is presented to the application. */
export interface CGIOptions {
  /** Path under which the application is mounted, without a slash at its end; "" for the whole server. @default SCRIPT_NAME of the web server */
  readonly mount?: string | undefined;
  /** Whether REMOTE_USER and AUTH_TYPE of the web server count. @default false */
  readonly trustRemoteUser?: boolean | undefined;
  /** Proxies in front of the web server that may say whom they speak for: addresses, networks, `*`. @default nobody */
  readonly trustedProxies?: string | readonly string[] | undefined;
  /** Fields that these proxies set. @default X-Forwarded-For, X-Forwarded-Proto */
  readonly forwardedFields?: readonly ForwardedField[] | undefined;
  /** `wsgi.errors`. @default standard error */
  readonly errors?: ErrorStream | undefined;
  /** Longest body of a request, in bytes; longer gets 413. 0 means no limit. @default 1073741824 (1 GiB) */
  readonly maxBodyBytes?: number | undefined;
  /** Time to the first byte of the response, in seconds; then the client gets 504. 0 means no limit. @default 0 */
  readonly timeoutSeconds?: number | undefined;
  /** SERVER_SOFTWARE. @default "tsgi" */
  readonly serverSoftware?: string | undefined;
}

/** What a CGI program is given. */
export interface CGIRequest {
  /** Of the request only, in latin-1. */
  readonly variables: readonly Variable[];
  /** Opens standard input. */
  readonly input: () => Readable;
  /** Standard output. */
  readonly output: Writable;
  /** Fires when the program is asked to end. */
  readonly signal?: AbortSignal;
}

/** Exit codes: the answer was given, or its reader has left; the answer was broken off. */
const ANSWERED = 0;
const BROKEN_OFF = 12;

const PROTOCOL: FrontProtocol = { name: "CGI", form: "status-field", bufferDirective: null, isRunOnce: true };

/**
 * Answers a request.
 *
 * @returns the exit code for the process: 0, or 12 when the application failed after the answer had begun. What it wrote has left by then
 */
export async function answerCGI(
  application: WSGIApplication,
  { variables, input, output, signal }: CGIRequest,
  options: CGIOptions = {},
): Promise<number> {
  const { trustedProxies, forwardedFields, maxBodyBytes = DEFAULT_LIMITS.maxBodyBytes } = options;
  const peers = trustedProxies === undefined ? undefined : TrustedProxies.parse(trustedProxies);
  const { errors, timeoutSeconds, serverSoftware } = options;
  const calls = new ApplicationCalls(
    application,
    { errors, timeoutSeconds, serverSoftware, isMultiprocess: true },
    (warn) => forwardedFieldsOf({ trustedProxies: peers, forwardedFields }, warn),
  );
  const gateway = new FrontGateway(calls, PROTOCOL, {
    mount: options.mount ?? null,
    trustRemoteUser: options.trustRemoteUser ?? false,
    refused: (error) => calls.errors.write(`${error.message}\n`),
  });
  const carrier = new CGIOutput(output, (cause) => answer?.abort(left("closed standard output", cause)));
  const answer = begin();
  if (answer !== null) {
    signal?.addEventListener("abort", () => {
      answer.abort(left("ended the program", signal.reason));
      carrier.breakOff();
    });
    gateway.call(answer);
    watchDeadline(calls, answer, timeoutSeconds);
  }
  return (await carrier.done) === "broken-off" ? BROKEN_OFF : ANSWERED;

  function begin(): Answer | null {
    try {
      checkVariables(variables);
      const request = gateway.read(variables);
      return gateway.answer(request, carrier, bodyOf(request, input, maxBodyBytes));
    } catch (error) {
      if (!(error instanceof GatewayProtocolError || error instanceof ProtocolError)) throw error;
      gateway.refuse(error, variables, carrier);
      return null;
    }
  }
}

/** Without a length there is a body only where the client has sent chunks, which mod_cgid decodes and ends by closing standard input. */
function bodyOf(
  { contentLength, isChunked }: FrontRequest,
  input: () => Readable,
  maxBytes: number,
): { reader: CGIInput } | null {
  if (maxBytes > 0 && contentLength > maxBytes) throw bodyTooLarge(maxBytes);
  const hasBody = contentLength > 0 || (contentLength === -1 && isChunked);
  return hasBody ? { reader: new CGIInput(input, contentLength, maxBytes) } : null;
}

function checkVariables(variables: readonly Variable[]): void {
  checkVariableCount(variables.length, DEFAULT_VARIABLE_LIMITS);
  const bytes = variables.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  checkVariableBytes(bytes, DEFAULT_VARIABLE_LIMITS);
}

function left(how: string, cause: unknown): ClientDisconnected {
  return new ClientDisconnected(`The web server ${how} before the response was complete`, { cause });
}
