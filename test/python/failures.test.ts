// Crashes, exits, loops and limits: one request pays, the log says why, and no other request is touched.
import { connect } from "node:net";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { eventually, send, servePython, type Served } from "./serve-python.ts";

let served: Served;
afterEach(() => served.close());

const pidOf = async (): Promise<number> => Number((await served.get("/who")).text.split(" ")[0]);

describe.each([
  { name: "one thread", options: {} },
  { name: "preloaded and forked", options: { preload: true } },
])("a process that dies, $name", ({ options }) => {
  test.each([
    ["/os-exit", 502, "exit code 7"],
    ["/segfault", 502, "Segmentation fault"],
    ["/exits", 500, "SystemExit: deliberate exit"],
  ])("%s costs one %i, and a new process answers", async (path, status, reason) => {
    served = await servePython({ target: "torture:application", ...options });
    const before = await pidOf();
    const received = await served.get(path);
    expect(received.status).toBe(status);
    expect(served.errors.text).toContain(`GET ${path}`);
    expect(served.errors.text).toContain(reason);
    await eventually(async () => (await pidOf()) !== before, "a new process");
    expect(await served.get("/hello")).toMatchObject({ status: 200, text: "hello" });
  });
});

test("a process that dies half-way through an answer breaks it off", async () => {
  served = await servePython({ target: "torture:application" });
  await expect(served.get("/os-exit-half-way")).rejects.toThrow(/aborted|hang up|reset/);
  expect(await served.get("/hello")).toMatchObject({ status: 200, text: "hello" });
});

test.each([
  ["/loop", "in loop"],
  ["/chatters", "in chatters"],
  ["/hold-gil", "in re_loop"],
  ["/sleep?seconds=60", "in sleep"],
])("a missed deadline (%s) is a 504 with the Python stack in the log, and a new process", async (path, frame) => {
  served = await servePython({ target: "torture:application", deadlineSeconds: 1.5 });
  const before = await pidOf();
  const received = await served.get(path);
  expect(received.status).toBe(504);
  expect(served.errors.text).toContain(`did not answer GET ${path} within 1.5 s`);
  expect(served.errors.text).toContain(frame);
  expect(served.errors.text).toContain("torture.py");
  expect(await served.get("/hello")).toMatchObject({ status: 200, text: "hello" });
  await eventually(
    () => served.guest.stats().processes.every((process) => process.pid !== before),
    "the end of the old process",
  );
});

test("an answer that came in time, while Node was blocked, is no missed deadline", async () => {
  served = await servePython({ target: "torture:application", deadlineSeconds: 1 });
  const before = await pidOf();
  const answer = served.get("/sleep?seconds=0.3&say=fine");
  await eventually(() => served.guest.stats().running === 1, "the request");
  // Timers come next after it, before what the process has sent.
  await new Promise(setImmediate);
  for (const end = Date.now() + 3000; Date.now() < end;);
  expect(await answer).toMatchObject({ status: 200, text: "fine" });
  // Giving up begins with a moment for the stack of the thread.
  await new Promise((resolve) => {
    setTimeout(resolve, 1500);
  });
  expect(await pidOf()).toBe(before);
  expect(served.errors.text).toBe("");
});

test("a missed deadline leaves the other threads of the process their answers", async () => {
  served = await servePython({ target: "torture:application", threads: 3, deadlineSeconds: 3 });
  const stuck = served.get("/sleep?seconds=30");
  await new Promise((resolve) => {
    setTimeout(resolve, 1500);
  });
  const other = served.get("/sleep?seconds=2&say=fine");
  expect((await stuck).status).toBe(504);
  expect(await other).toMatchObject({ status: 200, text: "fine" });
});

test("a slow request does not delay the others while a lane is free", async () => {
  served = await servePython({ target: "torture:application", threads: 4 });
  await Promise.all(Array.from({ length: 100 }, () => served.get("/hello")));
  let isSlowDone = false;
  const slow = served.get("/sleep?seconds=4").then(() => {
    isSlowDone = true;
  });
  const fast = await Promise.all(Array.from({ length: 50 }, () => served.get("/hello")));
  expect(isSlowDone).toBe(false);
  expect(fast.every((received) => received.text === "hello")).toBe(true);
  await slow;
});

