// Python filters around an application of ours: Python calls the inner application back over the lane. Source: docs/lane-protocol.md.
import { guestMiddleware, type GuestMiddleware } from "../lane/guest.ts";
import { pythonSettings, type PythonOptions, type PythonPart } from "./options.ts";
import { PythonLanguage } from "./python-language.ts";

/** The filters, and the options of a Python application without its target. */
export type PythonMiddlewareOptions = Omit<PythonOptions, "target" | "filters"> & {
  /** One filter or several, outermost first; several are composed inside Python. */
  readonly filter: PythonPart | readonly PythonPart[];
};

/** A middleware that runs in Python processes. */
export type PythonMiddleware = GuestMiddleware;

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
  return guestMiddleware(settings, new PythonLanguage(settings));
}
