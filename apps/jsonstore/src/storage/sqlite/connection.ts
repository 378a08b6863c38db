// One connection to the file, with its prepared statements. It keeps the database: @photostructure/sqlite 1.2.1 crashes when a database
// is collected while its statements live.
import { STATEMENTS, type StatementName } from "../statements.ts";
import type { Glance } from "../store.ts";
import type { Call, Parameter, Work } from "../work.ts";
import type { SqliteClass, SqliteDatabase, SqliteStatement } from "./database-class.ts";

/** What makes a write safe against: the death of a process, or of the machine too. */
export type Durability = "process" | "power";

/** Bytes of the log that stay when it is empty. */
const KEPT_LOG = 64 * 1024 * 1024;
/** Rows of one statement, where there are many. */
const ROWS = 16;

/** A connection. */
export class Connection {
  readonly #database: SqliteDatabase;
  readonly #statements: Partial<Record<StatementName, SqliteStatement>> = {};
  readonly #several: Partial<Record<StatementName, SqliteStatement>> = {};
  #isLong = false;
  readonly #controls = new Map<string, SqliteStatement>();

  constructor(databaseClass: SqliteClass, path: string, durability: Durability) {
    this.#database = new databaseClass(path);
    // Two that open at once wait for each other here, and for one that recovers the file after a crash.
    this.exec("PRAGMA busy_timeout = 5000");
    this.exec("PRAGMA journal_mode = WAL");
    this.exec(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
    // The log is cut to this when it begins anew, if it has grown while somebody kept an old state.
    this.exec(`PRAGMA journal_size_limit = ${KEPT_LOG}`);
    this.exec("PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384");
  }

  /** Milliseconds that a statement waits for a lock, with the process. */
  setBusyTimeout(milliseconds: number): void {
    this.exec(`PRAGMA busy_timeout = ${milliseconds}`);
  }

  /** The file does not grow beyond so many bytes. */
  limitSize(bytes: number): void {
    const { page_size: size } = this.ask("PRAGMA page_size") as { readonly page_size: number }; // its column
    this.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(bytes / size))}`);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Runs a statement that is not among the store's own. */
  ask(sql: string): unknown {
    return this.#database.prepare(sql).get();
  }

  /** Runs work to its end. */
  run<T>(work: Work<T>): T {
    let step = work.next();
    while (step.done !== true) step = work.next(this.call(step.value));
    return step.value;
  }

  /**
   * Runs work that sees one state of the file. One statement does so by itself; work that turns out to need more begins again in a
   * transaction, and the next one is expected to need it too.
   */
  snapshot<T>(work: () => Work<T>, glance?: Glance<T>): T {
    if (!this.#isLong) {
      if (glance !== undefined) {
        const seen = glance.see(this.call(glance.call));
        if (seen !== null) return seen;
      } else {
        const steps = work();
        let step = steps.next();
        if (step.done !== true) step = steps.next(this.call(step.value));
        if (step.done === true) return step.value;
      }
    }
    return this.#transaction(work());
  }

  #transaction<T>(work: Work<T>): T {
    let statements = 0;
    this.control("BEGIN");
    try {
      let step = work.next();
      for (; step.done !== true; statements += 1) step = work.next(this.call(step.value));
      this.#isLong = statements > 1;
      return step.value;
    } finally {
      this.control("COMMIT");
    }
  }

  /** Begins and ends transactions and savepoints. */
  control(sql: string): void {
    let statement = this.#controls.get(sql);
    if (statement === undefined) this.#controls.set(sql, (statement = this.#database.prepare(sql)));
    statement.run();
  }

  call({ name, wants, values, list }: Call): unknown {
    if (list !== undefined) return this.#runEach(name, list);
    const statement = (this.#statements[name] ??= this.#database.prepare(STATEMENTS[name]));
    if (wants === "row") return statement.get(...values);
    if (wants === "rows") return statement.all(...values);
    statement.run(...values);
    return undefined;
  }

  /** With several rows in one statement as long as there are enough. */
  #runEach(name: StatementName, list: readonly (readonly Parameter[])[]): void {
    const sql = STATEMENTS[name];
    const [first = []] = list;
    const row = `(${first.map(() => "?").join(", ")})`;
    let at = 0;
    if (list.length >= ROWS && sql.endsWith(row)) {
      const several = (this.#several[name] ??= this.#database.prepare(sql + `, ${row}`.repeat(ROWS - 1)));
      for (; at + ROWS <= list.length; at += ROWS) several.run(...list.slice(at, at + ROWS).flat());
    }
    for (const values of list.slice(at)) this.call({ name, wants: "nothing", values });
  }

  close(): void {
    this.#database.close();
  }
}
