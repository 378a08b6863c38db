// Applications that keep something running beside themselves: processes, connections.
import type { WSGIApplication } from "../wsgi/types.ts";

/** An application that can be ended. */
export interface ClosingApplication extends WSGIApplication {
  /**
   * Ends what it keeps running.
   *
   * @param graceSeconds - how long requests may still take
   */
  close(graceSeconds?: number): Promise<void>;
  /** The source files that this has loaded, for a watcher; absent where there are none. */
  files?(): Promise<readonly string[]>;
}

/** Whether what a factory has made can be ended: a function with a method `close`. */
export function isClosing(made: unknown): made is ClosingApplication {
  return typeof made === "function" && "close" in made && typeof made.close === "function";
}
