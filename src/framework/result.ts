// What a handler returns, made a response by its shape. Source: Flask's make_response and Sinatra for the shapes.
import { isPromise } from "../wsgi/is-promise.ts";
import type { HeaderList, WSGIApplication, WSGIEnvironment } from "../wsgi/types.ts";
import { capturedResponse } from "./captured-response.ts";
import { ResultError } from "./errors.ts";
import { SafeHtml } from "./html.ts";
import { BYTES, type HeadersInit, HTML, JSON_TYPE, Response, type ResponseBody } from "./response.ts";

/**
 * What a handler may return:
 *
 * - text or `html`: a page
 * - an object, a list, a number, a boolean: JSON
 * - bytes; an iterable of text or bytes: a stream
 * - a {@link Response}, or one of fetch
 * - `[result, status]` or `[result, status, headers]`
 * - a WSGI application, which answers
 */
export type Result = string | number | boolean | object;

/**
 * Makes a response of a result.
 *
 * @param environ - for an application that answers
 * @param name - of the route, for errors
 * @throws ResultError for nothing, and for what has no shape
 */
export function toResponse(result: unknown, environ: WSGIEnvironment, name: string): Response | Promise<Response> {
  if (typeof result === "string") return page(result);
  if (typeof result === "object" && result !== null) return ofObject(result, environ, name);
  if (typeof result === "number" || typeof result === "boolean") return json(result);
  if (typeof result === "function") return capturedResponse(result as WSGIApplication, environ);
  throw noResult(result, name);
}

/**
 * Makes a JSON response, whatever the shape of the value.
 *
 * @param value - must survive JSON
 * @throws ResultError for what JSON has no text for
 */
export function json(value: unknown, status = 200, headers?: HeadersInit): Response {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new ResultError(`Cannot write ${typeof value} as JSON`);
  if (headers === undefined) return bytes(Buffer.from(text), JSON_TYPE, status);
  return new Response(text, { status, headers, type: JSON_TYPE });
}

/** 201: something was made. @param location - its address */
export function created(result: unknown, location?: string): Response {
  return json(result, 201, location === undefined ? undefined : { Location: location });
}

/** 204: it is done, and the response has no body. */
export function noContent(): Response {
  return Response.of(204, [], null);
}

function page(text: string): Response {
  return bytes(Buffer.from(text), HTML);
}

function bytes(body: Uint8Array, type: string, status = 200): Response {
  return Response.of(status, [["Content-Type", type]], body);
}

function ofObject(result: object, environ: WSGIEnvironment, name: string): Response | Promise<Response> {
  if (result instanceof Response) return result;
  if (Array.isArray(result)) return ofArray(result as unknown[], environ, name);
  if (result instanceof SafeHtml) return page(result.toString());
  if (result instanceof Uint8Array) return bytes(result, BYTES);
  const prototype: unknown = Object.getPrototypeOf(result);
  if (prototype === Object.prototype || prototype === null || hasMethod(result, "toJSON")) return json(result);
  if (result instanceof globalThis.Response) return ofFetch(result);
  if (isPromise(result))
    throw new ResultError(`The handler of "${name}" returned a promise inside of a result; await it`);
  if (Symbol.iterator in result || Symbol.asyncIterator in result) {
    if (result instanceof Map || result instanceof Set) throw noResult(result, name);
    return new Response(result as ResponseBody);
  }
  throw noResult(result, name);
}

/** `[result, status]` and `[result, status, headers]`; every other list is JSON. */
function ofArray(list: readonly unknown[], environ: WSGIEnvironment, name: string): Response | Promise<Response> {
  const [result, status, headers] = list;
  if (!hasStatus(list)) return json(list);
  const inner = toResponse(result, environ, name);
  const finish = (response: Response): Response => {
    response.status = status as number; // hasStatus() looked
    if (headers !== undefined) {
      const pairs = Array.isArray(headers)
        ? (headers as HeaderList)
        : Object.entries(headers as Record<string, string>);
      const replaced = new Set<string>();
      for (const [key, value] of pairs) {
        if (!replaced.has(key.toLowerCase())) response.headers.delete(key);
        replaced.add(key.toLowerCase());
        response.headers.addHeader(key, value);
      }
    }
    return response;
  };
  return isPromise(inner) ? inner.then(finish) : finish(inner);
}

function hasStatus(list: readonly unknown[]): boolean {
  const [result, status, headers] = list;
  if (list.length !== 2 && list.length !== 3) return false;
  if (typeof result === "number" || typeof result === "boolean" || result === null || result === undefined)
    return false;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 100 || status > 599) return false;
  return list.length === 2 || (typeof headers === "object" && headers !== null);
}

function ofFetch(response: globalThis.Response): Response {
  const headers: HeaderList = [];
  for (const [name, value] of response.headers) headers.push([name, value]);
  const body = response.body as AsyncIterable<Uint8Array> | null; // Node's streams can be iterated
  return Response.of(response.status, headers, body);
}

function hasMethod(value: object, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>>)[name] === "function";
}

function noResult(result: unknown, name: string): ResultError {
  if (result === undefined || result === null) {
    return new ResultError(
      `The handler of "${name}" returned nothing; expected a result, perhaps a "return" is missing`,
    );
  }
  const what =
    typeof result === "object" ? `an object of class ${result.constructor?.name ?? "?"}` : `a ${typeof result}`;
  return new ResultError(
    `The handler of "${name}" returned ${what}; expected text, an object, bytes, a stream or a Response`,
  );
}
