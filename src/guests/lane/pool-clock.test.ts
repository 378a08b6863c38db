import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { asked, lanePair, type Asked, type LanePair } from "../../../test/lane/lane-pair.ts";
import { guestSettings, type GuestOptions } from "./guest-options.ts";
import type { GuestProcess } from "./guest-process.ts";
import { LaneDispatcher } from "./lane-dispatcher.ts";
import { PoolClock } from "./pool-clock.ts";

const MiB = 1_048_576;

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** What the clock looks at of a process. */
type Watched = { -readonly [K in "state" | "isRetiring" | "residentBytes" | "outstanding" | "lanes"]: GuestProcess[K] };

interface Clocked {
  readonly clock: PoolClock;
  readonly dispatcher: LaneDispatcher;
  readonly process: Watched;
  readonly pair: LanePair;
  /** What it has found. */
  readonly found: string[];
}

function clocked(options: GuestOptions = {}): Clocked {
  const found: string[] = [];
  const pair = lanePair({}, { abort: (slot, id) => found.push(`abort ${id} in ${slot}`) });
  const process: Watched = {
    state: "ready",
    isRetiring: false,
    residentBytes: 0,
    lanes: [pair.lane],
    get outstanding() {
      return pair.lane.outstanding;
    },
  };
  const settings = guestSettings({ deadlineSeconds: 2, queueSeconds: 5, ...options }, "Test");
  const dispatcher = new LaneDispatcher("Test", 10, () => {});
  const all = [process as unknown as GuestProcess]; // it looks at no more of it
  const clock = new PoolClock(
    settings,
    dispatcher,
    { processes: all, all },
    {
      overdue: (_, lane, exchange) => {
        found.push(exchange === null ? "overdue after the answer" : `overdue ${exchange.id}`);
        lane.isLost = true;
      },
      leaving: (_, now) => found.push(`leaving at ${now}`),
      retire: (_, reason) => found.push(reason),
    },
  );
  return { clock, dispatcher, process, pair, found };
}

/** Has a request dispatched, and the clock started. */
function busy({ clock, pair }: Clocked, environ: Record<string, unknown> = {}): Asked {
  const request = asked({ id: 1, environ });
  pair.lane.dispatch([request.exchange], false, performance.now());
  clock.start();
  return request;
}

describe("PoolClock", () => {
  test("stops by itself when there is nothing to watch, and can be started again", () => {
    const made = clocked();
    made.clock.start();
    made.clock.start();
    expect(made.dispatcher.isWatched).toBe(true);
    vi.advanceTimersByTime(200);
    expect([made.dispatcher.isWatched, vi.getTimerCount()]).toEqual([false, 0]);
    busy(made);
    vi.advanceTimersByTime(1000);
    expect(made.dispatcher.isWatched).toBe(true);
    made.clock.stop();
    made.clock.stop();
    expect(made.dispatcher.isWatched).toBe(false);
  });

  test("goes on while requests wait, and has those refused that wait too long", async () => {
    const { clock, dispatcher } = clocked();
    const { exchange, text } = asked({ arrivedAt: 0 });
    dispatcher.submit(exchange);
    clock.start();
    vi.advanceTimersByTime(5000);
    expect(dispatcher.queued).toBe(1);
    vi.advanceTimersByTime(300);
    expect(await text).toBe("503 Service Unavailable\n");
  });

  test("has a look at processes that leave", () => {
    const { clock, process, found } = clocked();
    process.state = "draining";
    clock.start();
    vi.advanceTimersByTime(150);
    process.state = "ending";
    vi.advanceTimersByTime(100);
    expect(found).toEqual([expect.stringMatching(/^leaving at 10\d$/), expect.stringMatching(/^leaving at 20\d$/)]);
  });
});

describe("PoolClock, of a request", () => {
  test("finds it overdue when its first byte has not come within the deadline", () => {
    const made = clocked();
    busy(made);
    vi.advanceTimersByTime(1900);
    expect(made.found).toEqual([]);
    vi.advanceTimersByTime(300);
    expect(made.found).toEqual(["overdue 1"]);
  });

  test("knows no deadline where it is 0", () => {
    const made = clocked({ deadlineSeconds: 0 });
    busy(made);
    vi.advanceTimersByTime(100_000);
    expect(made.found).toEqual([]);
  });

  test("does not count the time for which its client has to send", () => {
    const made = clocked();
    busy(made);
    made.pair.lane.isFeeding = true;
    vi.advanceTimersByTime(10_000);
    expect(made.found).toEqual([]);
  });

  test("counts from the last sign that it goes on", () => {
    const made = clocked();
    busy(made);
    vi.advanceTimersByTime(1500);
    made.pair.lane.activeAt = performance.now();
    vi.advanceTimersByTime(1900);
    expect(made.found).toEqual([]);
    vi.advanceTimersByTime(300);
    expect(made.found).toEqual(["overdue 1"]);
  });

  test("lets an answer that has begun go on for as long as somebody takes it", () => {
    const made = clocked();
    const { exchange } = busy(made);
    exchange.begin("200 OK", -1, { resume: () => {}, abandon: () => {} }, 10);
    vi.advanceTimersByTime(10_000);
    expect(made.found).toEqual([]);
    made.pair.lane.abandon(exchange);
    made.pair.lane.activeAt = performance.now() + 1000;
    vi.advanceTimersByTime(2300);
    expect(made.found).toEqual(["abort 1 in 0", "overdue 1"]);
  });

  test("tells the guest when the client leaves before the answer, and counts from then", () => {
    const made = clocked();
    const left = new AbortController();
    busy(made, { "tsgi.signal": left.signal });
    vi.advanceTimersByTime(1000);
    left.abort();
    vi.advanceTimersByTime(1500);
    expect(made.found).toEqual(["abort 1 in 0"]);
    vi.advanceTimersByTime(800);
    expect(made.found).toEqual(["abort 1 in 0", "overdue 1"]);
  });

  test("is found overdue also after its answer, when others had to be given back for it", () => {
    const made = clocked();
    busy(made);
    Object.defineProperty(made.pair.lane, "heldMilliseconds", { value: (now: number) => now });
    made.pair.lane.takeAll();
    Object.defineProperty(made.process, "outstanding", { value: 1 });
    vi.advanceTimersByTime(2200);
    expect(made.found).toEqual(["overdue after the answer"]);
  });
});

describe("PoolClock, of memory", () => {
  test("has a process replaced that comes near its limit, looking once a second", () => {
    const { clock, process, found } = clocked({ memoryLimitBytes: 100 * MiB });
    clock.start();
    process.residentBytes = 89 * MiB;
    vi.advanceTimersByTime(1500);
    expect(found).toEqual([]);
    process.residentBytes = 91 * MiB;
    vi.advanceTimersByTime(1000);
    expect(found).toEqual(["it uses 91 MiB of memory"]);
  });

  test("does not stop while there is a limit, and leaves processes alone that are being replaced", () => {
    const { clock, dispatcher, process, found } = clocked({ memoryLimitBytes: 100 * MiB });
    process.residentBytes = 200 * MiB;
    process.isRetiring = true;
    clock.start();
    vi.advanceTimersByTime(3000);
    process.isRetiring = false;
    process.state = "starting";
    vi.advanceTimersByTime(3000);
    expect([found, dispatcher.isWatched]).toEqual([[], true]);
  });
});
