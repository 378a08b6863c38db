// What the API needs of a database.
import type { Write } from "./change-tree.ts";
import type { Call, Work } from "./work.ts";

/** A value that lies in rows of its own already, and is not yet part of the document. */
export interface Staged {
  /** What a row holds for it. */
  readonly value: string;
  /** What keeps it from the sweeper. */
  readonly staging: number;
}

/** How a write runs. */
export interface WriteOptions {
  /** Whether the work may begin anew in another transaction, when others of the first would have to wait for it. @default true */
  readonly isRepeatable?: boolean;
}

/** How a text is laid out. */
export interface StageOptions {
  /** Is told how much is laid out, from 0 to 1; what it throws ends the work. */
  readonly onProgress?: (part: number) => void;
}

/** A read that one statement is enough for, most times. */
export interface Glance<T> {
  readonly call: Call;
  /** What the row says; null when it takes more. */
  readonly see: (row: unknown) => T | null;
}

/** One state of the document, kept until it is closed. */
export interface Snapshot {
  read<T>(work: () => Work<T>): T | Promise<T>;
  /** Pieces that some work emits, as they are asked for. */
  pieces(work: (emit: (piece: string) => void) => Work<void>): AsyncGenerator<string, void>;
  close(): void | Promise<void>;
}

/** Transactions on one document. */
export interface Store {
  /** Differs between databases: versions of one say nothing about another. */
  readonly epoch: string;
  /**
   * Runs work that sees one state of the document. It must be short, because others wait, and may begin a second time.
   *
   * @param glance - may be tried first, where statements are answered at once: it spares the steps of the work
   */
  read<T>(work: () => Work<T>, glance?: Glance<T>): T | Promise<T>;
  /** Keeps one state of the document, for what takes longer. */
  snapshot(): Promise<Snapshot>;
  /** Runs work that changes the document; all of it or nothing, and it is safe when the promise resolves. */
  write<T>(work: (write: Write) => Work<T>, options?: WriteOptions): Promise<T>;
  /** Lays a large text out in rows, in many short transactions. */
  stage(text: string, options?: StageOptions): Promise<Staged>;
  /** Removes what is not part of the document, and gives free space back. */
  compact(onRound?: (rounds: number) => void): Promise<void>;
  /** Is told when a write of any process may have happened. @returns a function that ends this */
  watch(listener: () => void): () => void;
  close(): Promise<void>;
}
