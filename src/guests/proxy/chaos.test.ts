// An upstream that breaks every rule at random while many ask at once: whoever gets a whole answer gets their own, everybody gets one, and
// nothing stays behind. More rounds by hand: TSGI_CHAOS_ROUNDS=100000.
import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { TestClient } from "../../testing/test-client.ts";
import { proxyApplication } from "./proxy-application.ts";

const ROUNDS = Number(process.env["TSGI_CHAOS_ROUNDS"] ?? 400);
const AT_ONCE = 12;

/** Numbers that look random and are the same in each run. Source: Park and Miller's minimal standard. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 48_271) % 0x7f_ff_ff_ff;
    return state % sides;
  };
}

const roll = dice(7);

/** Answers one request in one of many ways, most of them wrong. */
function answer(socket: Socket, id: string): void {
  const whole = `HTTP/1.1 200 OK\r\nContent-Length: ${id.length}\r\n\r\n${id}`;
  const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${id.length.toString(16)}\r\n${id}\r\n0\r\n\r\n`;
  const ways: (() => void)[] = [
    () => void socket.write(whole),
    () => void socket.write(chunked),
    () => {
      const cut = 1 + roll(whole.length - 1);
      socket.write(whole.slice(0, cut));
      setImmediate(() => void socket.write(whole.slice(cut)));
    },
    () => void socket.write(whole, () => void socket.end()),
    () => void socket.write(whole, () => void setImmediate(() => socket.resetAndDestroy())),
    () => void socket.write(`${whole}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`),
    () => void socket.write(`HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${whole}`),
    () => void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 4\r\n\r\n${id}`),
    () => void socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${id.length + 5}\r\n\r\n${id}`),
    () => void socket.end(),
    () => void socket.resetAndDestroy(),
    () => void socket.write("garbage\r\n\r\n"),
  ];
  ways[roll(ways.length)]?.();
}

test("a proxy gives nobody the answer of somebody else", async () => {
  const server = createServer({ noDelay: true }, (socket) => {
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end !== -1; end = text.indexOf("\r\n\r\n")) {
        const id = /^GET \/(\S+) /.exec(text)?.[1] ?? "none";
        text = text.slice(end + 4);
        answer(socket, id);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const application = proxyApplication({ upstream: `http://127.0.0.1:${port}`, maxConnections: 5, readSeconds: 5 });
  const client = new TestClient(application, { validate: false });
  const outcomes = new Map<string, number>();
  let next = 0;
  const ask = async (): Promise<void> => {
    while (next < ROUNDS) {
      const id = `id-${(next += 1)}-${roll(1000)}`;
      const response = await client.get(`/${id}`);
      const isWhole = response.status === 200 && response.isComplete;
      // A part of one's own is all right if it can be seen that it is one.
      const own = response.status === 200 ? id : "502 Bad Gateway\n";
      expect([200, 502]).toContain(response.status);
      expect(own.slice(0, isWhole ? own.length : response.text().length)).toBe(response.text());
      const kind = isWhole ? "whole" : String(response.status);
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(ROUNDS);
  expect(outcomes.get("whole")).toBeGreaterThan(ROUNDS / 3);
  await expect.poll(() => application.stats().addresses[0]?.active).toBe(0);
  expect(application.stats().queued).toBe(0);
  await application.close();
  server.close();
  await once(server, "close");
});
