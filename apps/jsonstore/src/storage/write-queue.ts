// The writes of one process: all that came meanwhile go into one transaction, whatever the database is.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Write } from "./change-tree.ts";
import type { WriteOptions } from "./store.ts";
import type { Work } from "./work.ts";
import type { Job } from "./write-job.ts";

/** Collects writes, and has them run as long as there are any. */
export class WriteQueue {
  readonly #runGroup: (jobs: Job[]) => Promise<void>;
  readonly #jobs: Job[] = [];
  #running: Promise<void> | null = null;

  /** @param runGroup - takes some of the jobs that wait, runs them in one transaction, and settles them; it does not throw */
  constructor(runGroup: (jobs: Job[]) => Promise<void>) {
    this.#runGroup = runGroup;
  }

  /** Runs work in the next transaction; resolves when it is committed. */
  write<T>(work: (write: Write) => Work<T>, { isRepeatable = true }: WriteOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({
        work,
        isRepeatable,
        settle: (outcome) => {
          if (outcome.isDone) resolve(outcome.value as T); // what this work returned
          else reject(outcome.problem);
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
    do {
      // What arrives in this turn of the event loop goes along. A group after the other without one would hold up all others when each write
      // is the answer to the one before, as when a large text is laid out.
      await nextTurn();
      await this.#runGroup(this.#jobs);
    } while (this.#jobs.length > 0);
    this.#running = null;
  }
}
