// The states of the file that are kept for those who read for long. While one is kept, the write-ahead log cannot begin anew: it grows with each
// write, of this process or another, as long as the slowest reader likes. So a state is given up when the log has grown too much since it began.
// Source: https://sqlite.org/wal.html, "Avoiding Excessively Large WAL Files"
import { statSync } from "node:fs";
import { Problem } from "../../problem.ts";
import type { Connection } from "./connection.ts";
import { SqliteSnapshot } from "./sqlite-snapshot.ts";

/** Snapshots that may be open at once. */
const MOST = 64;
/** Connections that are kept for the next one. */
const SPARE = 2;
/** Milliseconds between two looks at the log: others write too. */
const LOOK = 1000;

/** Keeps the snapshots of one store. */
export class Snapshots {
  readonly #connect: () => Connection;
  readonly #log: string;
  readonly #mostGrowth: number;
  /** With the bytes of the log when each began. */
  readonly #open = new Map<SqliteSnapshot, number>();
  readonly #spare: Connection[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /**
   * @param connect - opens a connection
   * @param path - of the file
   * @param mostGrowth - bytes that the log may grow by while a snapshot is open
   */
  constructor(connect: () => Connection, path: string, mostGrowth: number) {
    this.#connect = connect;
    this.#log = `${path}-wal`;
    this.#mostGrowth = mostGrowth;
  }

  /** @throws Problem when there are too many */
  open(): SqliteSnapshot {
    if (this.#open.size >= MOST) throw new Problem("too-many-readers");
    const connection = this.#spare.pop() ?? this.#connect();
    const snapshot: SqliteSnapshot = new SqliteSnapshot(connection, (isSound) => {
      this.#open.delete(snapshot);
      this.#setTimer();
      if (isSound && this.#spare.length < SPARE && !this.#isClosed) this.#spare.push(connection);
      else connection.close();
    });
    this.#open.set(snapshot, this.#logSize());
    this.#setTimer();
    return snapshot;
  }

  /** Gives up those during which the log has grown too much. */
  look(): void {
    if (this.#open.size === 0) return;
    const size = this.#logSize();
    for (const [snapshot, before] of this.#open) if (size - before > this.#mostGrowth) snapshot.giveUp();
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#spare.splice(0)) connection.close();
  }

  #logSize(): number {
    return statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0;
  }

  #setTimer(): void {
    if (this.#open.size > 0) {
      this.#timer ??= setInterval(() => this.look(), LOOK).unref();
    } else if (this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }
}
