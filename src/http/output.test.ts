import { describe, expect, test } from "vitest";

import { SocketStandIn } from "../../test/engine/socket-stand-in.ts";
import { Output } from "./output.ts";

function open(): { socket: SocketStandIn; output: Output } {
  const socket = new SocketStandIn();
  return { socket, output: new Output(socket.asSocket) };
}

const HEAD = "HTTP/1.1 200 OK\r\n\r\n";

describe("Output: head and body", () => {
  test.each([
    ["a small body is joined to its head", 2048, 1],
    ["a larger one is not copied, and leaves with its head all the same", 2049, 2],
  ])("%s", (_title, size, writes) => {
    const { socket, output } = open();
    const uncorked: number[] = [];
    socket.uncork = () => void uncorked.push(socket.writes);
    expect(output.writeWithHead(HEAD, Buffer.alloc(size, "x"))).toBe(true);
    expect(socket.sent).toBe(HEAD + "x".repeat(size));
    expect(socket.writes).toBe(writes);
    expect(uncorked).toEqual(writes === 1 ? [] : [2]);
  });

  test("bytes of the body stay what they are, in any kind of array", () => {
    const { socket, output } = open();
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
    output.writeWithHead("", bytes.subarray(10, 290));
    output.writeWithHead("", Buffer.from(bytes.subarray(0, 3)));
    expect(socket.sent).toBe(Buffer.from([...bytes.subarray(10, 290), 0, 1, 2]).toString("latin1"));
  });

  test("a chunk stands in its frame, behind its head when it is the first", () => {
    const { socket, output } = open();
    output.writeChunk(Buffer.from("hello world, hello"), HEAD);
    output.writeChunk(Buffer.alloc(3000, "x"));
    expect(socket.sent).toBe(`${HEAD}12\r\nhello world, hello\r\nbb8\r\n${"x".repeat(3000)}\r\n`);
  });
});

describe("Output: a client that does not read", () => {
  test("has no room from 64 KiB on, until it has taken what waits", async () => {
    const { socket, output } = open();
    socket.isStuck = true;
    expect(output.write(Buffer.alloc(65_535))).toBe(true);
    expect(output.write(Buffer.alloc(1))).toBe(false);
    expect([output.hasRoom, output.isEmpty]).toEqual([false, false]);
    let isDrained = false;
    const drained = output.drained().then(() => (isDrained = true));
    await Promise.resolve();
    expect(isDrained).toBe(false);
    socket.take();
    output.drain();
    await drained;
    expect([output.hasRoom, output.isEmpty]).toEqual([true, true]);
    await output.drained();
    expect(socket.isEnded, "nobody has asked for the end").toBe(false);
  });

  test("is sent no more than a slice at a time, and waited for until it has room", async () => {
    const { socket, output } = open();
    socket.isStuck = true;
    output.write(Buffer.alloc(600_000));
    output.end();
    let isDrained = false;
    const drained = output.drained().then(() => (isDrained = true));
    socket.take();
    expect([output.hasRoom, output.isEmpty], "the rest waits for its turn").toEqual([false, false]);
    output.drain();
    await Promise.resolve();
    expect([socket.sent.length, isDrained, socket.isEnded]).toEqual([524_288, false, false]);
    socket.take();
    output.drain();
    expect([socket.sent.length, socket.isEnded]).toEqual([600_000, true]);
    socket.take();
    output.drain();
    await drained;
  });

  test("gets large bodies in slices, in order, each when there is room", () => {
    const { socket, output } = open();
    socket.isStuck = true;
    const body = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251));
    output.write(body);
    output.write(Buffer.from("next"));
    output.writeWithHead("head", Buffer.from("small"));
    output.end();
    expect([socket.sent.length, socket.isEnded]).toEqual([262_144, false]);
    while (!output.isEmpty) {
      socket.take();
      output.drain();
    }
    expect(socket.sent).toBe(`${body.toString("latin1")}nextheadsmall`);
    expect(socket.isEnded, "our side ends behind all of it").toBe(true);
  });

  test("a large body goes out at once where there is room", () => {
    const { socket, output } = open();
    output.write(Buffer.alloc(600_000));
    expect([socket.writes, socket.sent.length, output.isEmpty]).toEqual([3, 600_000, true]);
    output.end();
    expect(socket.isEnded).toBe(true);
  });

  test("is not waited for any more once it is given up", async () => {
    const { socket, output } = open();
    socket.isStuck = true;
    output.write(Buffer.alloc(600_000));
    const drained = output.drained();
    output.release();
    await drained;
    socket.take();
    output.drain();
    expect(socket.sent.length, "what was sliced is forgotten").toBe(262_144);
  });
});

describe("Output: stalled", () => {
  test("is a client that takes nothing for longer than the limit; any byte counts", () => {
    const { socket, output } = open();
    socket.isStuck = true;
    expect(output.isStalled(0, 60)).toBe(false);
    output.write(Buffer.alloc(1000));
    expect(output.isStalled(100, 60)).toBe(false);
    expect(output.isStalled(160, 60)).toBe(false);
    socket.take(1);
    expect(output.isStalled(161, 60)).toBe(false);
    expect(output.isStalled(221, 60)).toBe(false);
    expect(output.isStalled(222, 60)).toBe(true);
  });

  test("is nobody who has taken everything", () => {
    const { socket, output } = open();
    socket.isStuck = true;
    output.write(Buffer.alloc(1000));
    expect(output.isStalled(1, 60)).toBe(false);
    socket.take();
    expect(output.isStalled(1000, 60)).toBe(false);
    output.write(Buffer.alloc(1000));
    expect(output.isStalled(2000, 60), "the time begins anew").toBe(false);
  });
});
