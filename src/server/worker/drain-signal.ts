// Tells the application that its process is about to end: a worker completes the requests that it has, and a response without an end,
// such as a stream of events, would hold it up until it is cut off.
import { setMaxListeners } from "node:events";

const controller = new AbortController();
// One listener for each stream, however many there are.
setMaxListeners(0, controller.signal);

/**
 * Fires when this process begins to drain: it takes no more connections, and has `gracefulTimeout` seconds for the responses under way.
 * End a stream that would go on for ever; its client comes back, and meets a successor. Without workers it never fires.
 *
 * @example
 * drainSignal().addEventListener("abort", () => stream.end());
 */
export function drainSignal(): AbortSignal {
  return controller.signal;
}

/** Fires the signal. */
export function announceDrain(): void {
  controller.abort();
}
