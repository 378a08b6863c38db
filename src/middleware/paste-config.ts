// Hands the values of a configuration to the application: in the environ, and for code that has no environ at hand.
// Source: PasteDeploy's ConfigMiddleware (egg:PasteDeploy#config) and its CONFIG; a thread-local stack there, an AsyncLocalStorage here.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Bytes, Middleware, WSGIBody } from "../wsgi/types.ts";
import { closedWith } from "./writing/body-close.ts";
import { isPromise } from "../wsgi/is-promise.ts";
import type { Configuration } from "./writing/options.ts";

/** Key of the environ with the values: a copy for each request. */
export const PASTE_CONFIG = "paste.config";

/** Options of {@link pasteConfig}. */
export interface PasteConfigOptions {
  /** Contents of `paste.config`. */
  readonly config: Readonly<Record<string, unknown>>;
}

const running = new AsyncLocalStorage<Readonly<Record<string, unknown>>>();

/** Returns the values of the innermost `pasteConfig` around the current request; undefined outside of one. */
export function currentConfig(): Readonly<Record<string, unknown>> | undefined {
  return running.getStore();
}

/**
 * Puts a copy of the values into `environ["paste.config"]`. `currentConfig()` returns them while the application runs and while its body is read.
 *
 * In a pipeline: directly before what needs them.
 *
 * @example
 * const application = pasteConfig({ config: { colour: "red" } })(inner);
 */
export function pasteConfig(options: PasteConfigOptions): Middleware {
  const { config } = options;
  return function pasteConfigMiddleware(application) {
    return function configured(environ, startResponse) {
      const copy = { ...config };
      environ[PASTE_CONFIG] = copy;
      const body = running.run(copy, application, environ, startResponse);
      return isPromise(body) ? body.then((later) => readWithin(copy, later)) : readWithin(copy, body);
    };
  };
}

/** The filter `egg:tsgi#paste-config`: all global and local values, local ones first. */
export function filterFactory(globalConf: Configuration, localConf: Configuration): Middleware {
  return pasteConfig({ config: { ...globalConf, ...localConf } });
}

/** A body whose iterator runs where the values are found. */
function readWithin(config: Readonly<Record<string, unknown>>, body: WSGIBody): WSGIBody {
  if (Array.isArray(body)) return body;
  if (Symbol.iterator in body)
    return closedWith({ [Symbol.iterator]: () => within(config, body[Symbol.iterator]()) }, body);
  if (Symbol.asyncIterator in body) {
    return closedWith({ [Symbol.asyncIterator]: () => within(config, body[Symbol.asyncIterator]()) }, body);
  }
  return body;
}

function within<Chunks extends Iterator<Bytes> | AsyncIterator<Bytes>>(
  config: Readonly<Record<string, unknown>>,
  chunks: Chunks,
): Chunks {
  return {
    next: () => running.run(config, () => chunks.next()),
    return: (value?: unknown) => running.run(config, () => chunks.return?.(value) ?? { done: true, value: undefined }),
  } as Chunks;
}
