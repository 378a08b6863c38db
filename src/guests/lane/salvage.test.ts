import { expect, test } from "vitest";
import { asked, lanePair, settled, type Asked } from "../../../test/lane/lane-pair.ts";
import { FrameFlag, FrameType, frameText } from "../../protocols/lane/frame.ts";
import type { LaneHello } from "./hello.ts";
import { salvage, type ProcessEnd } from "./salvage.ts";

const CRASH: ProcessEnd = { language: "Test", reason: "signal SIGSEGV", report: "the report", wasExpected: false };

/** A process with one lane that has requests 1 to 3. */
async function crashed(hello: Partial<LaneHello> = {}): Promise<{
  requests: readonly Asked[];
  salvaged: (started: number, kept?: string, end?: Partial<ProcessEnd>) => number[];
  closed: () => boolean;
}> {
  const { lane, guest } = lanePair(hello);
  const requests = [1, 2, 3].map((id) => asked({ id, url: `/${id}` }));
  lane.dispatch(
    requests.map(({ exchange }) => exchange),
    true,
    0,
  );
  guest.send(FrameType.response, 1, { head: "200 OK", body: "half " });
  await settled();
  return {
    requests,
    salvaged(started, kept = "", end = {}) {
      const status = { started: () => started, kept: () => Buffer.from(kept, "latin1") };
      return salvage({ pid: 77, lanes: [lane] }, status, { ...CRASH, ...end }).map(({ id }) => id);
    },
    closed: () => lane.isLost,
  };
}

function texts(requests: readonly Asked[]): Promise<string[]> {
  return Promise.all(requests.map(({ text }) => text));
}

test("salvage breaks off what had begun to be answered, answers what was begun, and gives the rest to others", async () => {
  const { requests, salvaged, closed } = await crashed();
  expect(salvaged(2)).toEqual([3]);
  expect(await texts(requests.slice(0, 2))).toEqual([
    "half !TestProcessDied: The Test process 77 ended (signal SIGSEGV) while it worked on GET /1",
    "502 Bad Gateway\n",
  ]);
  expect([requests[2]?.exchange.isSettled, requests[2]?.exchange.endedProcesses, closed()]).toEqual([false, 0, true]);
});

test("salvage answers with what the process had finished and not sent, but not where something of it was sent", async () => {
  const whole = (id: number, body: string): string =>
    frameText(FrameType.response, id, "200 OK", body, FrameFlag.end, 200);
  const { requests, salvaged } = await crashed();
  expect(salvaged(3, whole(1, "half and all") + whole(2, "kept"))).toEqual([]);
  expect(await texts(requests)).toEqual([expect.stringMatching(/^half !TestProcessDied/), "kept", "502 Bad Gateway\n"]);
});

test("salvage does not blame the process for a request whose client had left", async () => {
  const { requests, salvaged } = await crashed();
  if (requests[1] !== undefined) requests[1].exchange.abandonedAt = 1;
  salvaged(2);
  expect(await requests[1]?.text).toMatch(/^!TestClientGone/);
});

test("salvage takes all for begun where the guest does not say what it has begun: nothing runs twice", async () => {
  const { requests, salvaged } = await crashed({ status: "none", maxBatch: 1 });
  expect(salvaged(0)).toEqual([]);
  expect((await texts(requests)).slice(1)).toEqual(["502 Bad Gateway\n", "502 Bad Gateway\n"]);
});

test("salvage suspects requests where none was begun: they go alone, and to three processes at most", async () => {
  const { requests, salvaged } = await crashed();
  expect(salvaged(0)).toEqual([1, 2, 3]);
  expect(requests.map(({ exchange }) => [exchange.isSlow, exchange.endedProcesses])).toEqual([
    [true, 1],
    [true, 1],
    [true, 1],
  ]);
  const again = async (): Promise<number[]> => {
    const { lane } = lanePair();
    lane.dispatch([(requests[1] as Asked).exchange], false, 0);
    await settled();
    const status = { started: () => 0, kept: () => Buffer.alloc(0) };
    return salvage({ pid: 78, lanes: [lane] }, status, CRASH).map(({ id }) => id);
  };
  expect([await again(), await again()]).toEqual([[2], []]);
  expect(await requests[1]?.text).toBe("502 Bad Gateway\n");
});

test("salvage suspects nothing of a process that was told to end", async () => {
  const { requests, salvaged } = await crashed();
  expect(salvaged(0, "", { wasExpected: true })).toEqual([1, 2, 3]);
  expect(requests.every(({ exchange }) => exchange.endedProcesses === 0 && !exchange.isSlow)).toBe(true);
});
