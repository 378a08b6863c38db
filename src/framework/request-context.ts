// Gives the current request to code deep in an application that does not get it as an argument. An application has to ask for it, because it
// costs time with each request, and code with hidden arguments is harder to read. Source: Node's AsyncLocalStorage; Flask's request.
import { AsyncLocalStorage } from "node:async_hooks";
import { FrameworkError } from "./errors.ts";
import type { Request } from "./request.ts";

const storage = new AsyncLocalStorage<Request>();

/**
 * Gives the request that is being answered.
 *
 * @throws FrameworkError outside of one, and when the application was not made with `hasRequestContext`
 */
export function getRequest(): Request {
  const request = storage.getStore();
  if (request !== undefined) return request;
  throw new FrameworkError(
    "There is no request here; expected an application with hasRequestContext, and to be called by it",
  );
}

/** Calls a function for which {@link getRequest} gives this request. */
export function withRequest<Result>(request: Request, action: () => Result): Result {
  return storage.run(request, action);
}
