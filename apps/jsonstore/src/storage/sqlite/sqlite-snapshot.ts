// One state of the file, on a connection of its own.
import { Problem } from "../../problem.ts";
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
  #isGivenUp = false;
  #isEnded = false;

  constructor(connection: Connection, onClose: (isSound: boolean) => void) {
    this.#connection = connection;
    this.#onClose = onClose;
    connection.control("BEGIN");
  }

  read<T>(work: () => Work<T>): T {
    this.#check();
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

  /** Lets the state go, though somebody reads it: they get an error, and not the rest of another state. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#end();
  }

  #answer(call: Call): unknown {
    this.#check();
    try {
      return this.#connection.call(call);
    } catch (error) {
      throw storageProblem(error);
    }
  }

  #check(): void {
    if (this.#isGivenUp) throw new Problem("busy", { detail: "This was read too slowly while others wrote too much" });
  }

  close(): void {
    this.#isClosed = true;
    this.#end();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    try {
      this.#connection.control("COMMIT");
      this.#onClose(true);
    } catch {
      this.#onClose(false);
    }
  }
}
