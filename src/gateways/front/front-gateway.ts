// From a request of a web server in front to a call of the application: the environ, the answer, refusals and their log lines.
import type { ProtocolError } from "../../http/errors.ts";
import type { GatewayProtocolError } from "../../protocols/errors.ts";
import type { Variable } from "../../protocols/variables.ts";
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { escapeText } from "../../wsgi/escape-text.ts";
import { type ByteSource, WSGIInputStream } from "../../wsgi/input-stream.ts";
import { Answer, type AnsweredBody } from "../answer.ts";
import type { ApplicationCalls } from "../application-calls.ts";
import { ANSWER, type GatewayEnviron } from "../gateway-environ.ts";
import { requestIdOf } from "../request-id.ts";
import type { TrustedProxies } from "../trusted-proxies.ts";
import type { HeadForm } from "./cgi-head.ts";
import { newFrontEnviron } from "./front-environ.ts";
import { type FrontOptions, type FrontRequest, readFrontRequest } from "./front-request.ts";
import { type AnswerCarrier, FrontWire } from "./front-wire.ts";

/** The body of a request. */
export interface FrontBody {
  /** For the application. */
  readonly reader: AnsweredBody & ByteSource;
}

/** How the gateways behind a web server present requests, and whom they let in. */
export interface FrontGatewayOptions extends Partial<FrontOptions> {
  /** Peers that may connect by TCP: whoever can may say anything of any client. @default 127.0.0.1 and ::1 */
  readonly allowedPeers?: TrustedProxies | undefined;
  /** Told of each request that was refused for its syntax or size. */
  readonly refused?: ((error: GatewayProtocolError | ProtocolError, remoteAddress: string) => void) | undefined;
}

/** What is different from protocol to protocol. */
export interface FrontProtocol {
  /** For messages to the operator. */
  readonly name: "FastCGI" | "SCGI" | "uwsgi" | "CGI";
  readonly form: HeadForm;
  /** nginx's directive for the room that the head of an answer has; null where there is none. */
  readonly bufferDirective: string | null;
  /** `wsgi.run_once`: the process answers one request. @default false */
  readonly isRunOnce?: boolean;
}

/** nginx reads the head of an answer into one page of memory. */
const ROOM_FOR_HEAD = 4096;

/** What a request without an environ is known by in the access log. */
const LOGGED = ["REQUEST_METHOD", "REQUEST_URI", "REMOTE_ADDR", "SERVER_PROTOCOL", "HTTP_HOST", "HTTP_USER_AGENT"];

/** Calls an application for fronts of one protocol. */
export class FrontGateway {
  readonly protocol: FrontProtocol;
  readonly #calls: ApplicationCalls;
  readonly #options: FrontGatewayOptions;
  readonly #mount: FrontOptions;
  /** Whether the front has split some paths, and not others. */
  #hasSplit = false;
  #hasNotSplit = false;

  /** @param calls - those of the application, which gateways of other protocols may share */
  constructor(calls: ApplicationCalls, protocol: FrontProtocol, options: FrontGatewayOptions) {
    this.protocol = protocol;
    this.#calls = calls;
    this.#options = options;
    this.#mount = { mount: options.mount ?? null, trustRemoteUser: options.trustRemoteUser ?? false };
  }

