import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { FrameType } from "../../protocols/lane/frame.ts";
import { readControlMessage } from "./control-messages.ts";

function read(type: number, text: string): unknown {
  const body = Buffer.from(text);
  return readControlMessage({ type, flags: 0, aux: 0, id: 0, head: "", body, totalBytes: -1 });
}

test.each<[name: string, type: number, message: unknown, read: unknown]>([
  ["READY", FrameType.ready, { pid: 7 }, { kind: "ready", ready: { address: null, modules: [], hooks: [] } }],
  [
    "READY of a script",
    FrameType.ready,
    { address: ["127.0.0.1", 80], modules: ["/a.py"], hooks: ["post_fork"] },
    { kind: "ready", ready: { address: ["127.0.0.1", 80], modules: ["/a.py"], hooks: ["post_fork"] } },
  ],
  ["BROKEN", FrameType.broken, { message: "m" }, { kind: "broken", message: "m", stack: "", mistake: null }],
  [
    "BROKEN by a mistake",
    FrameType.broken,
    { message: "m", stack: "s", kind: "syntax" },
    { kind: "broken", message: "m", stack: "s", mistake: "syntax" },
  ],
  ["EXITED", FrameType.exited, { pid: 4711, status: -9 }, { kind: "exited", pid: 4711, status: -9 }],
  ["LOG", FrameType.log, { level: "info", message: "m" }, { kind: "log", level: "info", message: "m" }],
  ["MODULES", FrameType.modules, ["/a.py"], { kind: "modules", modules: ["/a.py"] }],
  ["another type", FrameType.hello, null, null],
])("readControlMessage reads %s", (_name, type, message, expected) => {
  expect(read(type, JSON.stringify(message))).toEqual(expected);
});

test.each<[what: string, type: number, text: string]>([
  ["READY with an address without a port", FrameType.ready, '{"address":["::1"]}'],
  ["READY with modules that are no list", FrameType.ready, '{"modules":"/a.py"}'],
  ["BROKEN without a message", FrameType.broken, "{}"],
  ["EXITED of the first process", FrameType.exited, '{"pid":1,"status":0}'],
  ["EXITED of a group", FrameType.exited, '{"pid":-4711,"status":0}'],
  ["LOG of nothing", FrameType.log, ""],
  ["MODULES of no JSON", FrameType.modules, "["],
])("readControlMessage refuses %s", (_what, type, text) => {
  expect(() => read(type, text)).toThrow(/^The guest sent [A-Z]+ with something else than its members$/);
});
