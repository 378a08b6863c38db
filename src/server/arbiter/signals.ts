// The signals of the arbiter, in one table. Source: gunicorn's documentation "Signal Handling".

/** What the arbiter does about signals. */
export interface SignalActions {
  stop(kind: "graceful" | "quick", name: string): void;
  /** What comes of it is in the log. */
  reload(): unknown;
  reopenLogs(): void;
  upgrade(): void;
  changeWorkers(difference: 1 | -1): void;
  /** Ends all workers gracefully and keeps the sockets: the old arbiter's part of an upgrade. */
  dismissWorkers(): void;
}

type Handler = (actions: SignalActions) => void;

/** SIGCHLD is not here: Node itself reaps the workers and says so. */
const HANDLERS: Readonly<Partial<Record<NodeJS.Signals, Handler>>> = {
  SIGTERM: (actions) => actions.stop("graceful", "term"),
  SIGINT: (actions) => actions.stop("quick", "int"),
  SIGQUIT: (actions) => actions.stop("quick", "quit"),
  SIGHUP: (actions) => actions.reload(),
  SIGUSR1: (actions) => actions.reopenLogs(),
  SIGUSR2: (actions) => actions.upgrade(),
  SIGTTIN: (actions) => actions.changeWorkers(1),
  SIGTTOU: (actions) => actions.changeWorkers(-1),
  SIGWINCH: (actions) => actions.dismissWorkers(),
};

/**
 * Listens to the signals.
 *
 * @returns a function that stops listening
 */
export function listenToSignals(actions: SignalActions): () => void {
  const listeners = Object.entries(HANDLERS).map(([name, handler]) => {
    const listener = (): void => handler(actions);
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return () => {
    for (const stop of listeners) stop();
  };
}
