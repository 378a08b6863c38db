// Python guests: `tsgi/guests/python`. For users; inside the package import the files that own the symbols.
export {
  PythonApplicationFailed,
  PythonClientGone,
  PythonDeadlineMissed,
  PythonProcessDied,
  PythonRequestError,
  PythonStartError,
  PythonUnavailable,
} from "./errors.ts";
export { appFactory } from "./factories.ts";
export { findInterpreter, type InterpreterSearch, type PythonInterpreter } from "./interpreter.ts";
export type { PythonFactory, PythonLogEntry, PythonOptions, PythonPart } from "./options.ts";
export { pythonApplication, type PythonGuest } from "./python-application.ts";
export { pythonMiddleware, type PythonMiddleware, type PythonMiddlewareOptions } from "./python-middleware.ts";
export type { GuestProcessStats as PythonProcessStats, GuestStats as PythonStats } from "../lane/guest-stats.ts";