  /** Whether a peer may connect. @param address - without brackets and port; empty on a unix socket */
  mayConnect(address: string): boolean {
    const { allowedPeers } = this.#options;
    if (address === "") return true;
    if (allowedPeers === undefined ? /^127\.|^::1$/.test(address) : allowedPeers.isTrusted(address)) return true;
    this.#calls.warn(
      `Turned away ${escapeText(address)}, which connected to the ${this.protocol.name} address; name it in gatewayAllowIps if it is your web server`,
    );
    return false;
  }

  /** Understands a request. @throws GatewayProtocolError */
  read(variables: readonly Variable[]): FrontRequest<GatewayEnviron> {
    const request = readFrontRequest(variables, this.#mount, this.#newEnviron());
    this.#hasSplit ||= request.split === "front";
    this.#hasNotSplit ||= request.split === "nobody" && request.variables.PATH_INFO !== "/";
    if (this.#hasSplit && this.#hasNotSplit) {
      this.#calls.warn(
        `The web server in front divides some paths into SCRIPT_NAME and PATH_INFO and others not; say where the application is mounted: ?mount=/PATH behind the ${this.protocol.name} address`,
      );
    }
    if (request.areForwardedLeftOut) {
      this.#calls.warn("Ignored headers of proxies that came twice: which of them the proxy has set is not known");
    }
    return request;
  }

  /** Makes the answer to a request. @param body - null when there is none */
  answer(request: FrontRequest<GatewayEnviron>, carrier: AnswerCarrier, body: FrontBody | null): Answer {
    const environ = this.#complete(request.variables);
    environ["wsgi.url_scheme"] = request.scheme;
    const answer = new Answer(
      { method: environ.REQUEST_METHOD, variables: environ, body: body?.reader ?? null },
      new FrontWire(carrier, this.protocol.form),
    );
    if (body !== null) {
      environ["wsgi.input"] = new WSGIInputStream(body.reader);
      // As over HTTP: nothing else says that there is a body whose end only its reader will see.
      if (request.contentLength === -1 && request.isChunked) environ["HTTP_TRANSFER_ENCODING"] = "chunked";
    }
    environ[ANSWER] = answer;
    return answer;
  }

  /** Calls the application. */
  call(answer: Answer): void {
    const environ = answer.variables as GatewayEnviron;
    this.#calls.believe(environ, environ.REMOTE_ADDR ?? "");
    this.#calls.call(environ, answer);
  }

  /** Answers a request that does not reach the application. @param variables - as they came, if they came */
  refuse(
    error: GatewayProtocolError | ProtocolError,
    variables: readonly Variable[],
    carrier: AnswerCarrier | null,
  ): void {
    const known = Object.fromEntries(variables.filter(([name]) => LOGGED.includes(name)));
    const remoteAddress = known["REMOTE_ADDR"] ?? "";
    // A path outside of the mount is no fault of syntax; the access log has it.
    if (error.status !== 404) this.#options.refused?.(error, remoteAddress);
    const environ = this.#complete(Object.assign(this.#newEnviron(), known));
    if (carrier !== null) {
      const refused = { method: environ.REQUEST_METHOD, variables: environ, body: null };
      new Answer(refused, new FrontWire(carrier, this.protocol.form)).fail(error);
    }
    this.#calls.logRefused(environ, error.status);
  }

  /** Warns of heads that a front with its usual settings refuses. */
  headSent(bytes: number): void {
    const { bufferDirective } = this.protocol;
    if (bytes <= ROOM_FOR_HEAD || bufferDirective === null) return;
    this.#calls.warn(
      `The headers of a response have ${bytes} bytes; nginx answers 502 above one page of memory (${ROOM_FOR_HEAD} bytes) unless ${bufferDirective} is larger`,
    );
  }

  /** Ends the requests that missed their deadline, where no gateway of another protocol does it. */
  tick(): void {
    this.#calls.tick();
  }

  #newEnviron(): GatewayEnviron {
    return newFrontEnviron(this.#calls, this.protocol.isRunOnce ?? false);
  }

  /** Puts in what does not come from the front, though it may have said something else. */
  #complete(environ: GatewayEnviron): GatewayEnviron {
    environ.SERVER_SOFTWARE = this.#calls.serverSoftware;
    environ[TSGI_REQUEST_ID] = requestIdOf(this.#givenRequestId(environ));
    return environ;
  }

  /** The front's own name for the request, which no client can set; or that in a header, where a trusted proxy stands before the front. */
  #givenRequestId(variables: GatewayEnviron): string | undefined {
    const own = (variables["REQUEST_ID"] ?? variables["UNIQUE_ID"]) as string | undefined;
    if (own !== undefined) return own;
    const given = variables["HTTP_X_REQUEST_ID"];
    return given !== undefined && this.#calls.isTrusted(variables["REMOTE_ADDR"] ?? "") ? given : undefined;
  }
}
