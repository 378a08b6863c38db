// A write that waits for its transaction, and how it runs there, whatever the database is.
import type { Problem } from "../problem.ts";
import type { Layout } from "./build.ts";
import { logChanges } from "./change-log.ts";
import type { Change, Write } from "./change-tree.ts";
import type { Work } from "./work.ts";

/** Writes of one transaction. */
const MOST_IN_GROUP = 256;

/** A write that waits. */
export interface Job {
  readonly work: (write: Write) => Work<unknown>;
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

/**
 * The work of a job, and the log of what it has changed.
 *
 * @param seq - its number, if it changes anything
 */
export function* runJob(
  { work }: Job,
  seq: number,
  layout: Layout,
): Work<{ readonly value: unknown; readonly hasChanged: boolean }> {
  const changes: Change[] = [];
  const value = yield* work({ seq, layout, changes });
  const hasChanged = changes.length > 0;
  if (hasChanged) yield* logChanges(seq, changes);
  return { value, hasChanged };
}
