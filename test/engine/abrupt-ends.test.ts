import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import { inFull } from "../in-full.ts";
import { makeConnection, Random } from "./mutations.ts";
import { spawnServer, type SpawnedServer } from "./spawn-server.ts";

const CONNECTIONS = inFull(5000, 10_000);
const BATCH = 100;
const SEED = 20_261_121;
const GET = "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const REQUESTS = [
  "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n",
  "GET /down?3000000 HTTP/1.1\r\nHost: h\r\n\r\n",
  "GET /down-length?300000 HTTP/1.1\r\nHost: h\r\n\r\n",
  "GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n",
  `POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n${"x".repeat(20_000)}`,
  `POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${"5\r\nhello\r\n".repeat(500)}0\r\nA: b\r\n\r\n`,
  "POST /up HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n0123456789",
  "POST /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nunread",
  "GET / HTTP/1.1\r\nbad\r\n\r\n",
];

/** Opens a connection, sends some bytes of a request, waits or not, reads or not, and leaves in one way or another. */
function visit(server: SpawnedServer, random: Random): Promise<void> {
  const request = random.pick(REQUESTS);
  const bytes = Buffer.from(request.slice(0, 1 + random.below(request.length)), "latin1");
  const [isReset, isReading, pauseMs] = [random.below(2) === 0, random.below(2) === 0, random.below(4) * 3];
  return new Promise((resolve) => {
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    if (isReading) socket.resume();
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.on("connect", () => {
      socket.write(bytes);
      setTimeout(() => {
        if (isReset) socket.resetAndDestroy();
        else socket.destroy();
      }, pauseMs);
    });
  });
}

async function visitOften(server: SpawnedServer, random: Random, count: number): Promise<void> {
  for (let done = 0; done < count; done += BATCH) {
    await Promise.all(Array.from({ length: BATCH }, () => visit(server, random)));
  }
}

/** Waits until the process has no connection left. */
async function atRest(server: SpawnedServer): ReturnType<SpawnedServer["state"]> {
  for (;;) {
    const state = await server.state();
    if (state.connections === 0) return state;
    await sleep(100);
  }
}

const socketsOf = (resources: readonly string[]): number =>
  resources.filter((kind) => /^T(CPSocket|LSSocket)Wrap$/.test(kind)).length;
const timersOf = (resources: readonly string[]): number => resources.filter((kind) => kind === "Timeout").length;

describe("a server process", () => {
  test(`holds nothing after ${CONNECTIONS} connections that were dropped at any byte, by either way of leaving`, async () => {
    const server = await spawnServer("127.0.0.1", { lingerSeconds: 0.5, headTimeoutSeconds: 2 });
    const random = new Random(SEED);
    await visitOften(server, random, 1000);
    const before = await atRest(server);
    const descriptorsBefore = server.descriptors;
    await visitOften(server, random, CONNECTIONS);
    // An application that was writing when its client left may still wait a moment for its own timer.
    await expect
      .poll(async () => timersOf((await server.state()).resources))
      .toBeLessThanOrEqual(timersOf(before.resources));
    const after = await atRest(server);
    expect(server.isRunning).toBe(true);
    expect(socketsOf(after.resources)).toBe(0);
    expect(server.descriptors).toBeLessThanOrEqual(descriptorsBefore);
    // Five thousand connections that left 400 bytes each would show.
    expect(after.heapBytes - before.heapBytes).toBeLessThan(2_000_000);
    expect(after.outsideBytes - before.outsideBytes).toBeLessThan(2_000_000);
    expect((await rawRequest(server.address, GET)).text).toMatch(/HTTP\/1\.1 GET \/hello$/);
  });

  test("survives random and damaged bytes, and still answers", async () => {
    const server = await spawnServer("127.0.0.1", { lingerSeconds: 0.5, headTimeoutSeconds: 1 });
    const random = new Random(SEED);
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const noise = Buffer.from(Array.from({ length: random.below(400) }, () => random.below(256)));
          const bytes = index % 2 === 0 ? noise : Buffer.concat([Buffer.from(makeConnection(random), "latin1"), noise]);
          return rawRequest(server.address, bytes, { halfClose: true, split: 1 + random.below(200) });
        }),
      );
      expect((await rawRequest(server.address, GET)).text).toMatch(/^HTTP\/1\.1 200 /);
    }
    expect((await atRest(server)).connections).toBe(0);
  });
});
