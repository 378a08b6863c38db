// One state of the document, on a connection of its own.
import { PieceBuffer } from "../piece-buffer.ts";
import type { Snapshot } from "../store.ts";
import type { Work } from "../work.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { postgresProblem } from "./postgres-error.ts";

/** Begins a transaction that sees one state. */
export const BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/** Keeps a read transaction open. */
export class PostgresSnapshot implements Snapshot {
  readonly #connection: PostgresConnection;
  readonly #onClose: () => void;
  #isClosed = false;
  /** What is under way; the transaction ends behind it. */
  #running: Promise<unknown> = Promise.resolve();

  /** @param onClose - takes the connection back */
  constructor(connection: PostgresConnection, onClose: () => void) {
    this.#connection = connection;
    this.#onClose = onClose;
  }

  async read<T>(work: () => Work<T>): Promise<T> {
    return await this.#alone(() => this.#connection.run(work()));
  }

  async *pieces(work: (emit: (piece: string) => void) => Work<void>): AsyncGenerator<string, void> {
    const buffer = new PieceBuffer();
    const steps = work((piece) => buffer.add(piece));
    let step = steps.next();
    for (;;) {
      while (step.done !== true && !buffer.isFull && !this.#isClosed) {
        const { value } = step;
        const answer = await this.#alone(() => this.#connection.call(value));
        step = steps.next(answer);
      }
      if (this.#isClosed) return;
      const text = buffer.take();
      if (text !== "") yield text;
      if (step.done === true) return;
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#running;
    try {
      if (!this.#connection.isLost) await this.#connection.control("COMMIT");
    } catch {
      // It has changed nothing.
    }
    this.#onClose();
  }

  async #alone<T>(query: () => Promise<T>): Promise<T> {
    const running = query();
    this.#running = running.catch(() => {});
    try {
      return await running;
    } catch (error) {
      throw postgresProblem(error);
    }
  }
}
