// What the arbiter and its workers tell each other: typed JSON over the IPC channel that Node opens between parent and child.
// Source: puma's cluster worker, whose one-letter messages these are in words.
//
// The life of a worker in messages:
//   worker                         arbiter
//   ready ─────────────────────►            the application is loaded and warmed up
//           ◄───────────────────── serve    accept connections (at once for most; a canary is held back until it is stable)
//   serving ───────────────────►            connections are accepted
//   heartbeat, timed-out … ────►            while it lives
//           ◄───────────────────── snapshot, list-requests   somebody wants to see it: it answers with a heartbeat, with requests
//   retire ────────────────────►            it asks for a successor
//           ◄───────────────────── drain    stop accepting, complete requests in progress
//           ◄───────────────────── seal     only when the server stops: accept what is queued, then close the listeners
//   listeners-closed ──────────►            no connection is accepted any more
//   ending ────────────────────►            no requests are left; processes of the application have the rest of the graceful timeout
//   drained ───────────────────►            those have ended; it exits with 0
//
// The application runs in the worker and may send messages of its own on the same channel. Who hears a message checks its shape and
// whether it may come now (message-rules.ts), and ignores all others.
import type { WorkerStats } from "../metrics/worker-stats.ts";

/** Why a worker asks to be replaced. */
export const RETIRE_REASONS = ["max-requests", "age", "memory", "signal", "exception"] as const;
export type RetireReason = (typeof RETIRE_REASONS)[number];

/** Where the boot of a worker failed: before or while the application was loaded. */
export const BOOT_STAGES = ["boot", "app"] as const;
export type BootStage = (typeof BOOT_STAGES)[number];

/**
 * What becomes of a request: `working`: its answer has not begun; `answering`: it has, and goes on; `abandoned`: nobody waits for it any
 * more, and the application still works.
 */
export const REQUEST_STATES = ["working", "answering", "abandoned"] as const;

/** A request that a worker is working on. */
export interface RequestInHand {
  readonly ageSeconds: number;
  readonly method: string;
  /** As the client sent it, without the query, which may hold secrets; cut when it is long. */
  readonly path: string;
  readonly state: (typeof REQUEST_STATES)[number];
  /** The Python process that has it; null where none has, or none yet. */
  readonly python: number | null;
  readonly requestId: string;
}

/** At most so many requests a worker lists, and so long their texts are. */
export const LISTED_REQUESTS = 100;
export const LISTED_CHARACTERS = 500;

/** The oldest requests that a worker is working on, and how many more there are. */
export interface RequestsMessage {
  readonly type: "requests";
  readonly requests: readonly RequestInHand[];
  readonly leftOut: number;
}

/** A request that missed its deadline. */
export interface TimedOutMessage {
  readonly type: "timed-out";
  readonly method: string;
  readonly path: string;
  /** Of the request, where it has one; empty otherwise. */
  readonly requestId: string;
  readonly elapsedSeconds: number;
}

/** Boot failed; the worker exits after this. */
export interface BootFailedMessage {
  readonly type: "boot-failed";
  readonly stage: BootStage;
  /** One line for a person. */
  readonly message: string;
  /** More lines, for example a stack; may be empty. */
  readonly detail: string;
  readonly exitCode: number;
  /** The error's stable code; empty when it has none. */
  readonly code: string;
}

/** The application is loaded and warmed up. */
export interface ReadyMessage {
  readonly type: "ready";
  readonly pid: number;
  readonly bootSeconds: number;
  /** What the application was made from beside TypeScript, when somebody watches files. */
  readonly files: readonly string[];
}

/** What a worker says. */
export type WorkerMessage =
  | ReadyMessage
  | { readonly type: "serving" }
  | BootFailedMessage
  | { readonly type: "heartbeat"; readonly stats: WorkerStats }
  | { readonly type: "retire"; readonly reason: RetireReason }
  | { readonly type: "listeners-closed" }
  | { readonly type: "ending" }
  | { readonly type: "drained" }
  | TimedOutMessage
  | RequestsMessage
  /** Dispatch mode: so many connections that were handed over have ended. */
  | { readonly type: "released"; readonly count: number };

/** What the arbiter says. A `connection` comes with the socket as the handle of the message, and the address where it was accepted. */
export type ArbiterMessage =
  | { readonly type: "serve" }
  | DrainMessage
  | SealMessage
  | { readonly type: "reopen-logs" }
  /** Exit now; requests in progress are cut off. */
  | { readonly type: "quit" }
  | { readonly type: "connection"; readonly bind: string }
  /** Send a heartbeat now. */
  | { readonly type: "snapshot" }
  /** Report the requests in progress. */
  | { readonly type: "list-requests" };

/**
 * Accept what is in the listen queues, then close the listeners. `isLast`: nobody else holds them any more but those of the addresses in
 * `kept`, so what is still queued when they close would be lost.
 */
export interface SealMessage {
  readonly type: "seal";
  readonly isLast: boolean;
  readonly kept: readonly string[];
}

/** Complete the requests in progress, then exit. */
export interface DrainMessage {
  readonly type: "drain";
  readonly gracefulSeconds: number;
  /** Time that idle connections stay open, so that a request that is under way on one of them is answered. */
  readonly idleSeconds: number;
  /** True when other processes go on accepting: close the listeners at once. Otherwise go on accepting until `seal`. */
  readonly isQueueKept: boolean;
}
