// What a worker has once it has loaded what it serves.
import type { WSGIApplication } from "../../wsgi/types.ts";

/** An application that can be ended. */
export interface LoadedApplication {
  readonly application: WSGIApplication;
  /** Ends what the application keeps running beside itself. */
  close(graceSeconds: number): Promise<void>;
  /** Files beside TypeScript's that it was made from, for a watcher: configuration and Python. Absent when there are none. */
  files?(): Promise<readonly string[]>;
  /** Which of them has which request now: process ids by `tsgi.request_id`. */
  requestsInHand?(): ReadonlyMap<string, number>;
}
