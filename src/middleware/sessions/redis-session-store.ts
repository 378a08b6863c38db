// Sessions in Redis (or Valkey), for workers on several machines.
import { RedisConnection } from "../writing/redis-connection.ts";
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

/** Redis runs a script as one step. */
const REPLACE = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "PXAT", ARGV[3])
return 1`;

/** Stores sessions in Redis (6.2 or later), which expires them itself. */
export class RedisSessionStore implements SessionStorage {
  readonly #prefix: string;
  readonly #target: RedisClient | RedisConnection<RedisClient>;

  /**
   * @param target - a connected client, or `redis://[[user]:password@]host[:port][/database]`, to which the store connects when it is
   *   first needed
   * @param prefix - of all keys @default "tsgi:session:"
   */
  constructor(target: RedisClient | string, prefix = "tsgi:session:") {
    this.#target = typeof target === "string" ? new RedisConnection(target, "Sessions") : target;
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
    if (this.#target instanceof RedisConnection) await this.#target.close();
  }

  async #connected(): Promise<RedisClient> {
    return this.#target instanceof RedisConnection ? await this.#target.client() : this.#target;
  }
}
