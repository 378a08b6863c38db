// Group commit: all writes that came meanwhile go into one transaction, each in a savepoint of its own. The writers of all
// machines take one lock before they read anything. So every write sees the newest state, the numbers of writes have no gaps, and there is
// neither a deadlock nor a transaction that would have to be repeated.
import { Problem } from "../../problem.ts";
import type { Layout } from "../build.ts";
import type { Write } from "../change-tree.ts";
import type { WriteOptions } from "../store.ts";
import type { Work } from "../work.ts";
import { LongJob, putBack, runJob, takeJobs, type Job, type Outcome } from "../write-job.ts";
import { WriteQueue } from "../write-queue.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { postgresProblem } from "./postgres-error.ts";

/** Milliseconds that a transaction takes writes in. */
const LONGEST_GROUP = 30;
/** Connections that are tried for one group: the first may have been lost while nobody used it. */
const ATTEMPTS = 2;

/** SQL around the writes of a group. */
export interface Brackets {
  /** Begins, takes the lock, and asks for the number of the last write. */
  readonly begin: string;
  /** Tells the other processes, and commits. */
  readonly commit: string;
}

/** Writes of one process. */
export class PostgresWriter {
  readonly #connect: () => Promise<PostgresConnection>;
  readonly #layout: Layout;
  readonly #brackets: Brackets;
  readonly #onCommit: () => void;
  readonly #queue = new WriteQueue((jobs) => this.#group(jobs));
  #connection: PostgresConnection | null = null;

  constructor(connect: () => Promise<PostgresConnection>, layout: Layout, brackets: Brackets, onCommit: () => void) {
    this.#connect = connect;
    this.#layout = layout;
    this.#brackets = brackets;
    this.#onCommit = onCommit;
  }

  /** Runs work in the next transaction; resolves when it is committed. */
  write<T>(work: (write: Write) => Work<T>, options?: WriteOptions): Promise<T> {
    return this.#queue.write(work, options);
  }

  /** Ends, when nothing is left to write. */
  async close(): Promise<void> {
    await this.#queue.idle();
    this.#drop();
  }

  async #group(jobs: Job[]): Promise<void> {
    const taken: Job[] = [];
    try {
      const { connection, seq: before } = await this.#begin();
      const { seq, outcomes } = await this.#runJobs(connection, jobs, taken, before);
      await this.#commit(connection, seq > before);
      for (const [job, outcome] of outcomes) job.settle(outcome);
      if (seq > before) this.#onCommit();
    } catch (error) {
      // Before the transaction began, nothing was taken out of the queue.
      const failed = taken.length > 0 ? taken : jobs.splice(0);
      const problem = postgresProblem(error);
      for (const job of failed) job.settle({ isDone: false, problem });
      await this.#rollback();
    }
  }

  async #begin(): Promise<{ readonly connection: PostgresConnection; readonly seq: number }> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.#connection?.isLost !== false) this.#drop();
      const connection = (this.#connection ??= await this.#connect());
      try {
        const { seq } = (await connection.ask(this.#brackets.begin)) as { readonly seq: number }; // its column
        return { connection, seq };
      } catch (error) {
        if (!connection.isLost || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #runJobs(
    connection: PostgresConnection,
    jobs: Job[],
    taken: Job[],
    before: number,
  ): Promise<{ readonly seq: number; readonly outcomes: ReadonlyMap<Job, Outcome> }> {
    let seq = before;
    const outcomes = new Map<Job, Outcome>();
    for (const job of takeJobs(jobs, taken, LONGEST_GROUP)) {
      await connection.control("SAVEPOINT job");
      try {
        const { value, hasChanged } = await connection.run(runJob(job, seq + 1, this.#layout, taken.length === 1));
        await connection.control("RELEASE job");
        if (hasChanged) seq += 1;
        outcomes.set(job, { isDone: true, value });
      } catch (error) {
        if (connection.isLost) throw error;
        await connection.control("ROLLBACK TO job; RELEASE job");
        if (error instanceof LongJob) {
          putBack(jobs, taken);
          break;
        }
        outcomes.set(job, { isDone: false, problem: postgresProblem(error) });
      }
    }
    return { seq, outcomes };
  }

  async #commit(connection: PostgresConnection, hasChanged: boolean): Promise<void> {
    try {
      await connection.control(hasChanged ? this.#brackets.commit : "COMMIT");
    } catch (error) {
      if (!connection.isLost) throw error;
      const detail = "The connection was lost during the commit: the change may have been made";
      throw new Problem("storage-unreachable", { detail }, { cause: error });
    }
  }

  async #rollback(): Promise<void> {
    const connection = this.#connection;
    if (connection === null) return;
    try {
      if (!connection.isLost) return await connection.control("ROLLBACK");
    } catch {
      // A connection whose state is not known is not used again.
    }
    return this.#drop();
  }

  #drop(): void {
    this.#connection?.release();
    this.#connection = null;
  }
}
