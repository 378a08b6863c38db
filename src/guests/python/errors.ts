// The errors of Python guests, by the names that users of `tsgi/guests/python` know.
import { GuestStartError } from "../lane/errors.ts";

export {
  GuestApplicationFailed as PythonApplicationFailed,
  GuestClientGone as PythonClientGone,
  GuestDeadlineMissed as PythonDeadlineMissed,
  GuestProcessDied as PythonProcessDied,
  GuestRequestError as PythonRequestError,
  GuestStartError as PythonStartError,
  GuestUnavailable as PythonUnavailable,
} from "../lane/errors.ts";

/** The language, as messages name it. */
export const PYTHON = "Python";

/**
 * The error of a Python guest that cannot start.
 *
 * @param message - one sentence
 * @param report - Python's traceback, which becomes the error's own
 */
export function pythonStartError(message: string, report = ""): GuestStartError {
  return new GuestStartError(PYTHON, message, report);
}
