// Python filters around an application of ours: Python calls the inner application back over the lane. Source: docs/lane-protocol.md.
import type { Middleware } from "../../wsgi/types.ts";
import { guestApplication } from "../lane/guest-application.ts";
import { GuestPool } from "../lane/guest-pool.ts";
import type { GuestStats } from "../lane/guest-stats.ts";
import { pythonSettings, type PythonOptions, type PythonPart } from "./options.ts";
import { PythonLanguage } from "./python-language.ts";

/** The filters, and the options of a Python application without its target. */
export interface PythonMiddlewareOptions extends Omit<PythonOptions, "target" | "filters"> {
  /** One filter or several, outermost first; several are composed inside Python. */
  readonly filter: PythonPart | readonly PythonPart[];
}

/** A middleware that runs in Python processes. */
export interface PythonMiddleware extends Middleware {
  /** Resolves when the filters are loaded; rejects if they cannot be loaded. Earlier requests wait. */
  readonly ready: Promise<void>;
  /** Its state and counters. */
  stats(): GuestStats;
  /** The processes that work on requests now: process ids by the request's `tsgi.request_id`. */
  requestsInHand(): ReadonlyMap<string, number>;
  /** Ends the processes. */
  close(graceSeconds?: number): Promise<void>;
}

/**
 * Makes a middleware of Python filters. The processes start at once.
 *
 * @param options - a filter (`module:attribute`, or a PasteDeploy factory), or options with several
 * @returns the middleware; `close` it when it is not needed any more
 * @throws PythonStartError when there is no interpreter
 * @example
 * const gzip = pythonMiddleware("myfilters:gzip");
 * makeServer("127.0.0.1", 8000, gzip(application));
 */
export function pythonMiddleware(options: string | PythonMiddlewareOptions): PythonMiddleware {
  const { filter, ...rest } = typeof options === "string" ? { filter: options } : options;
  const filters = typeof filter === "string" || !("length" in filter) ? [filter] : filter;
  const settings = pythonSettings({ ...rest, filters });
  const pool = new GuestPool(settings, new PythonLanguage(settings), true);
  const ready = pool.start();
  ready.catch(() => {}); // reported by each request, and by `ready`
  const middleware: Middleware = (application) => {
    const filtered = guestApplication(pool, application);
    let isReady = false;
    ready.then(
      () => {
        isReady = true;
      },
      () => {},
    );
    return function pythonFilter(environ, startResponse) {
      return isReady ? filtered(environ, startResponse) : ready.then(() => filtered(environ, startResponse));
    };
  };
  return Object.assign(middleware, {
    ready,
    stats: () => pool.stats(),
    requestsInHand: () => pool.requestsInHand(),
    close: (graceSeconds = settings.graceSeconds) => pool.close(graceSeconds),
  });
}
