import { describe, expect, test } from "vitest";

import type { ServiceError } from "../http/errors.ts";
import { mockEnviron } from "../testing/mock-environ.ts";
import type { ApplicationRun } from "../wsgi/handler.ts";
import { StringErrorStream } from "../wsgi/string-error-stream.ts";
import type { WSGIEnvironment } from "../wsgi/types.ts";
import { type AnswerInFlight, type Flight, InFlight, type InFlightOptions } from "./in-flight.ts";

interface Bench {
  readonly inFlight: InFlight;
  /** Milliseconds. */
  readonly clock: { now: number };
  /** A request whose application works on; what happens to it is written down. */
  readonly begin: (isSent?: boolean) => { flight: Flight; run: { isWorking: boolean }; heard: string[] };
}

function open(options: InFlightOptions = {}): Bench {
  const clock = { now: 0 };
  const inFlight = new InFlight(options, new StringErrorStream(), () => clock.now);
  const begin: Bench["begin"] = (isSent = false) => {
    const heard: string[] = [];
    const run: ApplicationRun & { isWorking: boolean } = {
      isWorking: true,
      listener: null,
      abort: (reason) => void heard.push(`abort ${(reason as ServiceError).code}`),
    };
    const answer: AnswerInFlight & { isOver: boolean } = {
      isSent,
      isOver: false,
      signal: new AbortController().signal,
      left: (reason: Error) => void heard.push(`left ${(reason as ServiceError).code}`),
      fail(error: unknown): void {
        heard.push(`fail ${(error as ServiceError).status}`);
        answer.isOver = true;
        flight.over();
      },
    };
    const flight: Flight = inFlight.add(mockEnviron(), answer, run);
    return { flight, run, heard };
  };
  return { inFlight, clock, begin };
}

describe("InFlight: places", () => {
  test("are taken until the answer is over", () => {
    const { inFlight, begin } = open();
    const { flight, run } = begin();
    run.isWorking = false;
    expect(inFlight.size).toBe(1);
    flight.over();
    expect(inFlight.size).toBe(0);
  });

  test("stay taken while the application works on although nobody waits any more", () => {
    const { inFlight, begin } = open();
    const { flight } = begin();
    flight.over();
    expect(inFlight.size).toBe(1);
    flight.run.listener?.rested();
    expect(inFlight.size).toBe(0);
  });

  test("are bounded", () => {
    const { inFlight, begin } = open({ maxInFlight: 1 });
    expect(inFlight.begin()).toBeNull();
    const { flight, run } = begin();
    expect(inFlight.begin()).toMatchObject({ status: 503, code: "ERR_TSGI_TOO_MANY_REQUESTS" });
    run.isWorking = false;
    flight.over();
    expect(inFlight.begin()).toBeNull();
    expect(inFlight.requestCount, "refused ones count").toBe(3);
  });

  test("are without bound unless there is a limit", () => {
    const { inFlight, begin } = open();
    for (let index = 0; index < 100; index += 1) begin();
    expect(inFlight.begin()).toBeNull();
  });
});

test("InFlight tells of each request that begins", () => {
  const counts: number[] = [];
  const { inFlight } = open({ begun: (count) => void counts.push(count) });
  inFlight.begin();
  inFlight.begin();
  expect(counts).toEqual([1, 2]);
});

describe("InFlight: time", () => {
  test("is up for requests whose answer has not begun: they are answered, told about and aborted", () => {
    const told: [WSGIEnvironment, number][] = [];
    const { inFlight, clock, begin } = open({
      timeoutSeconds: 10,
      timedOut: (environ, seconds) => void told.push([environ, seconds]),
    });
    const { flight, heard } = begin();
    clock.now = 10_000;
    inFlight.tick();
    expect(heard).toEqual([]);
    clock.now = 10_001;
    inFlight.tick();
    inFlight.tick();
    expect(heard).toEqual(["left ERR_TSGI_TIMEOUT", "fail 504", "abort ERR_TSGI_TIMEOUT"]);
    expect(told).toEqual([[flight.environ, 10.001]]);
    expect([flight.isTimedOut, inFlight.size]).toEqual([true, 1]);
  });

  test("is not up for an answer that has begun, nor where there is no limit", () => {
    for (const [options, isSent] of [
      [{ timeoutSeconds: 10 }, true],
      [{}, false],
    ] as const) {
      const { inFlight, clock, begin } = open(options);
      const { heard } = begin(isSent);
      clock.now = 1e9;
      inFlight.tick();
      expect(heard).toEqual([]);
    }
  });
});

test("InFlight lists what is in flight, with its age", () => {
  const { inFlight, clock, begin } = open();
  clock.now = 1000;
  const { flight } = begin(true);
  clock.now = 3500;
  expect(inFlight.requests()).toEqual([{ environ: flight.environ, elapsedSeconds: 2.5, isSent: true, isOver: false }]);
});
