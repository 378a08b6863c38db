// Sessions in Redis (or Valkey), for workers on several machines. The client is @redis/client, or the package redis that contains it;
// the user installs it.
import { MiddlewareOptionError } from "../errors.ts";
import type { KeptText, SessionStorage } from "./session-storage.ts";

/** The methods that are used of a connected client of the package redis. */
export interface RedisClient {
  get(key: string): Promise<string | null>;
  getDel(key: string): Promise<string | null>;
  pTTL(key: string): Promise<number>;
  pExpireAt(key: string, expiresAt: number): Promise<number>;
  set(key: string, value: string, options: { expiration: { type: "PXAT"; value: number } }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
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

/** Redis runs a script as one step. */
const REPLACE = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "PXAT", ARGV[3])
return 1`;

/** Stores sessions in Redis (6.2 or later), which expires them itself. */
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

  async read(key: string): Promise<KeptText | null> {
    const client = await this.#connected();
    const name = this.#prefix + key;
    const [text, milliseconds] = await Promise.all([client.get(name), client.pTTL(name)]); // in one write
    return text === null || milliseconds < 0 ? null : { text, expiresAt: Date.now() + milliseconds };
  }

  async create(key: string, text: string, expiresAt: number): Promise<void> {
    const client = await this.#connected();
    await client.set(this.#prefix + key, text, { expiration: { type: "PXAT", value: Math.ceil(expiresAt) } });
  }

  async replace(key: string, known: string, text: string, expiresAt: number): Promise<boolean> {
    const client = await this.#connected();
    const values = [known, text, String(Math.ceil(expiresAt))];
    return (await client.eval(REPLACE, { keys: [this.#prefix + key], arguments: values })) === 1;
  }

  async touch(key: string, expiresAt: number): Promise<boolean> {
    const client = await this.#connected();
    return (await client.pExpireAt(this.#prefix + key, Math.ceil(expiresAt))) === 1;
  }

  async take(key: string): Promise<string | null> {
    const client = await this.#connected();
    return client.getDel(this.#prefix + key);
  }

  /** Closes a connection that the store opened. A client that was passed to it stays open. */
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
