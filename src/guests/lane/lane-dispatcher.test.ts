import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { asked, lanePair, type Asked, type Asking } from "../../../test/lane/lane-pair.ts";
import type { Lane } from "./lane.ts";
import { LaneDispatcher, type DispatchTarget } from "./lane-dispatcher.ts";
import { REMEMBERED_MILLISECONDS } from "./policy.ts";

beforeEach(
  () => void vi.useFakeTimers({ now: 0, toFake: ["performance", "setImmediate", "setTimeout", "clearTimeout"] }),
);
afterEach(() => void vi.useRealTimers());

let watched = 0;

/** A dispatcher with one process of so many lanes. */
function made(lanes: number, more: Partial<DispatchTarget> = {}, queueLimit = 100): Made {
  watched = 0;
  const dispatcher = new LaneDispatcher("Test", queueLimit, () => {
    watched += 1;
  });
  const target = targetOf(dispatcher, lanes, more);
  dispatcher.serveWith([target]);
  return { dispatcher, lanes: target.lanes };
}

interface Made {
  readonly dispatcher: LaneDispatcher;
  readonly lanes: readonly Lane[];
}

function targetOf(dispatcher: LaneDispatcher, lanes: number, more: Partial<DispatchTarget> = {}): DispatchTarget {
  const listener = {
    requeue: dispatcher.requeue.bind(dispatcher),
    relieved: dispatcher.relieved.bind(dispatcher),
  };
  return {
    state: "ready",
    isRetiring: false,
    isHeldBack: false,
    lanes: Array.from({ length: lanes }, () => lanePair({}, listener).lane),
    ...more,
  };
}

/** Submits a request. */
function submit(dispatcher: LaneDispatcher, asking: Asking = {}): Asked {
  const request = asked({ arrivedAt: performance.now(), ...asking });
  dispatcher.submit(request.exchange);
  return request;
}

/** Lets this turn of the event loop end. */
function endTurn(): void {
  vi.advanceTimersByTime(0);
}

function counts(lanes: readonly Lane[]): number[] {
  return lanes.map(({ outstanding }) => outstanding);
}

/** Makes a path known as slow. */
function slow(dispatcher: LaneDispatcher, path = "/slow"): void {
  dispatcher.answeredIn(path, 100);
}

describe("LaneDispatcher.submit", () => {
  test("hands requests over at the end of the turn, those of one turn together", () => {
    const { dispatcher, lanes } = made(2);
    dispatcher.measured(0.01);
    submit(dispatcher);
    submit(dispatcher);
    expect([dispatcher.queued, counts(lanes)]).toEqual([2, [0, 0]]);
    endTurn();
    expect([dispatcher.queued, counts(lanes), lanes[0]?.batches]).toEqual([0, [2, 0], 1]);
    expect(lanes[0]?.unanswered.map(({ id }) => id)).toEqual([1, 2]);
  });

  test("gives each request a lane of its own where requests take long", () => {
    const { dispatcher, lanes } = made(3);
    dispatcher.measured(50);
    expect(dispatcher.depth).toBe(1);
    for (let count = 0; count < 5; count += 1) submit(dispatcher);
    endTurn();
    expect([counts(lanes), dispatcher.queued]).toEqual([[1, 1, 1], 2]);
  });

  test("asks for the clock if nobody looks at the queue", () => {
    const { dispatcher } = made(1);
    submit(dispatcher);
    dispatcher.isWatched = true;
    submit(dispatcher);
    expect(watched).toBe(1);
  });

  test("refuses what the queue has no room for", async () => {
    const { dispatcher } = made(0, {}, 2);
    const requests = [submit(dispatcher), submit(dispatcher), submit(dispatcher)];
    expect(await requests[2]?.text).toBe("503 Service Unavailable\n");
    expect([dispatcher.queued, dispatcher.refused]).toEqual([2, 1]);
  });

  test("refuses everything once closed, and refuseAll those that wait", async () => {
    const { dispatcher, lanes } = made(1);
    slow(dispatcher);
    const waiting = [submit(dispatcher), submit(dispatcher, { url: "/slow" })];
    dispatcher.close();
    expect(await submit(dispatcher).text).toBe("503 Service Unavailable\n");
    dispatcher.refuseAll();
    expect(await Promise.all(waiting.map(({ text }) => text))).toEqual([
      "503 Service Unavailable\n",
      "503 Service Unavailable\n",
    ]);
    endTurn();
    expect(counts(lanes)).toEqual([0]);
  });

  test("begins again with 1 after the last id, because 0 names no request", () => {
    const { dispatcher, lanes } = made(1);
    submit(dispatcher);
    endTurn();
    expect(lanes[0]?.current?.id).toBe(1);
  });
});

describe("LaneDispatcher.serveWith", () => {
  test.each<[what: string, more: Partial<DispatchTarget>, gets: number]>([
    ["that is ready", {}, 1],
    ["that is not ready", { state: "starting" }, 0],
    ["that waits for its neighbours", { isHeldBack: true }, 0],
    ["that is being replaced, while there is no other", { isRetiring: true }, 1],
  ])("a process %s gets %o", (_, more, gets) => {
    const { dispatcher, lanes } = made(1, more);
    submit(dispatcher);
    endTurn();
    expect(counts(lanes)).toEqual([gets]);
  });

  test("a process that is being replaced gets nothing beside one that is not", () => {
    const dispatcher = new LaneDispatcher("Test", 100, () => {});
    const [old, fresh] = [targetOf(dispatcher, 1, { isRetiring: true }), targetOf(dispatcher, 1)];
    dispatcher.serveWith([old, fresh]);
    submit(dispatcher);
    endTurn();
    expect([counts(old.lanes), counts(fresh.lanes)]).toEqual([[0], [1]]);
  });

  test("a lane that is lost gets nothing", () => {
    const dispatcher = new LaneDispatcher("Test", 100, () => {});
    const target = targetOf(dispatcher, 2);
    target.lanes[0]?.destroy();
    dispatcher.serveWith([target]);
    submit(dispatcher);
    endTurn();
    expect(counts(target.lanes)).toEqual([0, 1]);
  });
});

