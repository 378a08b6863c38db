// One state of the file, on a connection of its own.
import { PieceBuffer } from "../piece-buffer.ts";
import type { Snapshot } from "../store.ts";
import type { Call, Work } from "../work.ts";
import type { Connection } from "./connection.ts";
import { storageProblem } from "./sqlite-error.ts";

/** Keeps a read transaction open. */
export class SqliteSnapshot implements Snapshot {
  readonly #connection: Connection;
  readonly #onClose: (isSound: boolean) => void;
  #isClosed = false;

  constructor(connection: Connection, onClose: (isSound: boolean) => void) {
    this.#connection = connection;
    this.#onClose = onClose;
    connection.control("BEGIN");
  }

  read<T>(work: () => Work<T>): T {
    try {
      return this.#connection.run(work());
    } catch (error) {
      throw storageProblem(error);
    }
  }

  async *pieces(work: (emit: (piece: string) => void) => Work<void>): AsyncGenerator<string, void> {
    const buffer = new PieceBuffer();
    const steps = work((piece) => buffer.add(piece));
    let step = steps.next();
    for (;;) {
      while (step.done !== true && !buffer.isFull && !this.#isClosed) {
        step = steps.next(this.#answer(step.value));
      }
      if (this.#isClosed) return;
      const text = buffer.take();
      if (text !== "") yield text;
      if (step.done === true) return;
    }
  }

  #answer(call: Call): unknown {
    try {
      return this.#connection.call(call);
    } catch (error) {
      throw storageProblem(error);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#connection.control("COMMIT");
      this.#onClose(true);
    } catch {
      this.#onClose(false);
    }
  }
}
