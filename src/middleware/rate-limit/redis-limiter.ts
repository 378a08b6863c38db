// Counts the requests of several workers and machines in one Redis. The counting is that of rate-limiter-flexible: one script, which Redis
// runs as one step.
import { RateLimiterRedis, type RateLimiterRes } from "rate-limiter-flexible";
import { RedisConnection } from "../writing/redis-connection.ts";

/** What is counted. */
export interface RedisLimits {
  /** Requests within one window. */
  readonly limit: number;
  /** Seconds. */
  readonly windowSeconds: number;
  /** Seconds; 0 for the rest of the window. */
  readonly blockSeconds: number;
  /** Of all keys. */
  readonly prefix: string;
}

/** A Redis that does not answer for so long must not hold up the requests that it counts. */
const ANSWER_MILLISECONDS = 1000;
/** After a failure to connect: the requests of this time do not try themselves, and do not wait. */
const PAUSE_MILLISECONDS = 1000;

/** A limiter, as `rateLimit` uses it. It connects with the first request. */
export class RedisLimiter {
  readonly #connection: RedisConnection<object>;
  readonly #limits: RedisLimits;
  readonly #now: () => number;
  #limiter: RateLimiterRedis | null = null;
  #failure: { readonly error: unknown; readonly until: number } | null = null;

  /**
   * @param url - `redis://[[user]:password@]host[:port][/database]`
   * @param now - the clock, milliseconds since 1970 @default Date.now
   */
  constructor(url: string, limits: RedisLimits, now: () => number = Date.now) {
    this.#connection = new RedisConnection(url, "Rate limits");
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * Counts a request.
   *
   * @param name - of the client
   * @throws RateLimiterRes when there are too many, an Error when Redis is away
   */
  async consume(name: string): Promise<RateLimiterRes> {
    const limiter = this.#limiter ?? (await this.#connected());
    return await inTime(limiter.consume(name));
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    this.#limiter = null;
    await this.#connection.close();
  }

  async #connected(): Promise<RateLimiterRedis> {
    if (this.#failure !== null && this.#now() < this.#failure.until) throw this.#failure.error;
    try {
      const storeClient = await this.#connection.client();
      const { limit, windowSeconds, blockSeconds, prefix } = this.#limits;
      const counted = { points: limit, duration: windowSeconds, blockDuration: blockSeconds };
      this.#limiter ??= new RateLimiterRedis({ storeClient, useRedisPackage: true, keyPrefix: prefix, ...counted });
      this.#failure = null;
      return this.#limiter;
    } catch (error) {
      this.#failure = { error, until: this.#now() + PAUSE_MILLISECONDS };
      throw error;
    }
  }
}

async function inTime<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Redis did not answer within ${ANSWER_MILLISECONDS} ms`)),
      ANSWER_MILLISECONDS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