describe("LaneDispatcher, when lanes get room", () => {
  test("gives them the next ones", () => {
    const { dispatcher, lanes } = made(1);
    dispatcher.measured(50);
    submit(dispatcher);
    submit(dispatcher);
    endTurn();
    lanes[0]?.takeAll();
    dispatcher.relieved();
    endTurn();
    expect([lanes[0]?.current?.id, dispatcher.queued]).toEqual([2, 0]);
    dispatcher.relieved();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("gives requests that came back their turn first", () => {
    const { dispatcher, lanes } = made(1);
    dispatcher.measured(50);
    const [first] = [submit(dispatcher, { url: "/first" }), submit(dispatcher, { url: "/second" })];
    endTurn();
    lanes[0]?.takeAll();
    dispatcher.requeue([first.exchange]);
    endTurn();
    expect(lanes[0]?.current?.environ.PATH_INFO).toBe("/first");
  });

  test("looks again at a lane that has turned out to be stuck", () => {
    const { dispatcher, lanes } = made(2);
    for (let count = 0; count < 50; count += 1) dispatcher.measured(0);
    for (let count = 0; count < 65; count += 1) submit(dispatcher);
    endTurn();
    expect(dispatcher.queued).toBe(1);
    vi.advanceTimersByTime(2);
    expect([counts(lanes), dispatcher.queued]).toEqual([[64, 1], 0]);
  });
});

describe("LaneDispatcher, of slow paths", () => {
  test("keeps lanes for the others while those come", () => {
    const { dispatcher, lanes } = made(4);
    slow(dispatcher);
    submit(dispatcher);
    for (let count = 0; count < 6; count += 1) submit(dispatcher, { url: "/slow" });
    endTurn();
    const isSlow = lanes.flatMap(({ unanswered }) => unanswered.map((exchange) => exchange.isSlow));
    expect(isSlow.filter(Boolean)).toHaveLength(3);
    expect(dispatcher.queued).toBe(3);
  });

  test("gives them all lanes when there are no others", () => {
    const { dispatcher, lanes } = made(4);
    slow(dispatcher);
    vi.advanceTimersByTime(REMEMBERED_MILLISECONDS);
    for (let count = 0; count < 6; count += 1) submit(dispatcher, { url: "/slow" });
    endTurn();
    expect(counts(lanes)).toEqual([1, 1, 1, 1]);
  });

  test("keeps one lane of eight in the minute after a fast request", () => {
    const { dispatcher, lanes } = made(8);
    dispatcher.answeredIn("/fast", 1);
    slow(dispatcher);
    const fast = submit(dispatcher, { url: "/fast" });
    endTurn();
    lanes[0]?.takeAll();
    vi.advanceTimersByTime(5000);
    for (let count = 0; count < 10; count += 1) submit(dispatcher, { url: "/slow" });
    endTurn();
    expect([fast.exchange.isSlow, counts(lanes).filter((count) => count === 0)]).toEqual([false, [0]]);
  });

  test("sends them alone, and again without waiting for others", () => {
    const { dispatcher, lanes } = made(2);
    dispatcher.measured(0.01);
    slow(dispatcher);
    vi.advanceTimersByTime(REMEMBERED_MILLISECONDS);
    submit(dispatcher, { url: "/slow" });
    submit(dispatcher, { url: "/slow" });
    endTurn();
    expect(counts(lanes)).toEqual([1, 1]);
  });
});

describe("LaneDispatcher.dropStale", () => {
  test("refuses what has waited too long", async () => {
    const { dispatcher } = made(0);
    const old = submit(dispatcher);
    vi.advanceTimersByTime(1500);
    const young = submit(dispatcher);
    dispatcher.dropStale(2100, 2);
    expect([await old.text, young.exchange.isSettled, dispatcher.queued]).toEqual([
      "503 Service Unavailable\n",
      false,
      1,
    ]);
  });

  test("lets go of requests whose clients have left, slow ones too", async () => {
    const { dispatcher } = made(0);
    slow(dispatcher);
    const left = new AbortController();
    const environ = { "tsgi.signal": left.signal };
    const requests = [submit(dispatcher, { environ }), submit(dispatcher, { environ, url: "/slow" })];
    submit(dispatcher, { url: "/slow" });
    left.abort();
    dispatcher.dropStale(0, 30);
    expect(await Promise.all(requests.map(({ text }) => text))).toEqual([
      expect.stringMatching(/^!TestClientGone/),
      expect.stringMatching(/^!TestClientGone/),
    ]);
    expect([dispatcher.queued, dispatcher.refused]).toEqual([1, 0]);
  });
});

test("LaneDispatcher lets a quarter of the lanes have requests whose bodies are still to come", () => {
  const { dispatcher } = made(8);
  expect([dispatcher.beginUpload(), dispatcher.beginUpload(), dispatcher.beginUpload()]).toEqual([true, true, false]);
  dispatcher.endUpload();
  expect(dispatcher.beginUpload()).toBe(true);
});

test("LaneDispatcher counts answers, and learns from how long they took", () => {
  const { dispatcher } = made(1);
  dispatcher.answeredIn("/", 1);
  dispatcher.measured(80);
  expect([dispatcher.answered, dispatcher.estimate, dispatcher.depth]).toEqual([1, 80, 1]);
});
