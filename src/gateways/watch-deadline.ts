// The deadline of one call, for gateways whose requests come one by one, without a server that keeps the time.
import type { ApplicationCalls, CalledExchange } from "./application-calls.ts";

const SECOND = 1000;
/** A timer may fire a little before its time. */
const LATER_MS = 5;

/**
 * Has the deadlines of an application looked at when that of a call is over.
 *
 * @param exchange - was called, and may be over
 * @param timeoutSeconds - of the calls; 0 means none
 */
export function watchDeadline(calls: ApplicationCalls, exchange: CalledExchange, timeoutSeconds = 0): void {
  if (timeoutSeconds === 0 || exchange.isOver) return;
  const { listener } = exchange;
  const timer = setTimeout(() => calls.tick(), timeoutSeconds * SECOND + LATER_MS);
  exchange.listener = {
    aborted: (reason) => listener?.aborted(reason),
    over(over) {
      clearTimeout(timer);
      listener?.over(over);
    },
  };
}
