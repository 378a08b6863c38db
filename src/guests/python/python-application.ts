// Makes a WSGI application of one in Python. Source: PEP 3333; docs/guests/python.md.
import type { WSGIApplication } from "../../wsgi/types.ts";
import { guestApplication } from "../lane/guest-application.ts";
import { GuestPool } from "../lane/guest-pool.ts";
import type { GuestStats } from "../lane/guest-stats.ts";
import { pythonStartError } from "./errors.ts";
import { pythonSettings, type PythonOptions } from "./options.ts";
import { PythonLanguage } from "./python-language.ts";

/** A running Python application. */
export interface PythonGuest {
  /** Serves requests through the Python application. */
  readonly application: WSGIApplication;
  /** The interpreter: an absolute path. */
  readonly python: string;
  /** The address where a script that starts a server itself would have served; null for other targets. */
  readonly address: readonly [host: string, port: number] | null;
  /** The Python source files that are loaded, for a watcher. */
  modules(): Promise<readonly string[]>;
  /** Loads the application in new processes, then ends the old ones. If it does not load, the promise rejects and nothing changes. */
  reload(): Promise<void>;
  /** Its state and counters. */
  stats(): GuestStats;
  /** The processes that work on requests now: process ids by the request's `tsgi.request_id`. */
  requestsInHand(): ReadonlyMap<string, number>;
  /**
   * Completes requests in progress, then ends the processes.
   *
   * @param graceSeconds - how long requests may take. @default the option of that name
   */
  close(graceSeconds?: number): Promise<void>;
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
  const pool = new GuestPool(settings, new PythonLanguage(settings), false);
  await pool.start();
  return {
    application: guestApplication(pool, null),
    python: pool.language.interpreter,
    get address() {
      return pool.address;
    },
    modules: () => pool.modules(),
    reload: () => pool.reload(),
    stats: () => pool.stats(),
    requestsInHand: () => pool.requestsInHand(),
    close: (graceSeconds = settings.graceSeconds) => pool.close(graceSeconds),
  };
}
