// Starts a Ruby guest behind the HTTP server, and sends it requests as a client would.
import { fileURLToPath } from "node:url";
import type { RubyLogEntry, RubyOptions } from "../../src/guests/ruby/options.ts";
import { rubyApplication } from "../../src/guests/ruby/ruby-application.ts";
import type { Guest } from "../../src/guests/lane/guest.ts";
import type { Middleware } from "../../src/wsgi/types.ts";
import { send, serveApplication, type Received, type Sending } from "../python/serve-python.ts";

/** The Ruby programs of the tests. */
export const APPS = fileURLToPath(new URL("apps", import.meta.url));

/** A server on a free port. */
export interface ServedRuby {
  readonly guest: Guest;
  readonly port: number;
  readonly log: RubyLogEntry[];
  readonly errors: { text: string };
  get(path: string, sending?: Sending): Promise<Received>;
  close(): Promise<void>;
}

/**
 * Serves a program of APPS.
 *
 * @param options - of the guest
 * @param around - a middleware of ours around it
 */
export async function serveRuby(
  options: RubyOptions & { readonly target: string },
  around: Middleware = (application) => application,
): Promise<ServedRuby> {
  const log: RubyLogEntry[] = [];
  const errors = { text: "" };
  const guest = await rubyApplication({ directory: APPS, log: (entry) => log.push(entry), ...options });
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
