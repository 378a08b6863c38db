// Calls what configurations name: what a factory throws, or returns instead of what it should, becomes an error with its place.
import { toApplication } from "../wsgi/application.ts";
import { secretHider } from "../secret-name.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { placeOf, type FactoryContext } from "./context.ts";
import { DeployError, placedError } from "./errors.ts";
import type { ResolvedFactory } from "./resolve-factory.ts";

/** A layer with its factory found. */
export interface BoundLayer {
  readonly context: FactoryContext;
  readonly factory: ResolvedFactory;
}

/**
 * Takes what a factory made for an application.
 *
 * @throws {DeployError} when it cannot be one
 */
export function asApplication(made: unknown, layer: BoundLayer): WSGIApplication {
  return guarded(layer, () => toApplication(made)) as WSGIApplication;
}

/**
 * Takes what a factory made for a function.
 *
 * @param expected - what it should be, for the message
 * @throws {DeployError} when it is none
 */
export function expectFunction<T>(made: T, layer: BoundLayer, expected: string): T {
  if (typeof made === "function") return made;
  const what = `Factory "${layer.factory.location}" returned ${made === null ? "null" : typeof made}; expected ${expected}`;
  throw new DeployError("ERR_TSGI_DEPLOY_FACTORY", what, placeOf(layer.context));
}

/**
 * Calls a factory, or what it made.
 *
 * @throws {DeployError} (or rejects with one) at the place of the layer, for whatever was thrown
 */
export function guarded<T>(layer: BoundLayer, call: () => T | PromiseLike<T>): T | Promise<T> {
  try {
    const made = call();
    return isThenable(made)
      ? Promise.resolve(made).catch((error: unknown) => Promise.reject(explained(error, layer)))
      : made;
  } catch (error) {
    throw explained(error, layer);
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Adds the place to what a factory threw: of the key, when the error names or quotes one. Secrets of its configuration are hidden. An
 * error that has its place already passes.
 */
function explained(error: unknown, { context, factory }: BoundLayer): unknown {
  const hide = secretHider([...context.locals.everyValue(), ...context.globals.everyValue()]);
  if (isDeployError(error)) {
    return error.file === undefined ? placedError(error, placeOf(context, error.key), hide) : error;
  }
  const reason = error instanceof Error ? error.message : String(error);
  const what = `Factory "${factory.location}" failed: ${hide(reason)}`;
  const place = placeOf(context, quotedKey(reason, context.locals.keys()));
  return new DeployError("ERR_TSGI_DEPLOY_FACTORY", what, place, { cause: error });
}

/** The key that a message quotes, as written or in camel case: `Option "maxAge" is "x"` speaks of `max_age`. */
function quotedKey(message: string, keys: Iterable<string>): string | undefined {
  const known = new Map([...keys].map((key) => [plainName(key), key]));
  const quoted = [...message.matchAll(/"([^"]+)"|'([^']+)'/g)].map(([, double, single]) => double ?? single ?? "");
  return quoted.map((word) => known.get(plainName(word))).find((key) => key !== undefined);
}

function plainName(name: string): string {
  return name.replaceAll(/[-_ ]/g, "").toLowerCase();
}

/** By its shape, since a factory may have been loaded with a copy of this package of its own. */
function isDeployError(error: unknown): error is DeployError {
  return error instanceof Error && "what" in error && "code" in error && String(error.code).startsWith("ERR_TSGI_");
}

/** Goes on with a value that may come later, at once when it is there. */
export function settle<T, U>(value: T | Promise<T>, then: (value: T) => U): U | Promise<U> {
  return value instanceof Promise ? value.then(then) : then(value);
}
