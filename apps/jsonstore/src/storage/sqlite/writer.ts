// Group commit: all writes that came meanwhile go into one transaction. One that is refused must not undo its neighbours. Most are refused
// before they have changed anything, and there is nothing to undo. When one is refused later, the transaction is rolled back and begun anew,
// this time with each write in a savepoint of its own; and so are the next ones, because whoever sends such writes may send more. A savepoint
// for each write all the time would cost a fifth of it. Nobody is answered before the commit, also not with a refusal: what it saw might not
// have been true.
//
// SQLite's lock is unfair: whoever has just let it go takes it again. So a worker pauses for a millisecond after a commit that was for
// several, or for which it had to wait; a lone write never waits. After a write that kept the lock for long, the pause is as long as it takes
// others to look once: with one long write behind the other they would find it free only by luck.
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { Problem } from "../../problem.ts";
import type { Write } from "../change-tree.ts";
import type { Layout } from "../build.ts";
import type { WriteOptions } from "../store.ts";
import type { Call, Work } from "../work.ts";
import { LongJob, putBack, runJob, takeJobs, type Job, type Outcome } from "../write-job.ts";
import { WriteQueue } from "../write-queue.ts";
import { isReading } from "../statements.ts";
import type { Connection } from "./connection.ts";
import { isBusy, storageProblem } from "./sqlite-error.ts";

/** Milliseconds that a transaction takes writes in. */
const LONGEST_GROUP = 8;
/** Milliseconds until a write gives up the lock. */
const PATIENCE = 20_000;
/** Milliseconds at most between two tries to get the lock. */
const RETRY = 3;
const PAUSE = 1;
const LONG_PAUSE = RETRY + 2;
/** Milliseconds that one write computes without a turn for everything else that the process does. */
const TURN = 25;
/** Transactions with savepoints, after one that had to begin anew. */
const CAREFUL = 64;
const LAST_SEQ: Call = { name: "lastSeq", wants: "row", values: [] };

/** A write has failed that cannot be undone alone. */
class BeginAnew extends Error {}

/** Writes of one process. */
export class Writer {
  readonly #connection: Connection;
  readonly #layout: Layout;
  readonly #onCommit: () => void;
  readonly #queue = new WriteQueue((jobs) => this.#runGroup(jobs));
  /** Transactions that will have savepoints. */
  #careful = 0;
  /** Whether the job that runs has changed anything. */
  #hasWritten = false;

  constructor(connection: Connection, layout: Layout, onCommit: () => void) {
    this.#connection = connection;
    this.#layout = layout;
    this.#onCommit = onCommit;
  }

  /** Runs work in the next transaction; resolves when it is committed. */
  write<T>(work: (write: Write) => Work<T>, options?: WriteOptions): Promise<T> {
    return this.#queue.write(work, options);
  }

  /** Resolves when nothing is left to write. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async #runGroup(jobs: Job[]): Promise<void> {
    const milliseconds = await this.#group(jobs);
    if (milliseconds > 0) await pause(milliseconds);
  }

  /** One transaction. @returns how long others should have their turn, in milliseconds */
  async #group(jobs: Job[]): Promise<number> {
    let hasWaited = false;
    let begunAt = performance.now();
    const taken: Job[] = [];
    try {
      hasWaited = await this.#whileBusy("BEGIN IMMEDIATE");
      begunAt = performance.now();
      const before = this.#readSeq();
      const { seq, outcomes } = await this.#runJobs(jobs, taken, before);
      await this.#whileBusy("COMMIT");
      for (const [job, outcome] of outcomes) job.settle(outcome);
      if (seq > before) this.#onCommit();
    } catch (error) {
      this.#rollback();
      if (error instanceof BeginAnew) {
        jobs.unshift(...taken);
        this.#careful = CAREFUL;
        return 0;
      }
      // Before the transaction began, nothing was taken out of the queue.
      const failed = taken.length > 0 ? taken : jobs.splice(0);
      const problem = isBusy(error) ? new Problem("busy", {}, { cause: error }) : storageProblem(error);
      for (const job of failed) job.settle({ isDone: false, problem });
    }
    if (performance.now() - begunAt > TURN) return LONG_PAUSE;
    return hasWaited || taken.length > 1 ? PAUSE : 0;
  }

  async #runJobs(
    jobs: Job[],
    taken: Job[],
    before: number,
  ): Promise<{ readonly seq: number; readonly outcomes: ReadonlyMap<Job, Outcome> }> {
    let seq = before;
    let isCareful = this.#careful > 0;
    if (isCareful) this.#careful -= 1;
    const outcomes = new Map<Job, Outcome>();
    for (const job of takeJobs(jobs, taken, LONGEST_GROUP)) {
      const isFirst = taken.length === 1;
      // Alone it is all that can be undone.
      const isAlone = isFirst && jobs.length === 0;
      // What cannot begin anew is not put at risk by those that follow.
      isCareful ||= !job.isRepeatable;
      const isSaved = isCareful && !isAlone;
      if (isSaved) this.#connection.control("SAVEPOINT job");
      this.#hasWritten = false;
      try {
        const { value, hasChanged } = await this.#runInTurns(runJob(job, seq + 1, this.#layout, isFirst));
        if (isSaved) this.#connection.control("RELEASE job");
        if (hasChanged) seq += 1;
        outcomes.set(job, { isDone: true, value });
      } catch (error) {
        if (isAlone) throw error;
        if (isSaved) this.#undo(error);
        else if (this.#hasWritten || !isRefusal(error)) throw new BeginAnew();
        if (error instanceof LongJob) {
          putBack(jobs, taken);
          break;
        }
        outcomes.set(job, { isDone: false, problem: storageProblem(error) });
      }
    }
    return { seq, outcomes };
  }

  /**
   * Whoever else uses the connection does so before the turn is over in which a write of theirs was settled, and no other has begun: so the
   * transaction is the same one behind each turn.
   */
  async #runInTurns<T>(work: Work<T>): Promise<T> {
    let endsAt = performance.now() + TURN;
    let step = work.next();
    while (step.done !== true) {
      this.#hasWritten ||= !isReading(step.value.name);
      step = work.next(this.#connection.call(step.value));
      if (performance.now() < endsAt) continue;
      await nextTurn();
      endsAt = performance.now() + TURN;
    }
    return step.value;
  }

  /** SQLite itself may have ended the transaction, for want of room; then the whole group has failed. */
  #undo(error: unknown): void {
    try {
      this.#connection.control("ROLLBACK TO job");
      this.#connection.control("RELEASE job");
    } catch {
      throw error;
    }
  }

  #readSeq(): number {
    const { seq } = this.#connection.call(LAST_SEQ) as { readonly seq: number }; // its column
    return seq;
  }

  #rollback(): void {
    try {
      this.#connection.control("ROLLBACK");
    } catch {
      // There is no transaction any more.
    }
  }

  /** @returns whether it had to wait */
  async #whileBusy(sql: string): Promise<boolean> {
    const givesUpAt = performance.now() + PATIENCE;
    for (let attempt = 0; ; attempt += 1) {
      try {
        this.#connection.control(sql);
        return attempt > 0;
      } catch (error) {
        if (!isBusy(error) || performance.now() > givesUpAt) throw error;
        await pause(Math.random() * RETRY);
      }
    }
  }
}

/** Any other error may have ended the transaction. */
function isRefusal(error: unknown): boolean {
  return error instanceof Problem || error instanceof LongJob;
}
