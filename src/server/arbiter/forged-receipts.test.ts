import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { ignoreForgedReceipts } from "./forged-receipts.ts";

/** A child whose channel Node listens to; and what Node hears. */
function child(): { readonly child: ChildProcess; readonly heard: string[]; readonly say: (cmd: string) => void } {
  const heard: string[] = [];
  const emitter = new EventEmitter();
  emitter.on("internalMessage", ({ cmd }: { cmd: string }) => heard.push(cmd));
  return {
    child: emitter as unknown as ChildProcess, // no more of it is used
    heard,
    say: (cmd) => void emitter.emit("internalMessage", { cmd }, undefined),
  };
}

test.each(["NODE_HANDLE_ACK", "NODE_HANDLE_NACK"])("%s is not heard when no handle was sent", (receipt) => {
  const { child: each, heard, say } = child();
  ignoreForgedReceipts(each);
  say(receipt);
  expect(heard).toEqual([]);
});

test("one receipt is heard for each handle that was sent", () => {
  const { child: each, heard, say } = child();
  const sent = ignoreForgedReceipts(each);
  sent();
  sent();
  for (let count = 0; count < 5; count += 1) say("NODE_HANDLE_ACK");
  expect(heard).toEqual(["NODE_HANDLE_ACK", "NODE_HANDLE_ACK"]);
});

test("a handle that was refused is sent again by Node, and its receipt is heard", () => {
  const { child: each, heard, say } = child();
  ignoreForgedReceipts(each)();
  say("NODE_HANDLE_NACK");
  say("NODE_HANDLE_ACK");
  say("NODE_HANDLE_ACK");
  expect(heard).toEqual(["NODE_HANDLE_NACK", "NODE_HANDLE_ACK"]);
});

test("other messages of Node are heard as they come", () => {
  const { child: each, heard, say } = child();
  ignoreForgedReceipts(each);
  say("NODE_HANDLE");
  say("NODE_CLUSTER");
  expect(heard).toEqual(["NODE_HANDLE", "NODE_CLUSTER"]);
});
