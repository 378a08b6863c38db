// Each form in which an application is written, turned into the one that gateways call: a function.
// Source: PEP 3333, "The Application/Framework Side" (function, class whose instances are iterated, object with __call__).
import { ContractViolation } from "./errors.ts";
import type { WSGIApplication, WSGIApplicationClass, WSGIApplicationObject } from "./types.ts";

const EXPECTED = "expected a function, an object with the method call(), or a class whose instances can be iterated";

/**
 * Makes an application from a function, an object with a method `call`, or a class that is constructed per request and iterated. A function
 * is returned as it is.
 *
 * @param target - what a module exports as its application
 * @throws ContractViolation `ERR_TSGI_NOT_AN_APPLICATION` when it is none of them; the message says what it is instead
 */
export function toApplication(target: unknown): WSGIApplication {
  if (typeof target === "function") {
    if (hasMethod(target, "listen") && hasMethod(target, "handle")) {
      throw notAnApplication(
        "Cannot use an Express application as an application: it takes (req, res); expected a function of (environ, startResponse)",
      );
    }
    if (!isClass(target)) return target as WSGIApplication;
    if (!isIteratedClass(target) && hasCallMethod(target.prototype)) {
      throw notAnApplication(
        `Cannot use the class ${nameOf(target)} as an application: its instances have call(), so pass an instance, ` +
          `"new ${target.name || "TheClass"}()", instead of the class`,
      );
    }
    return constructPerRequest(target as unknown as WSGIApplicationClass);
  }
  if (hasCallMethod(target)) {
    return function callApplicationObject(environ, startResponse) {
      return target.call(environ, startResponse);
    };
  }
  throw notAnApplication(`Cannot use ${describe(target)} as an application: ${hint(target)}`);
}

function constructPerRequest(ApplicationClass: WSGIApplicationClass): WSGIApplication {
  return function constructApplication(environ, startResponse) {
    return new ApplicationClass(environ, startResponse);
  };
}

/** Written with `class`, or a constructor of the older kind whose instances can be iterated. */
function isClass(target: Function): boolean {
  return /^class\b/.test(Function.prototype.toString.call(target)) || isIteratedClass(target);
}

function isIteratedClass(target: Function): boolean {
  const prototype: unknown = target.prototype;
  if (typeof prototype !== "object" || prototype === null) return false;
  // The prototype of a generator function can be iterated too, but it is nobody's constructor.
  return Object.hasOwn(prototype, "constructor") && (Symbol.iterator in prototype || Symbol.asyncIterator in prototype);
}

function hasCallMethod(target: unknown): target is WSGIApplicationObject {
  return typeof target === "object" && hasMethod(target, "call");
}

function hasMethod(target: unknown, name: string): boolean {
  if ((typeof target !== "object" && typeof target !== "function") || target === null) return false;
  return typeof (target as Readonly<Record<string, unknown>>)[name] === "function";
}

function hint(target: unknown): string {
  if (target instanceof Promise) return "await it first";
  if (hasMethod(target, "fetch"))
    return `it is a fetch handler (Hono, Bun, Deno, Workers), which is no WSGI application; ${EXPECTED}`;
  if (typeof target === "object" && target !== null && "default" in target) {
    return "it looks like a module, so pass its default export";
  }
  return EXPECTED;
}

function describe(target: unknown): string {
  if (target === null || target === undefined) return String(target);
  if (typeof target === "string") return `the string ${JSON.stringify(target)}`;
  if (typeof target === "number" || typeof target === "boolean") return `the ${typeof target} ${String(target)}`;
  if (typeof target !== "object") return `a ${typeof target}`;
  const constructor: unknown = "constructor" in target ? target.constructor : undefined;
  return typeof constructor === "function" ? `an object of ${nameOf(constructor)}` : "an object";
}

function nameOf(target: Function): string {
  return target.name === "" ? "(anonymous)" : `"${target.name}"`;
}

function notAnApplication(message: string): ContractViolation {
  return new ContractViolation("ERR_TSGI_NOT_AN_APPLICATION", message);
}
