// Checks passwords on threads of their own: the formats are slow on purpose, and guessing passwords must not stop the event
// loop for everybody else. Few threads and a short queue, so that guessing takes a bounded part of the machine, and no memory.
// An idle thread keeps no process alive; one that checks does, because somebody waits for its answer.
import { Worker } from "node:worker_threads";
import { PasswordQueueFull } from "../errors.ts";
import { costOf, NO_COST, verifyPassword } from "./password-hash.ts";

/** What a thread is asked. */
export interface PasswordJob {
  readonly password: string;
  /** Null when there is no such user: then no password is right. */
  readonly hash: string | null;
  /** Hashes that are checked too when the password is wrong, so that the time says nothing about the user. */
  readonly decoys: readonly string[];
}

interface WaitingJob {
  readonly job: PasswordJob;
  readonly isWanted: () => boolean;
  readonly resolve: (isRight: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Each worker process has these for itself. */
const MOST_THREADS = 2;
const MOST_WAITING = 16;
/** About what a full queue takes with bcrypt of the usual cost. */
const RETRY_AFTER_SECONDS = 2;

/** Threads that check passwords, and the jobs that wait for one. */
class PasswordThreads {
  #waiting: WaitingJob[] = [];
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, WaitingJob>();

  /** @throws PasswordQueueFull when too many wait already, or nobody wants to know any more before its turn has come */
  check(job: PasswordJob, isWanted: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const asked = { job, isWanted, resolve, reject };
      if (this.#busy.size < MOST_THREADS) {
        this.#begin(asked);
        return;
      }
      this.#dropUnwanted();
      if (this.#waiting.length < MOST_WAITING) this.#waiting.push(asked);
      else reject(new PasswordQueueFull(RETRY_AFTER_SECONDS));
    });
  }

  /** Clients that have left take no place of those that wait. */
  #dropUnwanted(): void {
    const unwanted = this.#waiting.filter(({ isWanted }) => !isWanted());
    if (unwanted.length === 0) return;
    this.#waiting = this.#waiting.filter((each) => !unwanted.includes(each));
    for (const { reject } of unwanted) reject(new PasswordQueueFull(RETRY_AFTER_SECONDS));
  }

  /** Gives the next job to a thread, if there is one of either. */
  #next(): void {
    if (this.#busy.size >= MOST_THREADS) return;
    this.#dropUnwanted();
    const next = this.#waiting.shift();
    if (next !== undefined) this.#begin(next);
  }

  #begin(next: WaitingJob): void {
    try {
      const thread = this.#idle.pop() ?? this.#start();
      this.#busy.set(thread, next);
      thread.ref();
      thread.postMessage(next.job, []);
    } catch (error) {
      next.reject(error);
      this.#next();
    }
  }

  #start(): Worker {
    // Sources that were not built are TypeScript, which Node 20 reads only with help.
    const isSource = import.meta.url.endsWith(".ts");
    const execArgv = isSource ? ["--import", import.meta.resolve("jiti/register")] : [];
    const file = new URL(isSource ? "./password-thread.ts" : "./password-thread.js", import.meta.url);
    const thread = new Worker(file, { execArgv });
    let failure = new Error("The thread that checked a password has ended");
    thread.on("message", (isRight: boolean) => {
      const done = this.#busy.get(thread);
      this.#busy.delete(thread);
      this.#idle.push(thread);
      thread.unref();
      this.#next();
      done?.resolve(isRight);
    });
    thread.on("error", (error) => (failure = error));
    thread.on("exit", () => {
      const isIdle = this.#idle.indexOf(thread);
      if (isIdle !== -1) this.#idle.splice(isIdle, 1);
      this.#busy.get(thread)?.reject(failure);
      this.#busy.delete(thread);
      this.#next();
    });
    return thread;
  }
}

const threads = new PasswordThreads();

/**
 * Checks a password without holding up anybody: on a thread, unless all hashes are checked in no time.
 *
 * @param isWanted - asked while the check waits for its turn; one that nobody wants any more is dropped
 * @returns whether it is right
 * @throws PasswordQueueFull when too many wait already, or the check was dropped
 */
export function checkPassword(job: PasswordJob, isWanted: () => boolean): boolean | Promise<boolean> {
  const { password, hash, decoys } = job;
  const isSlow = [...(hash === null ? [] : [hash]), ...decoys].some((each) => costOf(each) !== NO_COST);
  return isSlow ? threads.check(job, isWanted) : hash !== null && verifyPassword(password, hash);
}
