// A guest as its users see it: an application or a middleware, and the pool of processes behind it.
import type { Middleware, WSGIApplication } from "../../wsgi/types.ts";
import { guestApplication } from "./guest-application.ts";
import type { GuestSettings } from "./guest-options.ts";
import { GuestPool } from "./guest-pool.ts";
import type { GuestStats } from "./guest-stats.ts";
import type { GuestLanguage } from "./language.ts";

/** The processes of a guest. */
export interface GuestProcesses {
  /** The source files that are loaded, for a watcher. */
  modules(): Promise<readonly string[]>;
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

/** A running application of another language. */
export interface Guest extends GuestProcesses {
  /** Serves requests through the application. */
  readonly application: WSGIApplication;
  /** The interpreter: an absolute path. */
  readonly interpreter: string;
  /** The address where a script that starts a server itself would have served; null for other targets. */
  readonly address: readonly [host: string, port: number] | null;
  /** Loads the application again in new processes, then ends the old ones. If it does not load, the promise is rejected and nothing changes. */
  reload(): Promise<void>;
}

/** A middleware that runs in processes of another language. */
export type GuestMiddleware = Middleware &
  GuestProcesses & {
    /** Resolves when the filters are loaded; rejects when they cannot be. Requests before that wait. */
    readonly ready: Promise<void>;
  };

/**
 * Starts an application.
 *
 * @param settings - how its processes are run
 * @param language - what is run
 * @returns the guest, once all its processes have loaded the application
 * @throws GuestStartError with the report of the language when the application does not load
 */
export async function startGuest(settings: GuestSettings, language: GuestLanguage): Promise<Guest> {
  const pool = new GuestPool(settings, language, false);
  await pool.start();
  return {
    ...processesOf(pool),
    application: guestApplication(pool, null),
    interpreter: language.interpreter,
    get address() {
      return pool.address;
    },
    reload: () => pool.reload(),
  };
}

/**
 * Makes a middleware of filters of another language. The processes start at once.
 *
 * @param settings - how its processes are run
 * @param language - what is run: filters, which call the inner application back over the lane
 * @returns the middleware; `close` it when it is not needed any more
 */
export function guestMiddleware(settings: GuestSettings, language: GuestLanguage): GuestMiddleware {
  const pool = new GuestPool(settings, language, true);
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
    return function guestFilter(environ, startResponse) {
      return isReady ? filtered(environ, startResponse) : ready.then(() => filtered(environ, startResponse));
    };
  };
  return Object.assign(middleware, { ready, ...processesOf(pool) });
}

function processesOf(pool: GuestPool): GuestProcesses {
  return {
    modules: () => pool.modules(),
    stats: () => pool.stats(),
    requestsInHand: () => pool.requestsInHand(),
    close: (graceSeconds = pool.settings.graceSeconds) => pool.close(graceSeconds),
  };
}
