// Group commit, as for SQLite: all writes that came meanwhile go into one transaction, each in a savepoint of its own. The writers of all
// machines take one lock before they read anything. So every write sees the newest state, the numbers of writes have no gaps, and there is
// neither a deadlock nor a transaction that would have to be repeated.
import { setImmediate as nextTurn } from "node:timers/promises";
import { Problem } from "../../problem.ts";
import type { Layout } from "../build.ts";
import { logChanges } from "../change-log.ts";
import type { Change, Write } from "../change-tree.ts";
import type { Work } from "../work.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { postgresProblem } from "./postgres-error.ts";

/** Milliseconds that a transaction takes writes in. */
const LONGEST_GROUP = 30;
const MOST_IN_GROUP = 256;
/** Connections that are tried for one group: the first may have been lost while nobody used it. */
const ATTEMPTS = 2;

interface Job {
  readonly work: (write: Write) => Work<unknown>;
  readonly settle: (outcome: Outcome) => void;
}

type Outcome = { readonly isDone: true; readonly value: unknown } | { readonly isDone: false; readonly error: unknown };

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
  #connection: PostgresConnection | null = null;
  #queue: Job[] = [];
  #running: Promise<void> | null = null;

  constructor(connect: () => Promise<PostgresConnection>, layout: Layout, brackets: Brackets, onCommit: () => void) {
    this.#connect = connect;
    this.#layout = layout;
    this.#brackets = brackets;
    this.#onCommit = onCommit;
  }

  /** Runs work in the next transaction; resolves when it is committed. */
  write<T>(work: (write: Write) => Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        work,
        settle: (outcome) => {
          if (outcome.isDone) resolve(outcome.value as T); // what this work returned
          else reject(postgresProblem(outcome.error));
        },
      });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when nothing is left to write. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** Ends, when nothing is left to write. */
  async close(): Promise<void> {
    await this.idle();
    this.#drop();
  }

  async #drain(): Promise<void> {
    // What arrives in this turn of the event loop goes along.
    await nextTurn();
    while (this.#queue.length > 0) await this.#group();
    this.#running = null;
  }

  async #group(): Promise<void> {
    const settled: [Job, Outcome][] = [];
    try {
      const { connection, seq: before } = await this.#begin();
      const seq = await this.#runJobs(connection, before, settled);
      await this.#commit(connection, seq > before);
      for (const [job, outcome] of settled) job.settle(outcome);
      if (seq > before) this.#onCommit();
    } catch (error) {
      // Before the transaction began, nothing was taken out of the queue.
      const failed = settled.length > 0 ? settled.map(([job]) => job) : this.#queue.splice(0);
      for (const job of failed) job.settle({ isDone: false, error });
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

  async #runJobs(connection: PostgresConnection, before: number, settled: [Job, Outcome][]): Promise<number> {
    let seq = before;
    const endsAt = performance.now() + LONGEST_GROUP;
    do {
      const job = this.#queue.shift();
      if (job === undefined) break;
      const entry: [Job, Outcome] = [job, { isDone: false, error: undefined }];
      settled.push(entry);
      const changes: Change[] = [];
      await connection.control("SAVEPOINT job");
      try {
        const value = await connection.run(job.work({ seq: seq + 1, layout: this.#layout, changes }));
        if (changes.length > 0) await connection.run(logChanges(seq + 1, changes));
        await connection.control("RELEASE job");
        if (changes.length > 0) seq += 1;
        entry[1] = { isDone: true, value };
      } catch (error) {
        if (connection.isLost) throw error;
        await connection.control("ROLLBACK TO job; RELEASE job");
        entry[1] = { isDone: false, error };
      }
    } while (settled.length < MOST_IN_GROUP && performance.now() < endsAt);
    return seq;
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
