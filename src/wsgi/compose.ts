// Stacks middleware. Source: PEP 3333, "Middleware: Components that Play Both Sides"; PasteDeploy's pipeline for the order.
import { ContractViolation } from "./errors.ts";
import type { Middleware, WSGIApplication } from "./types.ts";

/**
 * Combines several middlewares into one. The leftmost is the outermost: it sees the request first and the response last.
 *
 * @param middleware - in the order in which a request passes them; none at all gives the application unchanged
 * @throws ContractViolation `ERR_TSGI_NOT_MIDDLEWARE` when one of them is not a function, or gives no function
 * @example
 * const application = compose(accessLog(), compress())(hello);
 */
export function compose(...middleware: Middleware[]): Middleware {
  for (const [index, each] of middleware.entries()) checkFunction(each, `the argument ${index} of compose()`);
  return function composed(application: WSGIApplication): WSGIApplication {
    return middleware.reduceRight((inner, each) => {
      const outer = each(inner);
      checkFunction(outer, `what the middleware "${each.name || "(anonymous)"}" returns`);
      return outer;
    }, application);
  };
}

function checkFunction(value: unknown, what: string): void {
  if (typeof value === "function") return;
  throw new ContractViolation("ERR_TSGI_NOT_MIDDLEWARE", `Expected ${what} to be a function, got ${typeof value}`);
}
