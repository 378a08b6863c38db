import { expect, test } from "vitest";
import { listenToSignals, type SignalActions } from "./signals.ts";

test.each<[signal: NodeJS.Signals, done: string]>([
  ["SIGTERM", "stop graceful term"],
  ["SIGINT", "stop quick int"],
  ["SIGQUIT", "stop quick quit"],
  ["SIGHUP", "reload"],
  ["SIGUSR1", "reopenLogs"],
  ["SIGUSR2", "upgrade"],
  ["SIGTTIN", "changeWorkers 1"],
  ["SIGTTOU", "changeWorkers -1"],
  ["SIGWINCH", "dismissWorkers"],
])("listenToSignals: %s is %j", (signal, done) => {
  const heard: string[] = [];
  const note =
    (name: string) =>
    (...words: (string | number)[]): void =>
      void heard.push([name, ...words].join(" "));
  const actions: SignalActions = {
    stop: note("stop"),
    reload: note("reload"),
    reopenLogs: note("reopenLogs"),
    upgrade: note("upgrade"),
    changeWorkers: note("changeWorkers"),
    dismissWorkers: note("dismissWorkers"),
  };
  const before = process.listenerCount(signal);
  const stop = listenToSignals(actions);
  // As Node does when the signal has come.
  process.emit(signal, signal);
  stop();
  expect([heard, process.listenerCount(signal)]).toEqual([[done], before]);
});
