// One state of the document, on a connection of its own.
import type { Snapshot } from "../store.ts";
import { textPieces } from "../text-pieces.ts";
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

  pieces(work: (emit: (piece: string) => void) => Work<void>): AsyncGenerator<string, void> {
    return textPieces(
      work,
      (call) => this.#alone(() => this.#connection.call(call)),
      () => this.#isClosed,
    );
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
