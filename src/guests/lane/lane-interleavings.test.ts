// Every order in which the threads of a guest and its host can meet on one lane, for three requests. The guest is the small machine of
// docs/lane-protocol.md: a thread that answers, and a watcher that gives back what it has not started. The host is the real Lane. Whatever
// the order, the host understands each frame, no request is lost or ends twice, and the lane serves again afterwards.
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { FrameFlag, FrameType, frameText } from "../../protocols/lane/frame.ts";
import { mockEnviron } from "../../testing/mock-environ.ts";
import { GuestExchange } from "./guest-exchange.ts";
import { Lane, type LaneListener, type LaneOwner } from "./lane.ts";

const REQUESTS = 3;
/** The request whose answer may come in parts, the one that fails, and the one whose answer may come on a connection of its own. */
const STREAMS = 1;
const RAISES = 2;
const PARTS = 3;
const STEPS = [
  "start",
  "begin",
  "part",
  "answer",
  "hint",
  "close",
  "watch",
  "deliver",
  "dispatch",
  "leave",
  "crash",
] as const;
type Step = (typeof STEPS)[number];

/** A guest with a fault: what it does otherwise than the protocol says. */
interface Fault {
  /** RETURNED goes out under the id of the request that was current when the watcher looked. */
  readonly returnsUnderId?: boolean;
  /** FREE is not sent when the request that was current ends. */
  readonly forgetsFree?: boolean;
  /** A request is given back that has been started. */
  readonly returnsStarted?: boolean;
}

/** One run: the guest's machine, and the lane in front of it. */
class Run {
  readonly #fault: Fault;
  readonly #exchanges: GuestExchange[] = [];
  readonly #heads: number[] = [];
  readonly #returned = new Set<number>();
  readonly #taken = new Set<number>();
  readonly #lane: Lane;
  readonly #socket = new EventEmitter();
  /** What the guest has received and not started. */
  #waiting: number[] = [];
  #current: { id: number; phase: "working" | "streaming" | "closing" } | null = null;
  #owesFree = false;
  #hasHinted = false;
  /** Frames on their way to the host: latin-1 texts. */
  #frames: string[] = [];
  #left = new Set<number>();
  #isOver = false;
  /** What the host found wrong. */
  error: Error | null = null;

