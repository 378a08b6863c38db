// Hears of the writes of other processes and machines. While the connection is lost nothing is heard; so those who watch look once more
// when there is a new one.
import type { Client } from "pg";

/** Milliseconds until the next attempt to connect: at first, and at most. */
const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 5000;

/** Listens on one channel. */
export class ChangeListener {
  readonly #newClient: () => Client;
  readonly #channel: string;
  readonly #onChange: () => void;
  #client: Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pause = SHORTEST_PAUSE;
  #isOver = false;

  /** @param newClient - makes a client that is not connected yet */
  constructor(newClient: () => Client, channel: string, onChange: () => void) {
    this.#newClient = newClient;
    this.#channel = channel;
    this.#onChange = onChange;
  }

  /** Begins. */
  start(): void {
    void this.#connect();
  }

  /** Ends; resolves when the connection is closed. */
  async stop(): Promise<void> {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const client = this.#newClient();
    this.#client = client;
    // Without this one an error would end the process; `end` follows.
    client.on("error", () => {});
    client.once("end", () => this.#again());
    client.on("notification", () => this.#onChange());
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#channel}`);
      this.#pause = SHORTEST_PAUSE;
      // What was written before it listened.
      this.#onChange();
    } catch {
      await client.end().catch(() => {});
      this.#again();
    }
  }

  #again(): void {
    if (this.#isOver || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#connect();
    }, this.#pause);
    this.#timer.unref();
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
  }
}
