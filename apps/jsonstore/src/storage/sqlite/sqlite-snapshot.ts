// One state of the file, on a connection of its own.
import type { Snapshot } from "../store.ts";
import { textPieces } from "../text-pieces.ts";
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

  pieces(work: (emit: (piece: string) => void) => Work<void>): AsyncGenerator<string, void> {
    return textPieces(
      work,
      (call) => this.#answer(call),
      () => this.#isClosed,
    );
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
