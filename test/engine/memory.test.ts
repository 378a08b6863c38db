// Bodies of 256 MB in both directions: memory must not grow with them. The gigabyte versions are benchmarks.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { describe, expect, test } from "vitest";

import { program } from "../needs.ts";
import { spawnServer, type SpawnedServer } from "./spawn-server.ts";

const run = promisify(execFile);
const BYTES = 256_000_000;
/**
 * What is read of a socket lies outside V8's heap, and the V8 of Node 24 lets some 64 MB of that become garbage before it collects any of
 * it; Node 20 collects earlier.
 */
const MAX_GROWTH = process.versions.node.startsWith("20.") ? 60_000_000 : 128_000_000;
const curl = program("curl");

async function growthOf(server: SpawnedServer, work: () => Promise<void>): Promise<number> {
  await server.state();
  const before = server.resident.now;
  await work();
  return server.resident.peak - before;
}

describe.skipIf(curl === undefined)(`peak memory grows by less than ${MAX_GROWTH / 1e6} MB`, () => {
  const ask = async (...args: string[]): Promise<string> => (await run(curl ?? "", ["-sS", "--fail", ...args])).stdout;

  test.each(["down", "down-length"])("while 256 MB go out by /%s", async (path) => {
    const server = await spawnServer();
    const growth = await growthOf(server, async () => {
      const size = await ask(
        "-o",
        "/dev/null",
        "-w",
        "%{size_download}",
        `http://127.0.0.1:${server.port}/${path}?${BYTES}`,
      );
      expect(Number(size)).toBe(BYTES);
    });
    expect(growth).toBeLessThan(MAX_GROWTH);
  });

  test.each([
    ["with a length", []],
    ["in chunks", ["-H", "Transfer-Encoding: chunked"]],
  ])("while 256 MB come in %s", async (_title, options) => {
    const server = await spawnServer();
    const growth = await growthOf(server, async () => {
      const upload = `head -c ${BYTES} /dev/zero | "${curl}" -sS --fail -T - ${options.map((option) => `'${option}'`).join(" ")} -H Expect: http://127.0.0.1:${server.port}/up`;
      const length = `curl_file=$(mktemp) && head -c ${BYTES} /dev/zero > "$curl_file" && "${curl}" -sS --fail -T "$curl_file" http://127.0.0.1:${server.port}/up; rm "$curl_file"`;
      const { stdout } = await run("sh", ["-c", options.length === 0 ? length : upload]);
      expect(Number(stdout)).toBe(BYTES);
    });
    expect(growth).toBeLessThan(MAX_GROWTH);
  });

  test("while a client takes 256 MB in small pieces", async () => {
    const server = await spawnServer();
    const growth = await growthOf(server, async () => {
      const socket = connect({ port: server.port, host: "127.0.0.1" });
      let received = 0;
      socket.on("data", (chunk: Buffer) => {
        received += chunk.length;
        socket.pause();
        setTimeout(() => socket.resume(), 1);
      });
      socket.write(`GET /down?${BYTES} HTTP/1.0\r\nHost: h\r\n\r\n`);
      await once(socket, "end");
      socket.destroy();
      expect(received).toBeGreaterThan(BYTES);
      await sleep(1);
    });
    expect(growth).toBeLessThan(MAX_GROWTH);
  });
});
