// Decides about the requests of a process that has exited. Those that it had started are lost, unless it left their responses behind.
// The others go to another process, up to a limit: one of them may be what crashes processes. Source: docs/lane-protocol.md, "The status file".
import type { Buffer } from "node:buffer";
import { GuestClientGone, GuestProcessDied } from "./errors.ts";
import type { GuestExchange } from "./guest-exchange.ts";
import { isUpTo } from "./is-up-to.ts";
import { keptAnswers } from "./kept-answers.ts";
import type { Lane } from "./lane.ts";
import { MAX_ENDED_PROCESSES } from "./policy.ts";

/** What a process left in the status file, by lane. */
export interface StatusFile {
  /** The last request that the lane has started; 0 for none. */
  started(slot: number): number;
  /** The finished responses that the lane had not sent. */
  kept(slot: number): Buffer;
}

/** How a process exited. */
export interface ProcessEnd {
  /** The guest's language, for messages. */
  readonly language: string;
  /** For example `exit code 1`. */
  readonly reason: string;
  /** Its crash report. */
  readonly report: string;
  /** It was told to exit, so no request is to blame. */
  readonly wasExpected: boolean;
}

/**
 * Closes the lanes of a process that has exited, and answers the requests that it had started.
 *
 * @param process - the process
 * @param status - what it left behind
 * @param end - how it exited
 * @returns the requests for another process
 */
export function salvage(
  process: { readonly pid: number; readonly lanes: readonly Lane[] },
  status: StatusFile,
  end: ProcessEnd,
): readonly GuestExchange[] {
  const unbegun: GuestExchange[] = [];
  let hasBegun = false;
  for (const lane of process.lanes) {
    const rest = lane.takeAll();
    lane.destroy();
    const started = status.started(lane.slot);
    const begun = lane.marksStarted ? rest.filter(({ id }) => isUpTo(id, started)).length : rest.length;
    hasBegun ||= begun > 0;
    unbegun.push(...rest.slice(begun));
    answerBegun(rest.slice(0, begun), status.kept(lane.slot), process.pid, end);
  }
  // If it had started none, one of these may have crashed it, and would crash one process after another.
  return hasBegun || end.wasExpected ? unbegun : unbegun.filter((exchange) => maySendAgain(exchange, end));
}

function answerBegun(begun: readonly GuestExchange[], bytes: Buffer, pid: number, end: ProcessEnd): void {
  const { language, reason, report } = end;
  const kept = keptAnswers(bytes);
  for (const exchange of begun) {
    const answer = exchange.responseBody === null ? kept.get(exchange.id) : undefined;
    if (answer !== undefined) exchange.whole(answer.head, answer.body);
    else if (exchange.abandonedAt !== 0) exchange.fail(new GuestClientGone(language));
    else {
      const message = `The ${language} process ${pid} ended (${reason}) while it worked on ${exchange.description}`;
      exchange.fail(new GuestProcessDied(language, message, report));
    }
  }
}

/** Whether a request that may have crashed a process gets another try; otherwise it is answered. It is sent alone from now on. */
function maySendAgain(exchange: GuestExchange, { language, reason }: ProcessEnd): boolean {
  exchange.isSlow = true;
  exchange.endedProcesses += 1;
  if (exchange.endedProcesses < MAX_ENDED_PROCESSES) return true;
  const message = `${MAX_ENDED_PROCESSES} ${language} processes ended, one after another, before they began ${exchange.description}`;
  exchange.fail(new GuestProcessDied(language, `${message} (the last: ${reason})`));
  return false;
}
