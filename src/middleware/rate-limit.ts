// Limits how many requests a client may send in a time. Source: RFC 6585 section 4 (429); RFC 9110 section 10.2.3 (Retry-After);
// draft-ietf-httpapi-ratelimit-headers for RateLimit and RateLimit-Policy.
import { isIPv6 } from "node:net";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { withoutSecrets } from "../secret-name.ts";
import { errorText } from "../wsgi/error-text.ts";
import { plainAddress } from "../http/endpoints.ts";
import type { HeaderList, Middleware, WSGIEnvironment } from "../wsgi/types.ts";
import { MiddlewareOptionError } from "./errors.ts";
import { RedisLimiter, type RedisLimits } from "./rate-limit/redis-limiter.ts";
import { sendAnswer } from "./writing/answer.ts";
import { type Configuration, flag, integer, fromSection, required, text, within } from "./writing/options.ts";
import { isRedisAddress } from "./writing/redis-connection.ts";
import { changeHead } from "./writing/replace-response.ts";

/** IPv4 clients of a network that has IPv6 only (RFC 6052, RFC 7755): each is one. */
const TRANSLATED = "64:ff9b::";

/** What is used of a limiter of rate-limiter-flexible; it throws a `RateLimiterRes` when there are too many requests. */
export interface RateLimiter {
  consume(name: string): Promise<RateLimiterRes>;
}

/** Options of {@link rateLimit}. */
export interface RateLimitOptions {
  /** Requests within one window. */
  readonly limit: number;
  /** Length of a window, in seconds. It starts with the first request. @default 60 */
  readonly windowSeconds?: number;
  /** How long a client that sent too many requests has to wait, in seconds. @default the rest of the window */
  readonly blockSeconds?: number;
  /**
   * Which requests are counted together: a key of the environ, or a function that returns a name (null: not limited).
   *
   * @default "REMOTE_ADDR"; IPv6 addresses count by their /64, which is what one customer gets, mapped ones as the IPv4 that they are
   */
  readonly key?: string | ((environ: WSGIEnvironment) => string | null);
  /** Whether responses say how many requests are left. @default true */
  readonly headers?: boolean;
  /**
   * Where requests are counted: `memory` of this process, or `redis://[[user]:password@]host[:port][/database]` if there are several workers
   * or machines, which needs the package @redis/client. @default "memory"
   */
  readonly storage?: string;
  /** Of the keys in Redis. Filters with the same prefix count together. @default "tsgi:rate-limit:", the limit and the window */
  readonly prefix?: string;
  /** Counts the requests in place of `storage`: any limiter of rate-limiter-flexible. Its own limit and window must be the same. */
  readonly limiter?: RateLimiter;
  /** Whether requests are refused (503) if counting fails; otherwise they pass and the failure is logged. @default false */
  readonly strict?: boolean;
}

/**
 * Answers 429 to clients that send too many requests.
 *
 * In a pipeline: after proxy-fix, before what costs something.
 *
 * @throws MiddlewareOptionError when the limit or a time is missing or not positive
 * @example
 * const application = rateLimit({ limit: 100, windowSeconds: 60 })(inner);
 */
export function rateLimit(options: RateLimitOptions): Middleware {
  const {
    windowSeconds = 60,
    blockSeconds = 0,
    key = "REMOTE_ADDR",
    headers: hasHeaders = true,
    strict: isStrict = false,
  } = options;
  const limit = within(required(options.limit, "limit", "a number of requests"), "limit", 1);
  within(windowSeconds, "windowSeconds", 1);
  within(blockSeconds, "blockSeconds", 0);
  const limiter = options.limiter ?? openLimiter({ ...options, limit, windowSeconds, blockSeconds });
  const nameOf = typeof key === "function" ? key : (environ: WSGIEnvironment) => clientOf(environ[key]);
  const policy = `"default";q=${limit};w=${windowSeconds}`;

  function headersOf(state: RateLimiterRes): HeaderList {
    if (!hasHeaders) return [];
    return [
      ["RateLimit-Policy", policy],
      ["RateLimit", `"default";r=${Math.max(0, state.remainingPoints)};t=${secondsUntil(state)}`],
    ];
  }

  return function rateLimitMiddleware(application) {
    return async function limitRate(environ, startResponse) {
      const name = nameOf(environ);
      if (name === null) return application(environ, startResponse);
      let state: RateLimiterRes | null = null;
      try {
        state = await limiter.consume(name);
      } catch (rejection) {
        if (rejection instanceof RateLimiterRes) {
          const headers = [
            ...headersOf(rejection),
            ["Retry-After", String(secondsUntil(rejection))] as [string, string],
          ];
          return sendAnswer(environ, startResponse, { status: 429, headers });
        }
        environ["wsgi.errors"].write(`Cannot count requests for the rate limit: ${errorText(rejection)}\n`);
        if (isStrict) return sendAnswer(environ, startResponse, { status: 503 });
      }
      if (state === null || !hasHeaders) return application(environ, startResponse);
      const added = headersOf(state);
      return application(
        environ,
        changeHead(startResponse, ({ headers }) => void headers.push(...added)),
      );
    };
  };
}

/** The filter `egg:tsgi#rate-limit`: `limit`, `window_seconds`, `block_seconds`, `key` (of the environ), `headers`, `strict`, `storage` (`memory` or `redis://host`), `prefix`. */
export function filterFactory(_globalConf: Configuration, localConf: Configuration): Middleware {
  return fromSection<Omit<RateLimitOptions, "key" | "limiter"> & { readonly key?: string }>(rateLimit, localConf, {
    limit: integer,
    windowSeconds: integer,
    blockSeconds: integer,
    key: text,
    headers: flag,
    strict: flag,
    storage: text,
    prefix: text,
  });
}

/** @throws MiddlewareOptionError for another storage */
function openLimiter(options: RateLimitOptions & Omit<RedisLimits, "prefix">): RateLimiter {
  const { storage = "memory", limit, windowSeconds, blockSeconds } = options;
  if (storage === "memory")
    return new RateLimiterMemory({ points: limit, duration: windowSeconds, blockDuration: blockSeconds });
  if (!isRedisAddress(storage))
    throw new MiddlewareOptionError(
      `Option "storage" is "${withoutSecrets(storage)}"; expected "memory" or "redis://host:port"`,
    );
  const { prefix = `tsgi:rate-limit:${limit}/${windowSeconds}` } = options;
  return new RedisLimiter(storage, { limit, windowSeconds, blockSeconds, prefix });
}

/** The name under which a client is counted; what is absent is counted together. */
function clientOf(value: unknown): string {
  const client = plainAddress(typeof value === "string" ? value : "");
  return isIPv6(client) && !client.startsWith(TRANSLATED) ? networkOf(client) : client;
}

/** The first 64 bits of an IPv6 address, which is what one customer gets. */
function networkOf(address: string): string {
  const [head = "", tail = ""] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}

function secondsUntil({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000));
}
