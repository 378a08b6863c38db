// Serves a guest behind the HTTP server, and sends it requests as a client would.
import type { GuestLogEntry } from "../../src/guests/lane/guest-options.ts";
import type { Guest } from "../../src/guests/lane/guest.ts";
import type { Middleware } from "../../src/wsgi/types.ts";
import { send, serveApplication, type Received, type Sending } from "../python/serve-python.ts";

/** A server on a free port. */
export interface ServedGuest {
  readonly guest: Guest;
  readonly port: number;
  readonly log: GuestLogEntry[];
  readonly errors: { text: string };
  get(path: string, sending?: Sending): Promise<Received>;
  close(): Promise<void>;
}

/**
 * Serves a guest.
 *
 * @param start - starts it, with where it logs
 * @param around - a middleware of ours around it
 */
export async function serveGuest(
  start: (log: (entry: GuestLogEntry) => void) => Promise<Guest>,
  around: Middleware = (application) => application,
): Promise<ServedGuest> {
  const log: GuestLogEntry[] = [];
  const errors = { text: "" };
  const guest = await start((entry) => log.push(entry));
  const server = await serveApplication(around(guest.application), errors);
  return {
    guest,
    port: server.port,
    log,
    errors,
    get: (path, sending) => send(server.port, path, sending),
    async close() {
      await server.close();
      await guest.close(1);
    },
  };
}
