// A Python WSGI application as one of ours. Source: PEP 3333; docs/guests/python.md.
import { startGuest, type Guest } from "../lane/guest.ts";
import { pythonStartError } from "./errors.ts";
import { pythonSettings, type PythonOptions } from "./options.ts";
import { PythonLanguage } from "./python-language.ts";

/** A running Python application. */
export interface PythonGuest extends Guest {
  /** The interpreter: an absolute path. */
  readonly python: string;
}

/**
 * Starts a Python application.
 *
 * @param options - what to run, and how
 * @returns the guest, once all its processes have loaded the application
 * @throws PythonStartError with Python's traceback when the application does not load, or there is no interpreter
 * @example
 * const guest = await pythonApplication({ target: "shop.wsgi:application", processes: 4 });
 * makeServer("127.0.0.1", 8000, guest.application);
 */
export async function pythonApplication(
  options: PythonOptions & { target: NonNullable<PythonOptions["target"]> },
): Promise<PythonGuest> {
  const target = typeof options.target === "string" ? options.target : options.target?.target;
  if (typeof target !== "string" || target === "")
    throw pythonStartError('Expected a target such as "module:application"');
  const settings = pythonSettings(options);
  const guest = await startGuest(settings, new PythonLanguage(settings));
  return Object.assign(guest, { python: guest.interpreter });
}
