// A Python WSGI application as one of ours. Source: PEP 3333; docs/guests/python.md.
import { EMPTY_INPUT } from "../../wsgi/input-stream.ts";
import type { StartResponse, WSGIApplication, WSGIBody, WSGIEnvironment } from "../../wsgi/types.ts";
import { PythonStartError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { GuestPool } from "./guest-pool.ts";
import { pythonSettings, type PythonOptions, type PythonSettings } from "./options.ts";
import type { PythonStats } from "./python-stats.ts";
import { hasBody, readBody, type BodyLimits } from "./request-body.ts";

/** A Python application that runs. */
export interface PythonGuest {
  /** Serves requests through the Python application. */
  readonly application: WSGIApplication;
  /** The interpreter: an absolute path. */
  readonly python: string;
  /** Where a script that starts a server itself would have served; null for other targets. */
  readonly address: readonly [host: string, port: number] | null;
  /** The Python source files that are loaded, for a watcher. */
  modules(): Promise<readonly string[]>;
  /** Loads the application again in new processes, then ends the old ones; rejects when it does not load, and nothing changes. */
  reload(): Promise<void>;
  /** What it is doing. */
  stats(): PythonStats;
  /** Which process has which request now: process ids by the request's `tsgi.request_id`. */
  requestsInHand(): ReadonlyMap<string, number>;
  /**
   * Answers what is there, then ends the processes.
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
    throw new PythonStartError('Expected a target such as "module:application"');
  const settings = pythonSettings(options);
  const pool = new GuestPool(settings, false);
  await pool.start();
  return {
    application: poolApplication(pool, settings, null),
    python: pool.interpreter.path,
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

/**
 * The application that sends each request to a pool.
 *
 * @param pool - the processes
 * @param settings - for the limits of bodies
 * @param inner - the application that Python filters call back; null where there is none
 */
export function poolApplication(
  pool: GuestPool,
  settings: PythonSettings,
  inner: WSGIApplication | null,
): WSGIApplication {
  const limits: BodyLimits = {
    memoryBytes: settings.bodyMemoryBytes,
    fileBytes: settings.bodyFileBytes,
    earlyBytes: settings.bodyEarlyBytes,
    directory: settings.temporaryDirectory,
    isShared: settings.identity === null,
  };
  const { dispatcher } = pool;
  return function pythonGuest(environ: WSGIEnvironment, startResponse: StartResponse): Promise<WSGIBody> {
    const exchange = new Exchange(environ, startResponse, inner, performance.now());
    if (environ["wsgi.input"] === EMPTY_INPUT || !hasBody(environ)) {
      dispatcher.submit(exchange);
    } else {
      readBody(environ, limits, dispatcher).then(
        (body) => {
          exchange.body = body;
          dispatcher.submit(exchange);
        },
        (error: unknown) => exchange.reject(error),
      );
    }
    return exchange.answer;
  };
}
