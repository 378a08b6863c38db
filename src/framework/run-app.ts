// Serves an application in this process, for scripts and development. Source: Flask's app.run().
import { showExceptions } from "../middleware/show-exceptions.ts";
import { makeServer } from "../server/make-server.ts";
import { toApplication } from "../wsgi/application.ts";
import type { WSGIApplicationLike } from "../wsgi/types.ts";

/**
 * Serves until the process ends; it says where, and that this is no server for production.
 *
 * @param write - takes what there is to say. @default standard error
 */
export async function runApp(
  application: WSGIApplicationLike,
  { host, port, isDevelopment }: { readonly host: string; readonly port: number; readonly isDevelopment: boolean },
  write: (text: string) => void = (text) => process.stderr.write(text),
): Promise<void> {
  const inner = toApplication(application);
  const server = makeServer(host, port, isDevelopment ? showExceptions({ development: true })(inner) : inner);
  await server.listen();
  write(`Serving on ${server.url} (one process, for development; "tsgi app.ts" is the server for production)\n`);
  await server.serveForever();
}
