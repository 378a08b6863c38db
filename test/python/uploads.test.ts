// Uploads that the application refuses by their headers are not received first; ordinary bodies are, before a thread has them.
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { eventually, servePython, type Served } from "./serve-python.ts";

let served: Served;
afterEach(() => served.close());

const MEBIBYTE = 1_048_576;

/** Sends a head, then a body of so many MiB as fast as it is taken; what came back, and how much was taken, once the connection ends. */
function upload(head: string, mebibytes: number): Promise<{ text: string; sentBytes: number }> {
  return new Promise((resolve) => {
    const block = Buffer.alloc(MEBIBYTE, "u");
    let left = mebibytes;
    let text = "";
    const socket = connect(served.port, "127.0.0.1", () => {
      socket.write(head);
      const more = (): void => {
        while (left > 0 && !socket.destroyed) {
          left -= 1;
          if (!socket.write(block)) return;
        }
      };
      socket.on("drain", more);
      more();
    });
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      if (/\r\n\r\n[^]*(refused|\d{6,})/.test(text)) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve({ text, sentBytes: socket.bytesWritten }));
  });
}

const head = (path: string, bytes: number, more = ""): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n${more}\r\n`;

test.each([1, 8])("a refused upload of 200 MB is not received first, %i threads", async (threads) => {
  served = await servePython({ target: "lingering:application", threads });
  const { text, sentBytes } = await upload(head("/refuses", 200 * MEBIBYTE), 200);
  expect(text).toMatch(/^HTTP\/1\.1 401 /);
  expect(sentBytes).toBeLessThan(40 * MEBIBYTE);
});

test("a client that asks first is told to send only when the application reads", async () => {
  served = await servePython({ target: "lingering:application" });
  const expectation = "Expect: 100-continue\r\n";
  const refused = await upload(head("/refuses", 200 * MEBIBYTE, expectation), 0);
  expect(refused.text).toMatch(/^HTTP\/1\.1 401 /);
  const taken = await upload(head("/counts", 2 * MEBIBYTE, expectation), 2);
  expect(taken.text).toMatch(/HTTP\/1\.1 200 [^]*\r\n2097152$/);
});

test("a large upload that is wanted arrives whole", async () => {
  served = await servePython({ target: "lingering:application" });
  expect((await upload(head("/counts", 60 * MEBIBYTE), 60)).text).toMatch(/ 200 [^]*\r\n62914560$/);
  expect((await upload(head("/counts-whole", 60 * MEBIBYTE), 60)).text).toMatch(/ 200 [^]*\r\n62914560$/);
});

test.each([
  ["an ordinary body", 4 * MEBIBYTE],
  ["a large one", 40 * MEBIBYTE],
])("a slow client with %s holds no thread", async (_name, bytes) => {
  served = await servePython({ target: "lingering:application" });
  const socket = connect(served.port, "127.0.0.1").on("error", () => {});
  socket.write(head("/counts", bytes) + "x".repeat(1000));
  await eventually(() => socket.bytesWritten > 1000, "the first bytes");
  expect(await served.get("/")).toMatchObject({ status: 200, text: "ok" });
  expect(await served.get("/")).toMatchObject({ status: 200, text: "ok" });
  socket.destroy();
});

test("a client that stops in the middle, after it was told to send, misses no deadline of the application", async () => {
  served = await servePython({ target: "lingering:application", threads: 4, deadlineSeconds: 1 });
  const [before] = served.guest.stats().processes;
  const socket = connect(served.port, "127.0.0.1").on("error", () => {});
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  socket.write(head("/counts", 40 * MEBIBYTE, "Expect: 100-continue\r\n"));
  await eventually(() => text.startsWith("HTTP/1.1 100 "), "100 Continue");
  for (let nap = 1; nap <= 4; nap += 1) {
    expect(await served.get("/naps?0.5")).toMatchObject({ text: "ok" });
    await eventually(async () => (await served.get("/done")).text === String(nap), "the end of the nap");
  }
  expect(text).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  socket.destroy();
  expect(await served.get("/")).toMatchObject({ status: 200, text: "ok" });
  expect(served.guest.stats()).toMatchObject({ restarts: 0, processes: [{ pid: before?.pid }] });
});
