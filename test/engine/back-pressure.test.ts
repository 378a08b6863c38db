import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import type { WSGIApplication, WSGIBody } from "../../src/wsgi/types.ts";
import { answering, ignoreApp } from "./applications.ts";
import { eventually, serve } from "./serve.ts";
import { Wire } from "./wire.ts";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const BLOCK = Buffer.alloc(65_536, 120);
/** What the system's socket buffers may take before the server is told to wait. */
const SYSTEM_BYTES = 16_000_000;
const TOTAL_BYTES = 64_000_000;

/** Waits until `count` has stopped growing for a while. */
async function settled(count: () => number): Promise<number> {
  for (let before = -1; before !== count();) {
    before = count();
    await sleep(300);
  }
  return count();
}

describe("a client that does not read", () => {
  let pulled = 0;
  const bodies: [string, () => WSGIBody][] = [
    [
      "a generator",
      function* blocks(): Generator<Uint8Array> {
        for (pulled = 0; pulled < TOTAL_BYTES; pulled += BLOCK.length) yield BLOCK;
      },
    ],
    [
      "an async generator",
      async function* blocks(): AsyncGenerator<Uint8Array> {
        for (pulled = 0; pulled < TOTAL_BYTES; pulled += BLOCK.length) yield BLOCK;
      },
    ],
    [
      "a generator of small chunks",
      function* blocks(): Generator<Uint8Array> {
        for (pulled = 0; pulled < TOTAL_BYTES; pulled += 500) yield BLOCK.subarray(0, 500);
      },
    ],
  ];

  test.each(bodies)("stops %s, and gets all of it once it reads", async (_title, body) => {
    const { address } = await serve(answering(body));
    const wire = await Wire.open(address);
    wire.socket.pause();
    wire.send(GET.replace("1.1", "1.0"));
    await eventually(() => pulled > 0);
    expect(await settled(() => pulled)).toBeLessThan(SYSTEM_BYTES);
    let received = 0;
    wire.socket.removeAllListeners("data");
    wire.socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    wire.socket.resume();
    await wire.ended();
    expect(received).toBeGreaterThanOrEqual(TOTAL_BYTES);
  });

  test("stops write() that is awaited", async () => {
    let written = 0;
    const application: WSGIApplication = async (_environ, startResponse) => {
      const write = startResponse("200 OK", []);
      for (; written < TOTAL_BYTES; written += BLOCK.length) await write(BLOCK);
      return [];
    };
    const { address } = await serve(application);
    const wire = await Wire.open(address);
    wire.socket.pause();
    wire.send(GET);
    await eventually(() => written > 0);
    expect(await settled(() => written)).toBeLessThan(SYSTEM_BYTES);
    wire.socket.removeAllListeners("data");
    wire.socket.resume();
    await eventually(() => written >= TOTAL_BYTES);
  });

  test("gets what write() was given without waiting, in order", async () => {
    const parts = Array.from({ length: 300 }, (_, index) => Buffer.alloc(1 + ((index * 7919) % 60_000), index % 256));
    const { address } = await serve((_environ, startResponse) => {
      const write = startResponse("200 OK", [["Content-Length", String(Buffer.concat(parts).length)]]);
      for (const part of parts) void write(part);
      return [];
    });
    const wire = await Wire.open(address);
    wire.send(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    const text = await wire.ended();
    expect(Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1").equals(Buffer.concat(parts))).toBe(true);
  });

  test("and pipelines gets no further request begun while answers wait", async () => {
    let calls = 0;
    const { address } = await serve((environ, startResponse) => {
      calls += 1;
      return answering(() => [Buffer.alloc(1_000_000)])(environ, startResponse);
    });
    const wire = await Wire.open(address);
    wire.socket.pause();
    wire.send(GET.repeat(200));
    await eventually(() => calls > 0);
    expect((await settled(() => calls)) * 1_000_000).toBeLessThan(SYSTEM_BYTES);
    wire.socket.resume();
    await eventually(() => calls === 200);
  });
});

describe("an application that does not read", () => {
  test.each([
    ["a length", `Content-Length: ${TOTAL_BYTES}\r\n\r\n`, BLOCK],
    [
      "chunks",
      "Transfer-Encoding: chunked\r\n\r\n",
      Buffer.concat([Buffer.from("10000\r\n"), BLOCK, Buffer.from("\r\n")]),
    ],
    ["chunks of one byte", "Transfer-Encoding: chunked\r\n\r\n", Buffer.from("1\r\nx\r\n".repeat(10_000))],
  ])("stops the client's body with %s", async (_title, head, block) => {
    let isCalled = false;
    const { address } = await serve(async () => {
      isCalled = true;
      return new Promise(() => {});
    });
    const wire = await Wire.open(address);
    wire.send(`POST / HTTP/1.1\r\nHost: h\r\n${head}`);
    await eventually(() => isCalled);
    let sent = 0;
    const sending = { isOn: true };
    const writer = (async () => {
      while (sending.isOn && sent < TOTAL_BYTES) {
        if (!wire.socket.write(block)) {
          await Promise.race([new Promise((resolve) => wire.socket.once("drain", resolve)), sleep(500)]);
          if (wire.socket.writableLength > 0) continue;
        }
        sent += block.length;
        if (wire.socket.writableLength > 4_000_000) break;
      }
    })();
    expect(await settled(() => wire.socket.bytesWritten - wire.socket.writableLength)).toBeLessThan(SYSTEM_BYTES);
    sending.isOn = false;
    wire.socket.destroy();
    await writer;
  });
});

test("a client that sends slowly does not hold up another one", async () => {
  let isReading = false;
  const { address } = await serve(async (environ, startResponse) => {
    if (environ.PATH_INFO === "/slow") {
      isReading = true;
      await environ["wsgi.input"].read();
    }
    return ignoreApp(environ, startResponse);
  });
  const slow = await Wire.open(address);
  slow.send("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345");
  await eventually(() => isReading);
  const quick = await Wire.open(address);
  for (let count = 1; count <= 5; count += 1) {
    quick.send(GET);
    await quick.until(() => quick.statuses.length === count);
  }
  expect(slow.text).toBe("");
  slow.send("67890");
  await slow.until("ok");
});

test("requests that come while one is answered wait without filling memory", async () => {
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  let calls = 0;
  const { address } = await serve(async (environ, startResponse) => {
    calls += 1;
    await gate;
    return ignoreApp(environ, startResponse);
  });
  const wire = await Wire.open(address);
  const count = 200_000;
  wire.send(GET.repeat(count));
  expect(await settled(() => wire.socket.bytesWritten - wire.socket.writableLength)).toBeLessThan(SYSTEM_BYTES);
  expect(calls).toBe(1);
  go();
  await eventually(() => calls > 1000);
});
