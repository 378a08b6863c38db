// Sessions in Redis (or Valkey), for workers on several machines. The client is @redis/client, or the package redis that contains it;
// the user installs it.
import { MiddlewareOptionError } from "./errors.ts";
import type { SessionStorage } from "./session-storage.ts";

/** What is used of a connected client of the package redis. */
export interface RedisClient {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, options: { expiration: { type: "PXAT"; value: number } }): Promise<unknown>;
  del(key: string): Promise<unknown>;
}

/** A client that this module has made. */
interface OwnClient extends RedisClient {
  on(event: "error", listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
}

interface ClientOptions {
  readonly url: string;
  readonly disableOfflineQueue: boolean;
  readonly socket: { readonly reconnectStrategy: (retries: number) => number | false };
}

/** Keeps sessions in Redis, which forgets them by itself. */
export class RedisSessionStore implements SessionStorage {
  readonly #prefix: string;
  readonly #url: string | null;
  #client: RedisClient | null;
  #connecting: Promise<OwnClient> | null = null;

  /**
   * @param target - a connected client, or `redis://[[user]:password@]host[:port][/database]`, to which the store connects when it is
   *   first needed
   * @param prefix - of all keys @default "tsgi:session:"
   */
  constructor(target: RedisClient | string, prefix = "tsgi:session:") {
    this.#url = typeof target === "string" ? target : null;
    this.#client = typeof target === "string" ? null : target;
    this.#prefix = prefix;
  }

  async read(key: string): Promise<string | null> {
    const client = await this.#connected();
    return client.get(this.#prefix + key);
  }

  async write(key: string, value: string, expiresAt: number): Promise<void> {
    const client = await this.#connected();
    await client.set(this.#prefix + key, value, { expiration: { type: "PXAT", value: Math.ceil(expiresAt) } });
  }

  async remove(key: string): Promise<void> {
    const client = await this.#connected();
    await client.del(this.#prefix + key);
  }

  /** Ends a connection that the store has made; a client that it was given stays as it is. */
  async close(): Promise<void> {
    const connecting = this.#connecting;
    this.#connecting = null;
    if (this.#url === null || connecting === null) return;
    this.#client = null;
    await (await connecting).close();
  }

  async #connected(): Promise<RedisClient> {
    if (this.#client !== null) return this.#client;
    this.#connecting ??= connect(this.#url ?? "");
    try {
      const client = await this.#connecting;
      this.#client = client;
      return client;
    } catch (error) {
      this.#connecting = null; // the next request tries again
      throw error;
    }
  }
}

async function connect(url: string): Promise<OwnClient> {
  let createClient: (options: ClientOptions) => OwnClient;
  try {
    ({ createClient } = await import("@redis/client"));
  } catch (cause) {
    throw new MiddlewareOptionError("Sessions in Redis need the package @redis/client; install it", { cause });
  }
  // A request must not wait for a server that is away: it fails at once, while the client goes on trying in the background.
  let isConnected = false;
  const reconnectStrategy = (retries: number): number | false => isConnected && Math.min(50 * 2 ** retries, 2000);
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy } });
  // Failures reach those who wait for an answer; without a listener the client would end the process.
  client.on("error", () => undefined);
  await client.connect();
  isConnected = true;
  return client;
}
