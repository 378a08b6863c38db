import { expect, onTestFinished, test, vi } from "vitest";
import { asked, lanePair, settled, type Asked, type LanePair } from "../../../test/lane/lane-pair.ts";
import { FrameFlag, FrameType, frameText } from "../../protocols/lane/frame.ts";
import { LaneWatch } from "./lane-watch.ts";

interface Watched extends LanePair {
  readonly recalls: number[];
  /** Sends a batch of requests with these ids. */
  readonly send: (...ids: readonly number[]) => readonly Asked[];
  /** What the guest has written. */
  guestSays: { started: number; kept: Buffer };
  readonly tick: () => void;
}

/** A lane whose guest does not watch, among so many. */
function watched(lanes = 1): Watched {
  vi.useFakeTimers();
  const pair = lanePair({ watcher: "host" });
  const guestSays = { started: 0, kept: Buffer.alloc(0) };
  const recalls: number[] = [];
  const status = {
    started: () => guestSays.started,
    kept: () => guestSays.kept,
    recall: (_: number, id: number) => recalls.push(id),
  };
  const watch = new LaneWatch(status, () => [pair.lane, ...Array.from({ length: lanes - 1 }, () => lanePair({}).lane)]);
  watch.wake();
  onTestFinished(() => {
    watch.stop();
    vi.useRealTimers();
  });
  const send: Watched["send"] = (...ids) => {
    const requests = ids.map((id) => asked({ id }));
    pair.lane.dispatch(
      requests.map(({ exchange }) => exchange),
      true,
      0,
    );
    return requests;
  };
  return { ...pair, recalls, send, guestSays, tick: () => watch.tick() };
}

const answer = (id: number): string => frameText(FrameType.response, id, "200 OK", `${id}`, FrameFlag.end, 200);

test("LaneWatch leaves a lane alone whose guest goes on to the next request", () => {
  const { lane, guestSays, tick, recalls, send } = watched();
  send(1, 2, 3, 4);
  for (guestSays.started = 1; guestSays.started < 4; guestSays.started += 1) tick();
  expect([lane.outstanding, recalls]).toEqual([4, []]);
});

test("LaneWatch collects what a guest keeps, and takes back what waits behind a slow request", async () => {
  const { lane, guest, guestSays, tick, recalls, told, send } = watched();
  const requests = send(1, 2, 3, 4);
  guestSays.started = 2;
  guestSays.kept = Buffer.from(answer(1), "latin1");
  tick();
  expect(lane.outstanding).toBe(4);
  tick();
  expect([lane.current?.id, recalls, lane.isHeld]).toEqual([2, [4], true]);
  tick();
  expect(lane.unanswered.map(({ id }) => id)).toEqual([2]);
  expect(told).toContain("requeue: 3 4");
  // The guest sends what it has kept, drops the others, and is free.
  vi.useRealTimers();
  guest.respond(1, "1");
  guest.respond(2, "2");
  guest.giveBack(3, 4);
  guest.send(FrameType.free, 0);
  expect(await requests[0]?.text).toBe("1");
  expect(await requests[1]?.text).toBe("2");
  await settled();
  expect([lane.isHeld, lane.outstanding]).toEqual([false, 0]);
  expect(told).toContain("freed: 0");
});

test("LaneWatch leaves the last request to a guest that has started it meanwhile", () => {
  const { lane, guestSays, tick, recalls, send } = watched();
  send(1, 2);
  guestSays.started = 1;
  tick();
  tick();
  guestSays.started = 2;
  tick();
  expect([lane.outstanding, lane.isHeld, recalls]).toEqual([2, false, [2, 0]]);
});

test("LaneWatch takes nothing from a guest that writes while it is read", () => {
  const { lane, guestSays, tick, send } = watched();
  send(1, 2, 3);
  guestSays.started = 2;
  tick();
  const kept = Buffer.from(answer(1), "latin1");
  Object.defineProperty(guestSays, "kept", {
    get() {
      guestSays.started = 3;
      return kept;
    },
  });
  tick();
  expect(lane.current?.id).toBe(1);
});

test("LaneWatch does not take back what was sent after the guest had noticed by itself", async () => {
  const { lane, guest, guestSays, tick, recalls, send } = watched();
  send(1, 2);
  guestSays.started = 1;
  tick();
  tick();
  vi.useRealTimers();
  guest.respond(1);
  guest.giveBack(2);
  guest.send(FrameType.free, 0);
  await settled();
  send(3, 4);
  tick();
  expect([lane.outstanding, recalls]).toEqual([2, [2]]);
});

test.each([
  { lanes: 1, early: 11, late: 13 },
  { lanes: 2, early: 3, late: 5 },
])(
  "LaneWatch has looked twice at one of $lanes lanes after $late ms, and not after $early",
  ({ lanes, early, late }) => {
    const { lane, guestSays, send } = watched(lanes);
    send(1, 2);
    guestSays.started = 1;
    vi.advanceTimersByTime(early);
    expect(lane.isHeld).toBe(false);
    vi.advanceTimersByTime(late - early);
    expect(lane.isHeld).toBe(true);
  },
);