test("slow requests, however many, do not take every lane from the fast ones", async () => {
  served = await servePython({ target: "torture:application", threads: 4 });
  await served.get("/sleep?seconds=0.3"); // from now on this path is known to be slow
  // And this one fast, also where a busy machine has let one of them wait.
  for (let count = 0; count < 30; count += 1) await served.get("/hello");
  const order: string[] = [];
  const slow = Array.from({ length: 6 }, () => served.get("/sleep?seconds=1.5").then(() => order.push("slow")));
  const fast = Array.from({ length: 12 }, () => served.get("/hello").then(() => order.push("fast")));
  await Promise.all([...slow, ...fast]);
  expect(order.slice(0, 12)).toEqual(Array.from({ length: 12 }, () => "fast"));
});

test("the queue is bounded: more is a 503 with Retry-After", async () => {
  served = await servePython({ target: "torture:application", queueLimit: 3 });
  await served.get("/sleep?seconds=0.05");
  const answers = await Promise.all(Array.from({ length: 10 }, () => served.get("/sleep?seconds=1")));
  const refused = answers.filter((received) => received.status === 503);
  expect(refused.length).toBeGreaterThanOrEqual(5);
  expect(refused[0]?.headers["retry-after"]).toBe("1");
  expect(answers.filter((received) => received.status === 200).length).toBeGreaterThanOrEqual(3);
});

test("memory beyond the limit costs one 500, and a new process", async () => {
  served = await servePython({ target: "torture:application", memoryLimitBytes: 200_000_000 });
  const before = await pidOf();
  expect((await served.get("/eats-memory")).status).toBe(500);
  expect(served.errors.text).toContain("MemoryError");
  await eventually(async () => (await pidOf()) !== before, "a new process");
});

