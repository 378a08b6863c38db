// Something for later, when this turn of the event loop is over.

/** Calls `action` in the next turn. Runtimes of the web have timers only. */
export const nextTurn: (action: () => void) => void =
  typeof setImmediate === "function" ? (action) => void setImmediate(action) : (action) => void setTimeout(action, 0);