  constructor(fault: Fault) {
    this.#fault = fault;
    const nothing = (): void => {};
    const socket = Object.assign(this.#socket, {
      write: nothing,
      cork: nothing,
      uncork: nothing,
      pause: nothing,
      resume: nothing,
    });
    const owner: LaneOwner = {
      language: "Model",
      isForeign: false,
      wantsRetirement: nothing,
      ended: (_, error) => {
        this.error ??= error;
      },
      logged: nothing,
      abort: nothing,
      watch: nothing,
      freed: nothing,
    };
    const listener: LaneListener = {
      requeue: (exchanges) => {
        for (const { id } of exchanges) this.#returned.add(id);
      },
      measured: nothing,
      answeredIn: nothing,
      relieved: nothing,
    };
    const hello = {
      kind: "lane",
      process: 0,
      lane: 0,
      thread: "",
      keys: 0,
      maxBatch: 64,
      status: "mmap",
      watcher: "guest",
    } as const;
    this.#lane = new Lane(socket as unknown as Socket, 0, hello, 1000, owner, listener);
    this.#dispatch(2);
  }

  /** Takes a step; false when it cannot be taken now. */
  take(step: Step): boolean {
    if (this.#isOver) return false;
    const current = this.#current;
    switch (step) {
      case "start": {
        const id = this.#waiting[0];
        if (current !== null || id === undefined) return false;
        this.#waiting.shift();
        this.#current = { id, phase: "working" };
        return true;
      }
      case "begin":
        if (current?.phase !== "working" || current.id !== STREAMS) return false;
        this.#send(frameText(FrameType.response, current.id, "200 OK", "a", 0, 200));
        current.phase = "streaming";
        return true;
      case "part": {
        // The other connection may be heard before what the lane has sent.
        const exchange = this.#lane.unanswered.find(({ id }) => id === PARTS);
        if (current?.phase !== "working" || current.id !== PARTS || exchange?.mayAnswerElsewhere !== true) return false;
        exchange.elsewhere = { fail() {} };
        return true;
      }
      case "answer":
        if (current === null || current.phase === "closing") return false;
        if (current.id === RAISES)
          this.#send(frameText(FrameType.fail, current.id, "", "on purpose", FrameFlag.end, 0));
        else if (current.phase === "streaming" || this.#exchanges[current.id - 1]?.elsewhere !== null)
          this.#send(frameText(FrameType.chunk, current.id, "", "b", FrameFlag.end, 0));
        else this.#send(frameText(FrameType.response, current.id, "200 OK", "a", FrameFlag.end, 200));
        current.phase = "closing";
        return true;
      case "hint":
        if (current === null || this.#hasHinted) return false;
        this.#hasHinted = true;
        this.#send(frameText(FrameType.hints, current.id, "", "Link\0</a>", 0, 0));
        return true;
      case "close":
        if (current?.phase !== "closing") return false;
        this.#current = null;
        if (this.#owesFree && this.#fault.forgetsFree !== true) this.#send(frameText(FrameType.free, 0, "", "", 0, 0));
        this.#owesFree = false;
        return true;
      case "watch": {
        if (current === null || this.#waiting.length === 0) return false;
        const ids = this.#fault.returnsStarted === true ? [current.id, ...this.#waiting] : this.#waiting;
        const body = Buffer.concat(ids.map((id) => Buffer.of(id, 0, 0, 0))).toString("latin1");
        this.#send(frameText(FrameType.returned, this.#fault.returnsUnderId === true ? current.id : 0, "", body, 0, 0));
        this.#waiting = [];
        this.#owesFree = true;
        return true;
      }
      case "deliver": {
        const frame = this.#frames.shift();
        if (frame === undefined) return false;
        this.#socket.emit("data", Buffer.from(frame, "latin1"));
        return true;
      }
      case "dispatch":
        if (this.#exchanges.length >= REQUESTS || this.#lane.isHeld || this.#lane.batches > 1) return false;
        this.#dispatch(1);
        return true;
      case "leave": {
        const exchange = this.#lane.current;
        const body = exchange?.responseBody;
        if (exchange === null || body === null || body === undefined || this.#left.has(exchange.id)) return false;
        this.#left.add(exchange.id);
        body.close();
        return true;
      }
      case "crash":
        for (const { id } of this.#lane.takeAll()) this.#taken.add(id);
        this.#isOver = true;
        return true;
    }
  }

  /** What is wrong now, whatever comes next. */
  fault(): string | null {
    if (this.error !== null) return this.error.message;
    const twice = this.#heads.find((count) => count > 1);
    if (twice !== undefined) return "a request was answered twice";
    const both = [...this.#returned].find((id) => this.#exchanges[id - 1]?.isSettled === true);
    return both === undefined ? null : `request ${both} was given back and answered`;
  }

  /** What is wrong when nothing more can happen. */
  lastFault(): string | null {
    const lost = this.#exchanges.find(
      // What comes on a connection of its own ends with that.
      ({ id, isSettled, elsewhere }) =>
        !isSettled && elsewhere === null && !this.#returned.has(id) && !this.#taken.has(id),
    );
    if (lost !== undefined) return `request ${lost.id} is lost`;
    if (this.#isOver) return null;
    const { outstanding, batches } = this.#lane;
    if (outstanding > 0 || batches > 0) return `the lane still waits for ${outstanding} answers in ${batches} batches`;
    return this.#lane.isHeld ? "the lane is held for ever" : null;
  }

  /** All that decides what can happen next. */
  key(): string {
    const { outstanding, batches, isHeld } = this.#lane;
    const told = this.#exchanges.map(({ isSettled, responseBody, elsewhere }) => [
      isSettled,
      responseBody === null,
      elsewhere === null,
    ]);
    const sets = [this.#returned, this.#taken, this.#left].map((set) => [...set]);
    const guest = [this.#waiting, this.#current, this.#owesFree, this.#hasHinted, this.#frames, this.#isOver];
    return JSON.stringify([outstanding, batches, isHeld, this.#lane.current?.id, told, sets, guest]);
  }

  #send(frame: string): void {
    this.#frames.push(frame);
  }

  #dispatch(count: number): void {
    const fresh = Array.from({ length: count }, () => {
      const index = this.#exchanges.length;
      this.#heads.push(0);
      const started = (): (() => void) => {
        this.#heads[index] = (this.#heads[index] ?? 0) + 1;
        return () => {};
      };
      const exchange = new GuestExchange(mockEnviron(), started, null, 0);
      exchange.answer.catch(() => {}); // what the guest's application raised
      exchange.id = index + 1;
      this.#exchanges.push(exchange);
      return exchange;
    });
    this.#lane.dispatch(fresh, true, 0);
    this.#waiting.push(...fresh.map(({ id }) => id));
  }
}

/** Tries every order; gives the states that were seen, and the first order that goes wrong. */
function explore(fault: Fault): { states: number; wrong: string | null } {
  const seen = new Set<string>();
  const paths: Step[][] = [[]];
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    let isLast = true;
    for (const step of STEPS) {
      const run = new Run(fault);
      for (const earlier of path) run.take(earlier);
      if (!run.take(step)) continue;
      if (step !== "crash") isLast = false;
      const way = [...path, step];
      const wrong = run.fault() ?? (step === "crash" ? run.lastFault() : null);
      if (wrong !== null) return { states: seen.size, wrong: `${wrong} after ${way.join(", ")}` };
      const key = run.key();
      if (seen.has(key)) continue;
      seen.add(key);
      paths.push(way);
    }
    if (!isLast || path.includes("crash")) continue;
    const run = new Run(fault);
    for (const earlier of path) run.take(earlier);
    const wrong = run.lastFault();
    if (wrong !== null) return { states: seen.size, wrong: `${wrong} after ${path.join(", ")}` };
  }
  return { states: seen.size, wrong: null };
}

test("in no order is a frame misunderstood, a request lost or answered twice, or the lane left unusable", () => {
  const { states, wrong } = explore({});
  expect(wrong).toBeNull();
  expect(states).toBeGreaterThan(500);
});

test.each<[string, Fault, RegExp]>([
  ["does not say that it is free again", { forgetsFree: true }, /^the lane is held for ever after /],
  ["gives back requests under the id of the one that was current", { returnsUnderId: true }, /got type 70/],
  ["gives back what it has started", { returnsStarted: true }, /given back and answered|Expected a frame/],
])("a guest that %s is found out", (_, fault, wrong) => {
  expect(explore(fault).wrong).toMatch(wrong);
});
