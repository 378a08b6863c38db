// A connection to an upstream, and one of a client, that have gone over to another protocol: bytes in both directions until one side ends.
// Source: RFC 9110 section 7.8; HAProxy's "timeout tunnel" for the time of silence.
import type { Ticker } from "../../http/ticker.ts";
import { nextChunk } from "../../wsgi/input-stream.ts";
import type { InputStream, WSGIBody } from "../../wsgi/types.ts";
import { BodyQueue, type BodyWriter } from "../body-queue.ts";
import type { PoolSettings } from "./pool-options.ts";
import type { ConnectionUser, UpstreamConnection } from "./upstream-connection.ts";

/** Most bytes that are read of the client at once. */
const CHUNK_BYTES = 65_536;
const NEVER = Number.POSITIVE_INFINITY;

/** How long a tunnel waits; as options of the upstream say. */
export type TunnelSettings = Pick<PoolSettings, "tunnelSeconds" | "readSeconds" | "writeSeconds">;

/** The user of a connection that has been switched. */
export class Tunnel implements ConnectionUser, BodyWriter {
  readonly #connection: UpstreamConnection;
  readonly #clock: Ticker;
  readonly #settings: TunnelSettings;
  readonly #queue = new BodyQueue(this);
  #isPaused = false;
  #hasClientEnded = false;
  #deadline = NEVER;

  /**
   * @param input - what the client sends
   * @param clock - the one that `tick` follows
   */
  constructor(connection: UpstreamConnection, input: InputStream, clock: Ticker, settings: TunnelSettings) {
    this.#connection = connection;
    this.#clock = clock;
    this.#settings = settings;
    connection.user = this;
    this.#expectMore();
    this.#pump(input).catch(() => this.abandon()); // the client has left
  }

  /** What the upstream sends. */
  get body(): WSGIBody {
    return this.#queue;
  }

  connected(): void {}

  received(chunk: Buffer): void {
    this.#expectMore();
    if (this.#queue.push(chunk)) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  ended(): void {
    this.#end();
  }

  lost(): void {
    this.#end();
  }

  /** The client has taken what there was. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#expectMore();
    this.#connection.resume();
  }

  /** The client is gone. */
  abandon(): void {
    this.#end();
  }

  tick(now: number): void {
    const { writeSeconds } = this.#settings;
    const isStalled = writeSeconds > 0 && this.#connection.output.isStalled(now, writeSeconds);
    if (isStalled || (now > this.#deadline && !this.#isPaused)) this.#end();
  }

  async #pump(input: InputStream): Promise<void> {
    const { output } = this.#connection;
    for (;;) {
      const chunk = await nextChunk(input, CHUNK_BYTES);
      if (this.#connection.user !== this) return;
      this.#expectMore();
      if (chunk.length === 0) break;
      if (!output.write(chunk)) await output.drained();
    }
    this.#hasClientEnded = true;
    this.#expectMore();
    output.end();
  }

  /** One whose client has ended its side has no more to wait for than the rest. */
  #expectMore(): void {
    const { tunnelSeconds, readSeconds } = this.#settings;
    const seconds = this.#hasClientEnded ? readSeconds : tunnelSeconds;
    this.#deadline = seconds === 0 ? NEVER : this.#clock.deadline(seconds);
  }

  #end(): void {
    this.#connection.destroy();
    this.#queue.end();
  }
}
