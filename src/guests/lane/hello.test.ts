import { describe, expect, test } from "vitest";
import { parseHello } from "./hello.ts";
import { MAX_BATCH } from "./policy.ts";

const CONTROL = { protocol: 1, token: "secret", process: 0, lane: -1, pid: 4711 };
const LANE = { protocol: 1, token: "secret", process: 2, lane: 3 };

function parse(hello: unknown): unknown {
  return parseHello(JSON.stringify(hello));
}

describe("parseHello", () => {
  test("a control channel: who runs, and how it writes its stacks", () => {
    const dump = { signal: 61, format: "faulthandler" };
    expect(parse({ ...CONTROL, language: "Python", version: "3.13.1", dump })).toEqual({
      token: "secret",
      hello: { kind: "control", process: 0, pid: 4711, language: "Python", version: "3.13.1", dump },
    });
  });

  test("a control channel that says only what it must", () => {
    const hello = { kind: "control", process: 0, pid: 4711, language: "", version: "", dump: null };
    expect(parse(CONTROL)).toEqual({ token: "secret", hello });
  });

  test("a lane: its thread, and what its guest is able to do", () => {
    expect(parse({ ...LANE, watcher: "host" })).toMatchObject({ hello: { watcher: "host" } });
    expect(parse({ ...LANE, thread: "0x7f", keys: 16, maxBatch: 1, status: "none" })).toEqual({
      token: "secret",
      hello: {
        kind: "lane",
        process: 2,
        lane: 3,
        thread: "0x7f",
        keys: 16,
        maxBatch: 1,
        status: "none",
        watcher: "guest",
      },
    });
  });

  test("a lane that says only what it must: whole batches, no lists of keys, the file mapped", () => {
    const hello = {
      kind: "lane",
      process: 2,
      lane: 3,
      thread: "",
      keys: 0,
      maxBatch: MAX_BATCH,
      status: "mmap",
      watcher: "guest",
    };
    expect(parse(LANE)).toEqual({ token: "secret", hello });
  });

  test("a connection for the answer to one request", () => {
    const hello = { kind: "answer", process: 2, lane: 3, request: 4_294_967_295 };
    expect(parse({ ...LANE, request: 4_294_967_295 })).toEqual({ token: "secret", hello });
  });

  test.each<[what: string, hello: unknown]>([
    ["no object", null],
    ["the answer to a request on the control channel", { ...CONTROL, request: 1 }],
    ["the answer to half a request", { ...LANE, request: 1.5 }],
    ["the answer to no number", { ...LANE, request: null }],
    ["another protocol", { ...CONTROL, protocol: 2 }],
    ["no token", { ...CONTROL, token: undefined }],
    ["a process that is no number", { ...CONTROL, process: "0" }],
    ["no lane", { ...CONTROL, lane: undefined }],
    ["a lane below the control channel", { ...LANE, lane: -2 }],
    ["half a lane", { ...LANE, lane: 0.5 }],
    ["no process id", { ...CONTROL, pid: undefined }],
    ["the id of a group of processes", { ...CONTROL, pid: -4711 }],
    ["the id of all processes", { ...CONTROL, pid: 0 }],
    ["the id of the first process", { ...CONTROL, pid: 1 }],
    ["a path for a process id", { ...CONTROL, pid: "../x" }],
    ["a language of two lines", { ...CONTROL, language: "Python\nerror: forged" }],
    ["a version without end", { ...CONTROL, version: "1".repeat(100) }],
    ["a dump by signal 0", { ...CONTROL, dump: { signal: 0, format: "lines" } }],
    ["a dump by SIGKILL", { ...CONTROL, dump: { signal: 9, format: "lines" } }],
    ["a dump in no format", { ...CONTROL, dump: { signal: 61 } }],
    ["a thread of two lines", { ...LANE, thread: "a\nb" }],
    ["keys below zero", { ...LANE, keys: -1 }],
    ["no request at a time", { ...LANE, maxBatch: 0 }],
    ["half a request at a time", { ...LANE, maxBatch: 1.5 }],
    ["an unknown use of the status file", { ...LANE, status: "pipe" }],
    ["nobody to watch", { ...LANE, watcher: "nobody" }],
    ["several requests at a time, of which nobody knows which was started", { ...LANE, maxBatch: 2, status: "none" }],
  ])("refuses %s", (_what, hello) => {
    expect(parse(hello)).toBeNull();
  });
});
