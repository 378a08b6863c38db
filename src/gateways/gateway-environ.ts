// What the environs of all gateways have in common beside what the request says.
import type { AnswerInFlight } from "./in-flight.ts";
import { TSGI_REQUEST_ID, TSGI_SIGNAL } from "../wsgi/environ.ts";
import { FileWrapper } from "../wsgi/file-wrapper.ts";
import { EMPTY_INPUT } from "../wsgi/input-stream.ts";
import type { ErrorStream, FileLike, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";

/** `wsgi.version`. */
export const WSGI_VERSION_1 = [1, 0] as const;

const FILE_BLOCK_BYTES = 65_536;

/** Key of the answer that a request gets; null until there is one. */
export const ANSWER = Symbol("answer");

/** An environ that knows its answer. */
export type GatewayEnviron = WSGIEnvironment & {
  [ANSWER]: AnswerInFlight | null;
};

/**
 * `tsgi.signal` is made when somebody asks for it: an AbortController for each request would cost more than the rest of the environ.
 * The accessor is one object for all environs, so that they keep one shape.
 */
export const SIGNAL_PROPERTY: PropertyDescriptor & ThisType<GatewayEnviron> = {
  get() {
    return this[ANSWER]?.signal;
  },
  set(value: unknown) {
    Object.defineProperty(this, TSGI_SIGNAL, { value, writable: true, enumerable: true, configurable: true });
  },
  enumerable: true,
  configurable: true,
};

/** What a server says of itself in each environ; the calls of an application know it. */
export interface ServerFacts {
  /** `wsgi.errors`. */
  readonly errors: ErrorStream;
  /** `wsgi.multiprocess`. */
  readonly isMultiprocess: boolean;
  readonly serverSoftware: string;
}

/** The two ends of a connection; the engine's endpoints fit. */
export interface ConnectionFacts {
  readonly serverName: string;
  readonly serverPort: string;
  readonly remoteAddress: string;
  readonly remotePort: string;
  readonly isSecure: boolean;
}

/** An environ before anything of its request is known: one literal, so that all environs share a shape. */
export function newEnviron(
  { errors, isMultiprocess, serverSoftware }: ServerFacts,
  { serverName, serverPort, remoteAddress, remotePort, isSecure }: ConnectionFacts,
): GatewayEnviron {
  const environ: Omit<GatewayEnviron, typeof TSGI_SIGNAL> = {
    REQUEST_METHOD: "",
    SCRIPT_NAME: "",
    PATH_INFO: "",
    QUERY_STRING: "",
    REQUEST_URI: "",
    SERVER_NAME: serverName,
    SERVER_PORT: serverPort,
    SERVER_PROTOCOL: "",
    SERVER_SOFTWARE: serverSoftware,
    REMOTE_ADDR: remoteAddress,
    REMOTE_PORT: remotePort,
    "wsgi.version": WSGI_VERSION_1,
    "wsgi.url_scheme": isSecure ? "https" : "http",
    "wsgi.input": EMPTY_INPUT,
    "wsgi.errors": errors,
    "wsgi.multithread": false,
    "wsgi.multiprocess": isMultiprocess,
    "wsgi.run_once": false,
    "wsgi.input_terminated": true,
    "wsgi.file_wrapper": wrapFile,
    "wsgi.early_hints": ignoreHints,
    [TSGI_REQUEST_ID]: "",
    [ANSWER]: null,
  };
  return Object.defineProperty(environ, TSGI_SIGNAL, SIGNAL_PROPERTY) as GatewayEnviron; // now it has its signal
}

/** `wsgi.file_wrapper`. */
export function wrapFile(file: FileLike, blockSize?: number): WSGIBody {
  return new FileWrapper(file, blockSize ?? FILE_BLOCK_BYTES);
}

/** `wsgi.early_hints` where the client cannot be sent any. */
export function ignoreHints(): void {}
