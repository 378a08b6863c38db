// What is to be done at the end of a request, however it ends, for those who have no body whose close() would tell them. The request is
// known by its `tsgi.signal`, which every copy of an environ keeps; a gateway says when it is over. Source: SPEC.md, section "Lifetime"; Rack's
// `rack.response_finished`.
import { errorText } from "./error-text.ts";
import { nextTurn } from "./next-turn.ts";
import type { ErrorStream, WSGIEnvironment } from "./types.ts";

type Duty = () => void | Promise<void>;

const duties = new WeakMap<AbortSignal, Duty[]>();
/** Requests with duties: as long as there are none, the end of a request costs one comparison. */
let waiting = 0;

/**
 * Has something done when the request is over: its body was closed, or its client has left and its application has come to rest.
 *
 * @param environ - of the request, or a copy
 * @param duty - is called once
 * @returns false when the environ has no `tsgi.signal`, so that nobody could call it
 */
export function atRequestEnd(environ: WSGIEnvironment, duty: Duty): boolean {
  const signal = environ["tsgi.signal"];
  if (signal === undefined) return false;
  const list = duties.get(signal);
  if (list !== undefined) {
    list.push(duty);
    return true;
  }
  duties.set(signal, [duty]);
  waiting += 1;
  return true;
}

/** For gateways: whether there is a request with something to be done at its end. */
export function isEndAwaited(): boolean {
  return waiting > 0;
}

/**
 * For gateways: the request is over. What is to be done is done in the next turn, behind the close() of the body.
 *
 * @param signal - `tsgi.signal` of the request
 * @param errors - is told what fails; the application's may not be used any more
 */
export function requestEnded(signal: AbortSignal, errors: ErrorStream): void {
  const list = duties.get(signal);
  if (list === undefined) return;
  duties.delete(signal);
  waiting -= 1;
  nextTurn(() => {
    const report = (error: unknown): void => errors.write(`Error at the end of a request: ${errorText(error)}\n`);
    for (const duty of list) {
      try {
        const done = duty();
        if (done instanceof Promise) done.catch(report);
      } catch (error) {
        report(error);
      }
    }
  });
}
