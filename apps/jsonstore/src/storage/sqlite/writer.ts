// Group commit: all writes that came meanwhile go into one transaction, each in a savepoint of its own, so that one that is refused
// does not undo its neighbours. Nobody is answered before the commit, also not with a refusal: what it saw might not have been true.
//
// SQLite's lock is unfair: whoever has just let it go takes it again. So a worker pauses for a millisecond after a commit that was for
// several, or for which it had to wait; a lone write never waits.
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { Problem } from "../../problem.ts";
import type { Change, Write } from "../change-tree.ts";
import type { Layout } from "../build.ts";
import { logChanges } from "../change-log.ts";
import type { Call, Work } from "../work.ts";
import type { Connection } from "./connection.ts";
import { isBusy, storageProblem } from "./sqlite-error.ts";

/** Milliseconds that a transaction takes writes in. */
const LONGEST_GROUP = 8;
const MOST_IN_GROUP = 256;
/** Milliseconds until a write gives up the lock. */
const PATIENCE = 20_000;
const PAUSE = 1;
const LAST_SEQ: Call = { name: "lastSeq", wants: "row", values: [] };

interface Job {
  readonly work: (write: Write) => Work<unknown>;
  readonly settle: (outcome: Outcome) => void;
}

type Outcome = { readonly isDone: true; readonly value: unknown } | { readonly isDone: false; readonly error: unknown };

/** Writes of one process. */
export class Writer {
  readonly #connection: Connection;
  readonly #layout: Layout;
  readonly #onCommit: (seq: number) => void;
  #queue: Job[] = [];
  #running: Promise<void> | null = null;

  constructor(connection: Connection, layout: Layout, onCommit: (seq: number) => void) {
    this.#connection = connection;
    this.#layout = layout;
    this.#onCommit = onCommit;
  }

  /** Runs work in the next transaction; resolves when it is committed. */
  write<T>(work: (write: Write) => Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        work,
        settle: (outcome) => {
          if (outcome.isDone) resolve(outcome.value as T); // what this work returned
          else reject(outcome.error instanceof Error ? outcome.error : new Error(String(outcome.error)));
        },
      });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when nothing is left to write. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #drain(): Promise<void> {
    // What arrives in this turn of the event loop goes along.
    await nextTurn();
    while (this.#queue.length > 0) {
      const isPauseNeeded = await this.#group();
      if (isPauseNeeded) await pause(PAUSE);
      else if (this.#queue.length > 0) await nextTurn();
    }
    this.#running = null;
  }

  /** One transaction. @returns whether others should have their turn */
  async #group(): Promise<boolean> {
    let hasWaited = false;
    const settled: [Job, Outcome][] = [];
    try {
      hasWaited = await this.#whileBusy("BEGIN IMMEDIATE");
      const before = this.#readSeq();
      const seq = this.#runJobs(before, settled);
      await this.#whileBusy("COMMIT");
      for (const [job, outcome] of settled) job.settle(outcome);
      if (seq > before) this.#onCommit(seq);
    } catch (error) {
      this.#rollback();
      // Before the transaction began, nothing was taken out of the queue.
      const failed = settled.length > 0 ? settled.map(([job]) => job) : this.#queue.splice(0);
      const problem = isBusy(error) ? new Problem("busy", {}, { cause: error }) : storageProblem(error);
      for (const job of failed) job.settle({ isDone: false, error: problem });
    }
    return hasWaited || settled.length > 1;
  }

  #runJobs(before: number, settled: [Job, Outcome][]): number {
    let seq = before;
    const endsAt = performance.now() + LONGEST_GROUP;
    do {
      const job = this.#queue.shift();
      if (job === undefined) break;
      const entry: [Job, Outcome] = [job, { isDone: false, error: undefined }];
      // Alone it is all that can be undone.
      const isAlone = settled.length === 0 && this.#queue.length === 0;
      settled.push(entry);
      const changes: Change[] = [];
      if (!isAlone) this.#connection.control("SAVEPOINT job");
      try {
        const value = this.#connection.run(job.work({ seq: seq + 1, layout: this.#layout, changes }));
        if (changes.length > 0) this.#connection.run(logChanges(seq + 1, changes));
        if (!isAlone) this.#connection.control("RELEASE job");
        if (changes.length > 0) seq += 1;
        entry[1] = { isDone: true, value };
      } catch (error) {
        if (isAlone) throw error;
        this.#undo(error);
        entry[1] = { isDone: false, error: storageProblem(error) };
      }
    } while (settled.length < MOST_IN_GROUP && performance.now() < endsAt);
    return seq;
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
        await pause(Math.random() * 3);
      }
    }
  }
}
