// Work on the tables is written once, as generators that yield statements; a database runs them. SQLite answers at once, so that a read is
// synchronous there and nothing comes between its statements, while a long write has turns; PostgreSQL answers later.
import type { StatementName } from "./statements.ts";

/** What a parameter of a statement may be. */
export type Parameter = string | number | null;

/** One statement to run. */
export interface Call {
  readonly name: StatementName;
  /** What is wanted back: one row, all rows, or nothing; `each` is nothing, several times. */
  readonly wants: "row" | "rows" | "nothing" | "each";
  readonly values: readonly Parameter[];
  /** For `each`: the statement is run for each of these. */
  readonly list?: readonly (readonly Parameter[])[];
}

/** Steps that end in a value. */
export type Work<T> = Generator<Call, T, unknown>;

/** Asks for one row. The caller names its type, which is that of the statement's columns. */
export function* row<Row>(name: StatementName, ...values: Parameter[]): Work<Row | undefined> {
  return (yield { name, wants: "row", values }) as Row | undefined;
}

/** Asks for one row that a statement always gives. */
export function* oneRow<Row>(name: StatementName, ...values: Parameter[]): Work<Row> {
  return (yield { name, wants: "row", values }) as Row;
}

/** Asks for all rows. */
export function* rows<Row>(name: StatementName, ...values: Parameter[]): Work<readonly Row[]> {
  return (yield { name, wants: "rows", values }) as readonly Row[];
}

/** Runs a statement for its effect. */
export function* run(name: StatementName, ...values: Parameter[]): Work<void> {
  yield { name, wants: "nothing", values };
}

/** Runs a statement for each of some lists of parameters. */
export function* runEach(name: StatementName, list: readonly (readonly Parameter[])[]): Work<void> {
  if (list.length > 0) yield { name, wants: "each", values: [], list };
}
