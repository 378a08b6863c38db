// Two requests of one browser at the same time, in all orders of what they do to the storage, in each storage. What must come out is what
// comes out when each makes its changes at once, one after the other: and nothing of a session that the other one has ended.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemorySessionStore } from "../../src/middleware/sessions/memory-session-store.ts";
import { RedisSessionStore } from "../../src/middleware/sessions/redis-session-store.ts";
import { sessionOf, type Session } from "../../src/middleware/sessions/session.ts";
import { sessionStore } from "../../src/middleware/session-store.ts";
import type { SessionStorage } from "../../src/middleware/sessions/session-storage.ts";
import { SqliteSessionStore } from "../../src/middleware/sessions/sqlite-session-store.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { validator } from "../../src/wsgi/validator.ts";
import { HAS_REDIS, RedisServer } from "./redis-server.ts";

type Values = Record<string, number>;
type Step =
  | { readonly kind: "set" | "delete"; readonly name: string }
  | { readonly kind: "clear" | "renew" | "look" | "wait" };

const FIRST: Values = { user: 1, cart: 1 };
const name = fc.constantFrom("user", "cart", "tab");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), name }),
  fc.record({ kind: fc.constant("delete" as const), name }),
  fc.record({ kind: fc.constantFrom("clear" as const, "renew" as const, "look" as const, "wait" as const) }),
);
const steps = fc.array(step, { maxLength: 4 });
/** After three days the session of a request that only looks is prolonged. */
const times = fc.constantFrom(0, 3 * 24 * 3600 * 1000);

/** The steps of a request change values to its own number, so that it is seen whose they are. */
function perform(session: Session, { kind, ...rest }: Step, own: number): void {
  const key = (rest as { name?: string }).name ?? "";
  if (kind === "set") session.set(key, own);
  if (kind === "delete") session.delete(key);
  if (kind === "clear") session.clear();
  if (kind === "renew") session.renew();
  if (kind === "look") session.keys();
}

/**
 * What one request makes of all sessions, at once: by name what they hold. The first one is "first".
 *
 * @param seen - what the request has read before; undefined when there was no session any more
 */
function applied(
  sessions: ReadonlyMap<string, Values>,
  all: readonly Step[],
  own: number,
  seen: Values | undefined,
): Map<string, Values> {
  const result = new Map(sessions);
  let view: Values = { ...seen };
  let set: Values = {};
  let isCleared = false;
  let isRenewed = false;
  const deleted = new Set<string>();
  for (const { kind, ...rest } of all) {
    const key = (rest as { name?: string }).name ?? "";
    if (kind === "set") {
      set[key] = view[key] = own;
      deleted.delete(key);
    }
    if (kind === "delete") {
      delete view[key];
      delete set[key];
      deleted.add(key);
    }
    if (kind === "clear") [view, set, isCleared] = [{}, {}, true];
    isRenewed ||= kind === "clear" || kind === "renew";
  }
  if (seen === undefined) return Object.keys(view).length === 0 ? result : result.set(`new ${own}`, view);
  const current = sessions.get("first");
  if (Object.keys(view).length === 0 || isRenewed) result.delete("first");
  if (Object.keys(view).length === 0 || (current === undefined && !isRenewed)) return result;
  if (!isRenewed && Object.keys(set).length === 0 && deleted.size === 0) return result;
  const changed: Values = isCleared ? { ...set } : { ...current, ...set };
  for (const key of deleted) if (!(key in set)) delete changed[key];
  result.delete("first");
  if (Object.keys(changed).length > 0) result.set(isRenewed ? `new ${own}` : "first", changed);
  return result;
}

/** What may be kept after two requests, of which the second one has read before or after the first one was done. */
function possible(one: readonly Step[], ownOfOne: number, other: readonly Step[], ownOfOther: number): string[][] {
  const between = applied(new Map([["first", FIRST]]), one, ownOfOne, FIRST);
  return [FIRST, between.get("first")].map((seen) => sorted(applied(between, other, ownOfOther, seen).values()));
}

const NAMES = ["user", "cart", "tab"];
const sorted = (all: Iterable<Values>): string[] => [...all].map((values) => JSON.stringify(values, NAMES)).toSorted();

/** Runs both requests in the order that the scheduler chooses, and tells what is kept then. */
async function race(
  inner: SessionStorage,
  scheduler: fc.Scheduler,
  requests: readonly Step[][],
  sinceFirst: number,
): Promise<string[]> {
  const keys = new Set<string>();
  const storage: SessionStorage = {
    read: async (key) => inner.read(key),
    create: async (key, text, expiresAt) => {
      keys.add(key);
      await inner.create(key, text, expiresAt);
    },
    replace: async (key, known, text, expiresAt) => inner.replace(key, known, text, expiresAt),
    touch: async (key, expiresAt) => inner.touch(key, expiresAt),
    take: async (key) => inner.take(key),
  };
  let isRacing = false;
  const delayed: SessionStorage = Object.fromEntries(
    Object.entries(storage).map(([method, call]: [string, (...values: never[]) => Promise<unknown>]) => [
      method,
      async (...values: never[]) => {
        if (isRacing) await scheduler.schedule(Promise.resolve(), method);
        return call(...values);
      },
    ]),
  ) as unknown as SessionStorage;
  const application: WSGIApplication = validator(async (environ, startResponse) => {
    const session = sessionOf(environ);
    const request = Number(environ.QUERY_STRING);
    if (request === 1) for (const [key, value] of Object.entries(FIRST)) session.set(key, value);
    for (const each of requests[request - 2] ?? []) {
      if (each.kind === "wait") await scheduler.schedule(Promise.resolve(), "wait");
      else perform(session, each, request);
    }
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [Buffer.from("done")];
  });
  let passed = 0;
  const clientOf = (): TestClient =>
    new TestClient(sessionStore({ storage: delayed }, () => Date.now() + passed)(application));
  const client = clientOf();
  const { cookies } = await client.get("/?1");
  const headers = { Cookie: `session=${cookies.get("session")?.value}` };
  isRacing = true;
  passed = sinceFirst;
  const answers = Promise.all(requests.map((_, index) => clientOf().get(`/?${index + 2}`, { headers })));
  await scheduler.waitFor(answers);
  expect((await answers).map(({ status }) => status)).toEqual(requests.map(() => 200));
  const kept: Values[] = [];
  for (const key of keys) {
    const text = await inner.take(key);
    if (text !== null) kept.push(JSON.parse(text.slice(text.indexOf(" "))) as Values);
  }
  return sorted(kept);
}

const directory = mkdtempSync(join(tmpdir(), "tsgi-races-"));
const redis = new RedisServer();
beforeAll(() => (HAS_REDIS ? redis.start() : undefined));
afterAll(async () => {
  await redis.remove();
  rmSync(directory, { recursive: true });
});

const STORAGES: [string, () => SessionStorage, runs: number][] = [
  ["memory", () => new MemorySessionStore(), 500],
  ["SQLite", () => new SqliteSessionStore(join(directory, "races.db")), 200],
  ["Redis", () => new RedisSessionStore(redis.url), 200],
];

describe.each(STORAGES)("two requests at once, with sessions in %s", (kind, open, numRuns) => {
  test.skipIf(kind === "Redis" && !HAS_REDIS)("leave what they leave one after the other", async () => {
    const storage = open();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, steps, times, async (scheduler, second, third, milliseconds) => {
        const kept = await race(storage, scheduler, [second, third], milliseconds);
        expect([...possible(second, 2, third, 3), ...possible(third, 3, second, 2)]).toContainEqual(kept);
      }),
      { numRuns },
    );
    await storage.close?.();
  });
});
