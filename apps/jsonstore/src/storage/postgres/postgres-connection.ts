// One connection to the server, with its prepared statements.
import type { ClientBase } from "pg";
import type { StatementName } from "../statements.ts";
import type { Call, Parameter, Work } from "../work.ts";
import { isConnectionLost } from "./postgres-error.ts";
import { LISTS, POSTGRES_STATEMENTS } from "./postgres-statements.ts";

/** A connection. */
export class PostgresConnection {
  readonly #client: ClientBase;
  readonly #onRelease: (isLost: boolean) => void;
  #isLost = false;

  /** @param onRelease - takes the client back */
  constructor(client: ClientBase, onRelease: (isLost: boolean) => void = () => {}) {
    this.#client = client;
    this.#onRelease = onRelease;
    client.on("error", this.#lose);
  }

  /** Whether it is of no more use. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Gives the client back to whom it belongs. */
  release(): void {
    this.#client.off("error", this.#lose);
    this.#onRelease(this.#isLost);
  }

  /** Runs statements that answer nothing; several are separated by semicolons. */
  async control(sql: string): Promise<void> {
    await this.#guard(() => this.#client.query(sql));
  }

  /** Runs statements that are not among the store's own. @returns the first row of the last one */
  async ask(sql: string): Promise<unknown> {
    const result: unknown = await this.#guard(() => this.#client.query(sql));
    const last = (Array.isArray(result) ? result.at(-1) : result) as { readonly rows: unknown[] }; // of pg
    return last.rows[0];
  }

  /** Runs work to its end. */
  async run<T>(work: Work<T>): Promise<T> {
    let step = work.next();
    while (step.done !== true) step = work.next(await this.call(step.value));
    return step.value;
  }

  async call({ name, wants, values, list }: Call): Promise<unknown> {
    if (list !== undefined) return await this.#runEach(name, list);
    const query = { name, text: POSTGRES_STATEMENTS[name], values: [...values] };
    const { rows } = await this.#guard(() => this.#client.query<Record<string, unknown>>(query));
    return wants === "row" ? rows[0] : rows;
  }

  async #runEach(name: StatementName, list: readonly (readonly Parameter[])[]): Promise<void> {
    const text = LISTS[name];
    if (text === undefined) {
      for (const values of list) await this.call({ name, wants: "nothing", values });
      return;
    }
    const columns = (list[0] ?? []).map((_, column) => list.map((row) => row[column]));
    await this.#guard(() => this.#client.query({ name: `${name}s`, text, values: columns }));
  }

  async #guard<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (error) {
      if (isConnectionLost(error)) this.#isLost = true;
      throw error;
    }
  }

  readonly #lose = (): void => {
    this.#isLost = true;
  };
}
