// What a worker is told at its start, in one environment variable, which it removes before the application sees it.
import type { ListenerPlace } from "../sockets/listen-queue.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import { SERVER_EXIT_CODES, ServerError } from "../errors.ts";

/** Name of the variable. */
export const WORKER_VARIABLE = "TSGI_WORKER";

/** A socket that a worker inherits: its descriptor is 3 for the first, 4 for the second, and so on. */
interface WorkerListener extends ListenerPlace {
  /** The path of a unix socket; null for others. */
  readonly path: string | null;
  /** True when somebody outside of the server holds the socket too. */
  readonly isForeign: boolean;
}

/** The start of a worker. */
export interface WorkerConfig {
  readonly id: number;
  readonly generation: number;
  readonly options: ArbiterOptions;
  /** With the address of each, as it was set. */
  readonly listeners: readonly (WorkerListener & { readonly bind: string })[];
  /** Wait for `serve` before accepting. */
  readonly isHeld: boolean;
  /** Signs what one worker makes and another one checks. */
  readonly secret: string;
  /** Process id of the arbiter. */
  readonly arbiter: number;
}

/** Descriptor of the first socket; 0, 1 and 2 are the standard streams. */
export const FIRST_LISTENER_FD = 3;

/**
 * Takes the configuration out of the environment.
 *
 * @throws ServerError when it is not there: a worker cannot be started by hand
 */
export function takeWorkerConfig(): WorkerConfig {
  const text = process.env[WORKER_VARIABLE];
  delete process.env[WORKER_VARIABLE];
  if (text === undefined) {
    throw new ServerError(
      SERVER_EXIT_CODES.boot,
      "ERR_TSGI_BOOT",
      "Start workers through the command tsgi, not by hand",
    );
  }
  return JSON.parse(text) as WorkerConfig;
}
