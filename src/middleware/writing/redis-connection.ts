// A connection to Redis (or Valkey) that is made when it is first needed. The client is @redis/client, or the package redis that contains
// it; the user installs it.
import { MiddlewareOptionError } from "../errors.ts";

/** Whether a text is the address of a Redis: `redis://[[user]:password@]host[:port][/database]`, `rediss://` over TLS, `unix:///path`. */
export function isRedisAddress(text: string): boolean {
  return /^(?:rediss?|unix):\/\//.test(text);
}

/** What every client has. */
interface Client {
  on(event: "error", listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
}

interface ClientOptions {
  readonly url: string;
  readonly disableOfflineQueue: boolean;
  readonly socket: {
    readonly connectTimeout: number;
    readonly reconnectStrategy: (retries: number) => number | false;
  };
}

/** A request waits for it, and so does every other that comes meanwhile. */
const CONNECT_MILLISECONDS = 2000;

/**
 * One connection, which is kept. `Commands` are the methods that are used of the client.
 *
 * @example
 * const connection = new RedisConnection<{ get(key: string): Promise<string | null> }>("redis://localhost", "Sessions");
 * const text = await (await connection.client()).get("a");
 */
export class RedisConnection<Commands> {
  readonly #url: string;
  readonly #what: string;
  #connecting: Promise<Client> | null = null;

  /**
   * @param url - see `isRedisAddress`
   * @param what - is kept there, for errors: `Sessions`
   */
  constructor(url: string, what: string) {
    this.#url = url;
    this.#what = what;
  }

  /**
   * The client. After a failure the next call tries again; a client that was connected once connects again by itself, and fails at once
   * meanwhile.
   *
   * @throws MiddlewareOptionError when the package is not installed; an error of the client when Redis is away
   */
  async client(): Promise<Commands> {
    this.#connecting ??= connect(this.#url, this.#what);
    try {
      // The package has these methods; it is not there where types are checked without it.
      return (await this.#connecting) as Client & Commands;
    } catch (error) {
      this.#connecting = null;
      throw error;
    }
  }

  /** Closes what was opened; a later call of `client` opens it again. */
  async close(): Promise<void> {
    const connecting = this.#connecting;
    this.#connecting = null;
    if (connecting !== null) await (await connecting).close();
  }
}

async function connect(url: string, what: string): Promise<Client> {
  let createClient: (options: ClientOptions) => Client;
  try {
    ({ createClient } = await import("@redis/client"));
  } catch (cause) {
    throw new MiddlewareOptionError(`${what} in Redis need the package @redis/client; install it`, { cause });
  }
  // A request must not wait for a server that is away: it fails at once, while the client goes on trying in the background.
  let isConnected = false;
  const reconnectStrategy = (retries: number): number | false => isConnected && Math.min(50 * 2 ** retries, 2000);
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: CONNECT_MILLISECONDS, reconnectStrategy },
  });
  // Failures reach those who wait for an answer; without a listener the client would end the process.
  client.on("error", () => undefined);
  await client.connect();
  isConnected = true;
  return client;
}
