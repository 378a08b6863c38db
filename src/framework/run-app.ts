// Serves an application in this process, for scripts and development. Source: Flask's app.run().
import { showExceptions } from "../middleware/show-exceptions.ts";
import { makeServer } from "../server/make-server.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import type { RunOptions } from "./run-options.ts";

/** Serves until the process ends, or the signal fires; it says where, and that this is no server for production. */
export async function runApp(application: WSGIApplication, options: RunOptions, isDevelopment: boolean): Promise<void> {
  const { host = "127.0.0.1", port = 5000, signal, write = (text) => process.stderr.write(text) } = options;
  const server = makeServer(
    host,
    port,
    isDevelopment ? showExceptions({ development: true })(application) : application,
  );
  await server.listen();
  write(`Serving on ${server.url} (one process, for development; "tsgi app.ts" is the server for production)\n`);
  const close = (): void => void server.close();
  if (signal?.aborted === true) close();
  else signal?.addEventListener("abort", close, { once: true });
  await server.serveForever();
}
