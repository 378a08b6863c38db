// What the environs of all gateways have in common beside what the request says.
import type { AnswerInFlight } from "./in-flight.ts";
import { TSGI_SIGNAL } from "../wsgi/environ.ts";
import { FileWrapper } from "../wsgi/file-wrapper.ts";
import type { FileLike, WSGIBody, WSGIEnvironment } from "../wsgi/types.ts";

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

/** `wsgi.file_wrapper`. */
export function wrapFile(file: FileLike, blockSize?: number): WSGIBody {
  return new FileWrapper(file, blockSize ?? FILE_BLOCK_BYTES);
}

/** `wsgi.early_hints` where the client cannot be sent any. */
export function ignoreHints(): void {}
