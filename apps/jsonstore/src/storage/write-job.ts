// A write that waits for its transaction, and how it runs there, whatever the database is.
import type { Problem } from "../problem.ts";
import type { Layout } from "./build.ts";
import { logChanges } from "./change-log.ts";
import type { Change, Write } from "./change-tree.ts";
import type { Work } from "./work.ts";

/** Writes of one transaction. */
const MOST_IN_GROUP = 256;
/** Milliseconds that one of them may make those before it wait for the commit. */
const MOST_SHARED = 250;

/** A write that waits. */
export interface Job {
  readonly work: (write: Write) => Work<unknown>;
  readonly isRepeatable: boolean;
  /** Answers whoever waits for it; not before the commit. */
  readonly settle: (outcome: Outcome) => void;
}

/** What has become of it. */
export type Outcome =
  | { readonly isDone: true; readonly value: unknown }
  | { readonly isDone: false; readonly problem: Problem };

/**
 * Takes jobs one after the other, as many as go into one transaction.
 *
 * @param jobs - those that wait
 * @param taken - gets those that do not wait any more
 * @param milliseconds - how long it goes on, but for the first
 */
export function* takeJobs(jobs: Job[], taken: Job[], milliseconds: number): Generator<Job, void> {
  const endsAt = performance.now() + milliseconds;
  do {
    const job = jobs.shift();
    if (job === undefined) return;
    taken.push(job);
    yield job;
  } while (taken.length < MOST_IN_GROUP && performance.now() < endsAt);
}

/** Ends work that takes too long for a transaction with others; it begins anew as the first of one. */
export class LongJob extends Error {}

/**
 * The work of a job, and the log of what it has changed.
 *
 * @param seq - its number, if it changes anything
 * @param isFirst - whether nobody waits in its transaction but those that came later
 * @throws LongJob
 */
export function* runJob(
  { work, isRepeatable }: Job,
  seq: number,
  layout: Layout,
  isFirst: boolean,
): Work<{ readonly value: unknown; readonly hasChanged: boolean }> {
  const changes: Change[] = [];
  const steps = work({ seq, layout, changes });
  const value = yield* isFirst || !isRepeatable ? steps : shortly(steps);
  const hasChanged = changes.length > 0;
  if (hasChanged) yield* logChanges(seq, changes);
  return { value, hasChanged };
}

function* shortly<T>(work: Work<T>): Work<T> {
  const endsAt = performance.now() + MOST_SHARED;
  let step = work.next();
  while (step.done !== true) {
    if (performance.now() > endsAt) throw new LongJob();
    step = work.next(yield step.value);
  }
  return step.value;
}

/** Puts the job that was taken last back, in front of those that wait. */
export function putBack(jobs: Job[], taken: Job[]): void {
  jobs.unshift(...taken.splice(-1));
}