test("a client that leaves a stream: it ends, and its body is closed once", async () => {
  served = await servePython({ target: "torture:application" });
  await new Promise<void>((resolve) => {
    const socket = connect(served.port, "127.0.0.1", () => socket.write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n"));
    socket.once("data", () => {
      socket.destroy();
      resolve();
    });
  });
  await eventually(async () => (await served.get("/closed-names")).text !== "[]", "close()");
  expect((await served.get("/closed-names")).text).toBe('["endless"]');
});

test("a slow client does not hold the Python thread, as far as the buffer goes", async () => {
  served = await servePython({ target: "torture:application", answerBufferBytes: 16_000_000 });
  const socket = connect(served.port, "127.0.0.1", () =>
    socket.write("GET /big-generator?blocks=100 HTTP/1.1\r\nHost: x\r\n\r\n"),
  );
  await new Promise((resolve) => socket.once("readable", resolve));
  socket.pause();
  expect(await served.get("/hello")).toMatchObject({ status: 200 });
  socket.destroy();
});

test("beyond the buffer the stream waits for the client, in constant memory", async () => {
  served = await servePython({ target: "torture:application", threads: 2, answerBufferBytes: 100_000 });
  const socket = connect(served.port, "127.0.0.1", () =>
    socket.write("GET /big-generator?blocks=4000 HTTP/1.1\r\nHost: x\r\n\r\n"),
  );
  await new Promise((resolve) => socket.once("readable", resolve));
  const before = process.memoryUsage().rss;
  await new Promise((resolve) => {
    setTimeout(resolve, 500);
  });
  expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  expect(await served.get("/hello")).toMatchObject({ status: 200 });
  socket.destroy();
});

test("an upload beyond all buffers is streamed", async () => {
  served = await servePython({ target: "torture:application", bodyMemoryBytes: 10_000, bodyFileBytes: 100_000 });
  const block = Buffer.alloc(65_536, "u");
  async function* upload(): AsyncGenerator<Uint8Array> {
    for (let count = 0; count < 160; count += 1) yield block;
  }
  const chunked = await served.get("/count-input", { method: "POST", body: upload() });
  expect(chunked.text).toBe(String(160 * 65_536));
  const announced = await served.get("/count-input", { method: "POST", body: Buffer.alloc(3_000_000) });
  expect(announced.text).toBe("3000000");
});

test("a client that leaves in the middle of a streamed upload fails only its own request", async () => {
  served = await servePython({ target: "torture:application", bodyMemoryBytes: 1000, bodyFileBytes: 2000 });
  const socket = connect(served.port, "127.0.0.1", () => {
    socket.write("POST /count-input HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    socket.write(Buffer.alloc(50_000));
    setTimeout(() => socket.destroy(), 200);
  });
  await new Promise((resolve) => socket.once("close", resolve));
  expect(await served.get("/hello")).toMatchObject({ status: 200 });
});

test.each([{ preload: false }, { preload: true }])(
  "reload replaces the processes under load without a failed request, %o",
  async ({ preload }) => {
    served = await servePython({ target: "torture:application", processes: 2, preload });
    const before = served.guest.stats().processes.map((process) => process.pid);
    const load = { isRunning: true };
    const statuses = new Set<number>();
    const clients = Array.from({ length: 8 }, async () => {
      while (load.isRunning) statuses.add((await send(served.port, "/hello")).status);
    });
    await served.guest.reload();
    await eventually(() => served.guest.stats().processes.every(({ pid }) => !before.includes(pid)), "new processes");
    load.isRunning = false;
    await Promise.all(clients);
    expect([...statuses]).toEqual([200]);
  },
);

test("reload of code that does not load says why and changes nothing", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-reload-"));
  const write = (text: string): void => writeFileSync(join(directory, "edited.py"), text);
  const program = (text: string): string =>
    `def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"${text}"]\n`;
  write(program("first"));
  served = await servePython({ target: "edited", directory, environment: { PYTHONDONTWRITEBYTECODE: "1" } });
  expect(await served.guest.modules()).toContain(join(directory, "edited.py"));
  write("def broken(");
  await expect(served.guest.reload()).rejects.toThrow("SyntaxError");
  expect(await served.get("/")).toMatchObject({ status: 200, text: "first" });
  write(program("second"));
  await served.guest.reload();
  expect(await served.get("/")).toMatchObject({ status: 200, text: "second" });
  rmSync(directory, { recursive: true });
});

test("reload of code that loads in one process and not in the next changes nothing", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsgi-reload-"));
  // Each load takes the next number; the fourth does not work.
  writeFileSync(
    join(directory, "counted.py"),
    `import os
directory = os.path.dirname(os.path.abspath(__file__))
number = 1
while True:
    try:
        os.close(os.open(os.path.join(directory, "load%d" % number), os.O_CREAT | os.O_EXCL))
        break
    except FileExistsError:
        number += 1
if number == 4:
    raise RuntimeError("deliberate at load 4")

def application(environ, start_response):
    start_response("200 OK", [])
    return [b"load %d" % number]
`,
  );
  served = await servePython({ target: "counted", directory, processes: 2 });
  const before = served.guest.stats().processes.map(({ pid }) => pid);
  const load = { isRunning: true };
  const seen = new Set<string>();
  const clients = Array.from({ length: 4 }, async () => {
    while (load.isRunning) seen.add((await served.get("/")).text);
  });
  await expect(served.guest.reload()).rejects.toThrow("deliberate at load 4");
  await eventually(() => served.guest.stats().processes.length === 2, "the end of the new process");
  load.isRunning = false;
  await Promise.all(clients);
  expect(served.guest.stats().processes.map(({ pid }) => pid)).toEqual(before);
  expect([...seen].filter((text) => !["load 1", "load 2"].includes(text))).toEqual([]);
  await served.guest.reload();
  expect((await served.get("/")).text).toMatch(/load [56]/);
  rmSync(directory, { recursive: true });
});

test("requests that end their process, one after another, do not make the next one wait", async () => {
  served = await servePython({ target: "torture:application", queueSeconds: 10 });
  const statuses: number[] = [];
  for (let count = 0; count < 9; count += 1) statuses.push((await served.get("/os-exit")).status);
  statuses.push((await served.get("/hello")).status);
  expect(statuses).toEqual([...Array.from({ length: 9 }, () => 502), 200]);
});

test("close leaves no process and no directory behind", async () => {
  served = await servePython({ target: "torture:application", processes: 2 });
  const pids = served.guest.stats().processes.map((process) => process.pid);
  const directories = (): string[] => readdirSync("/dev/shm").filter((name) => name.startsWith("tsgi-"));
  const before = directories().length;
  await served.guest.close(1);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  expect(directories().length).toBeLessThan(before);
});
