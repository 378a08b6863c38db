import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { asked, lanePair, settled, type Asked, type Asking, type LanePair } from "../../../test/lane/lane-pair.ts";
import { FrameFlag, FrameType, frameText } from "../../protocols/lane/frame.ts";
import { SHARED } from "../../protocols/lane/shared-value.ts";
import type { StringErrorStream } from "../../wsgi/string-error-stream.ts";

/** A request that has been dispatched alone, with id 1. */
function dispatched(pair: LanePair, asking: Asking = {}): Asked {
  const request = asked({ id: 1, ...asking });
  pair.lane.dispatch([request.exchange], false, performance.now());
  return request;
}

function errorsOf({ exchange }: Asked): string {
  return (exchange.environ["wsgi.errors"] as StringErrorStream).text;
}

describe("Lane.dispatch", () => {
  test("sends requests in one write, each with its body", async () => {
    const { lane, guest } = lanePair();
    const small = asked({ id: 1, guestBody: { kind: "memory", bytes: Buffer.from("small") } });
    const long = asked({ id: 2, guestBody: { kind: "memory", bytes: Buffer.alloc(5000, "x") } });
    lane.dispatch([small.exchange, long.exchange, asked({ id: 3 }).exchange], true, 0);
    expect([lane.outstanding, lane.batches, lane.current?.id]).toEqual([3, 1, 1]);
    const frames = [await guest.next(), await guest.next(), await guest.next()];
    expect(frames.map(({ id, body }) => [id, body.length])).toEqual([
      [1, 5],
      [2, 5000],
      [3, 0],
    ]);
  });

  test("notes when an idle lane became busy, but not each request after that", () => {
    const { lane } = lanePair();
    lane.dispatch([asked({ id: 1 }).exchange], true, 100);
    lane.dispatch([asked({ id: 2 }).exchange], true, 200);
    expect([lane.progressedAt, lane.hasWorked]).toEqual([100, true]);
  });
});

describe("Lane, when the guest answers", () => {
  test("gives the answer out, and tells that there is room when the batch is over", async () => {
    const { lane, guest, told } = lanePair();
    const [first, second] = [asked({ id: 1, url: "/one" }), asked({ id: 2, url: "/two" })];
    lane.dispatch([first.exchange, second.exchange], true, performance.now());
    guest.respond(1, "first");
    expect(await first.text).toBe("first");
    await settled();
    expect(told).toEqual(["answered: /one"]);
    guest.respond(2, "second");
    expect(await second.text).toBe("second");
    expect(told.slice(1)).toEqual(["answered: /two", "measured", "relieved"]);
    expect([lane.outstanding, lane.answeredCount]).toEqual([0, 2]);
  });

  test("gives out an answer that comes in parts, as it comes", async () => {
    const pair = lanePair();
    const { text } = dispatched(pair);
    pair.guest.send(FrameType.response, 1, { head: "200 OK", body: "one " });
    pair.guest.send(FrameType.chunk, 1, { body: "two " });
    pair.guest.send(FrameType.chunk, 1, { body: "three", flags: FrameFlag.end });
    expect(await text).toBe("one two three");
    expect(pair.lane.outstanding).toBe(0);
  });

  test("does not read on while the client takes less than it may hold", async () => {
    const pair = lanePair({}, { answerBytes: 10 });
    const { exchange } = asked({ id: 1 });
    pair.lane.dispatch([exchange], false, 0);
    pair.guest.send(FrameType.response, 1, { head: "200 OK", body: "more than ten bytes" });
    await settled();
    pair.guest.send(FrameType.chunk, 1, { body: "!", flags: FrameFlag.end });
    await settled();
    expect(pair.lane.outstanding).toBe(1);
    const body = exchange.responseBody;
    await body?.next();
    await settled();
    expect(pair.lane.outstanding).toBe(0);
    expect((await body?.next())?.value).toEqual(Buffer.from("!"));
  });

  test("reads on when a full answer is over in the same breath", async () => {
    const pair = lanePair({}, { answerBytes: 10 });
    const [first, second] = [asked({ id: 1 }), asked({ id: 2 })];
    pair.lane.dispatch([first.exchange, second.exchange], true, 0);
    const [head, end] = [
      frameText(FrameType.response, 1, "200 OK", "more than ten bytes"),
      frameText(FrameType.chunk, 1, "", "", FrameFlag.end),
    ];
    pair.guest.stream.write(Buffer.from(head + end, "latin1"));
    pair.guest.respond(2);
    expect(await second.text).toBe("ok");
    expect(await first.text).toBe("more than ten bytes");
  });

  test("aborts a request whose answer nobody wants any more, once, and drops the rest", async () => {
    const pair = lanePair();
    const { exchange } = dispatched(pair);
    pair.guest.send(FrameType.response, 1, { head: "200 OK", body: "one" });
    await settled();
    exchange.responseBody?.close();
    pair.lane.abandon(exchange);
    pair.guest.send(FrameType.chunk, 1, { body: "two" });
    pair.guest.send(FrameType.fail, 1, { flags: FrameFlag.end | FrameFlag.gone });
    await settled();
    expect(pair.told.filter((line) => line.startsWith("abort"))).toEqual(["abort: 1 in 0"]);
    expect(pair.lane.outstanding).toBe(0);
  });

  test("aborts nothing for a request that has its turn later", () => {
    const { lane, told } = lanePair();
    const later = asked({ id: 2 });
    lane.dispatch([asked({ id: 1 }).exchange, later.exchange], true, 0);
    lane.abandon(later.exchange);
    expect(told).toEqual([]);
  });

  test("aborts a guest that goes on with a body for HEAD", async () => {
    const pair = lanePair();
    const { text } = dispatched(pair, { method: "HEAD" });
    pair.guest.send(FrameType.response, 1, { head: "200 OK", body: "not wanted" });
    expect(await text).toBe("");
    expect(pair.told).toEqual(["abort: 1 in 0"]);
  });
});

describe("Lane, when a request fails", () => {
  test.each([
    ["with the line of the head", { head: "It broke\nand more", body: "stack" }, "It broke"],
    ["with the last line of the stack", { body: "Traceback\nValueError: no\n" }, "ValueError: no"],
    ["without a word", {}, ""],
  ])("says %s what the application raised", async (_, parts, last) => {
    const pair = lanePair();
    const { text } = dispatched(pair);
    pair.guest.send(FrameType.fail, 1, { ...parts, flags: FrameFlag.end });
    expect(await text).toBe(`!TestApplicationFailed: The Test application failed at GET /: ${last}`);
  });

  test("has the process replaced if the guest asks for it", async () => {
    const pair = lanePair();
    const { text } = dispatched(pair);
    pair.guest.send(FrameType.fail, 1, { head: "Out of memory", flags: FrameFlag.end | FrameFlag.retire });
    await text;
    expect(pair.told).toContain("retire: Out of memory at GET /");
  });

  test("does not take for the application's fault that the client left", async () => {
    const pair = lanePair();
    const { text } = dispatched(pair);
    pair.guest.send(FrameType.fail, 1, { flags: FrameFlag.end | FrameFlag.gone });
    expect(await text).toMatch(/^!TestClientGone/);
  });

  test("logs what the application raised when nobody waits for the answer", async () => {
    const pair = lanePair();
    const request = dispatched(pair);
    pair.lane.abandon(request.exchange);
    pair.guest.send(FrameType.fail, 1, { head: "It broke", body: "the stack", flags: FrameFlag.end });
    await request.text;
    expect(errorsOf(request)).toMatch(/^TestApplicationFailed: .*It broke\nthe stack\n/);
  });

  test("fails only the request of which something cannot be used, and stops the guest at it", async () => {
    const pair = lanePair();
    const broken = dispatched(pair);
    pair.guest.send(FrameType.shared, 1, { body: "no JSON" });
    expect(await broken.text).toMatch(
      /^!TestApplicationFailed: What the Test application answered to GET \/ cannot be/,
    );
    expect(pair.told).toEqual(["abort: 1 in 0"]);
    pair.guest.send(FrameType.fail, 1, { flags: FrameFlag.end | FrameFlag.gone });
    await settled();
    const next = dispatched(pair, { id: 2 });
    pair.guest.respond(2, "next");
    expect(await next.text).toBe("next");
  });
});

describe("Lane, during a request", () => {
  test("passes on log lines, early hints and changes of shared values", async () => {
    const hints: unknown[] = [];
    const changes: unknown[] = [];
    const session = {
      [SHARED]: { kind: "session", share: () => "{}", receive: (change: unknown) => changes.push(change) },
    };
    const pair = lanePair();
    const request = dispatched(pair, {
      environ: { "wsgi.early_hints": (headers: unknown) => hints.push(headers), "app.session": session },
    });
    pair.guest.send(FrameType.log, 1, { body: "a line\n" });
    pair.guest.send(FrameType.hints, 1, { body: "Link\0</a>" });
    pair.guest.send(FrameType.shared, 1, { body: '{"app.session":{"set":{"a":1}}}' });
    pair.guest.respond(1);
    await request.text;
    expect([errorsOf(request), hints, changes]).toEqual(["a line\n", [[["Link", "</a>"]]], [{ set: { a: 1 } }]]);
  });

  test("takes everything but a log line for a sign that the request goes on", async () => {
    vi.useFakeTimers({ toFake: ["performance"], now: 0 });
    onTestFinished(() => void vi.useRealTimers());
    const pair = lanePair();
    dispatched(pair);
    vi.advanceTimersByTime(50);
    pair.guest.send(FrameType.log, 1, { body: "a line\n" });
    await settled();
    expect(pair.lane.activeAt).toBe(0);
    pair.guest.send(FrameType.hints, 1, { body: "Link\0</a>" });
    await settled();
    expect(pair.lane.activeAt).toBeGreaterThan(0);
  });

  test("feeds a body piece by piece, and says where it ends", async () => {
    const pair = lanePair();
    const pieces = [Buffer.from("one"), null];
    dispatched(pair, {
      guestBody: {
        kind: "stream",
        read: () => Promise.resolve(pieces.shift() ?? null),
        release: () => Promise.resolve(),
      },
    });
    await pair.guest.next();
    pair.guest.send(FrameType.read, 1, { body: "\0\0\x04\0" });
    expect(await pair.guest.next()).toMatchObject({ type: FrameType.body, flags: 0, body: Buffer.from("one") });
    pair.guest.send(FrameType.read, 1, { body: "\0\0\x04\0" });
    expect(await pair.guest.next()).toMatchObject({ type: FrameType.body, flags: FrameFlag.end });
    expect(pair.lane.isFeeding).toBe(false);
  });

  test("says of a body that cannot be read on, or that is not there, that the client has left", async () => {
    const pair = lanePair();
    dispatched(pair);
    await pair.guest.next();
    pair.guest.send(FrameType.read, 1, { body: "\0\0\x04\0" });
    expect((await pair.guest.next()).flags).toBe(FrameFlag.end | FrameFlag.gone);
  });

  test("sends nothing on a lane that has been closed meanwhile", async () => {
    let give: (piece: null) => void = () => {};
    const read = (): Promise<null> => new Promise((resolve) => (give = resolve));
    const pair = lanePair();
    dispatched(pair, { guestBody: { kind: "stream", read, release: () => Promise.resolve() } });
    await pair.guest.next();
    pair.guest.send(FrameType.read, 1, { body: "\0\0\x04\0" });
    await settled();
    expect(pair.lane.isFeeding).toBe(true);
    pair.lane.destroy();
    give(null);
    await settled();
    expect([pair.lane.isLost, pair.guest.frames]).toEqual([true, []]);
  });
});

describe("Lane, when the guest offers a file", () => {
  function file(): { path: string; body: string } {
    const directory = mkdtempSync(join(tmpdir(), "tsgi-lane-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "file");
    writeFileSync(path, "of the file");
    const { dev, ino } = statSync(path, { bigint: true });
    const body = Buffer.concat([Buffer.from(BigUint64Array.of(3n, 8n, dev, ino).buffer), Buffer.from(path)]);
    return { path, body: body.toString("latin1") };
  }

  test("sends it itself", async () => {
    const pair = lanePair();
    const { text, heads } = dispatched(pair);
    await pair.guest.next();
    pair.guest.send(FrameType.file, 1, { head: "200 OK", body: file().body });
    expect(await pair.guest.next()).toMatchObject({ type: FrameType.taken, id: 1, flags: FrameFlag.end });
    pair.guest.send(FrameType.chunk, 1, { flags: FrameFlag.end });
    expect(await text).toBe("the file");
    expect(heads[0]?.headers).toEqual([["Content-Length", "8"]]);
  });

  test("does not open it for a guest that runs as another user", async () => {
    const pair = lanePair({}, { isForeign: true });
    const { text } = dispatched(pair);
    await pair.guest.next();
    pair.guest.send(FrameType.file, 1, { head: "200 OK", body: file().body });
    expect(await pair.guest.next()).toMatchObject({ type: FrameType.taken, flags: 0 });
    pair.guest.respond(1, "sent by the guest");
    expect(await text).toBe("sent by the guest");
  });

  test("leaves it to the guest when the request has failed meanwhile", async () => {
    const pair = lanePair();
    const { exchange } = dispatched(pair);
    await pair.guest.next();
    pair.guest.send(FrameType.file, 1, { head: "200 OK", body: file().body });
    exchange.reject(new Error("The client left"));
    expect(await pair.guest.next()).toMatchObject({ type: FrameType.taken, flags: 0 });
  });
});

describe("Lane, when the guest gives requests back", () => {
  test("passes them on, and takes no others until the guest is free", async () => {
    const { lane, guest, told } = lanePair();
    const first = asked({ id: 1 });
    lane.dispatch([first.exchange, asked({ id: 2 }).exchange, asked({ id: 3 }).exchange], true, performance.now());
    guest.giveBack(2, 3);
    await settled();
    expect(told).toEqual(["measured", "requeue: 2 3"]);
    expect([lane.isHeld, lane.outstanding, lane.batches]).toEqual([true, 1, 1]);
    guest.respond(1);
    await first.text;
    expect(lane.isHeld).toBe(true);
    guest.send(FrameType.free, 0);
    await settled();
    expect([lane.isHeld, told.at(-1)]).toEqual([false, "relieved"]);
  });

  test("knows for how long the guest has been at what it has answered", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { lane, guest } = lanePair();
    lane.dispatch([asked({ id: 1 }).exchange, asked({ id: 2 }).exchange], true, performance.now());
    expect(lane.heldMilliseconds(performance.now())).toBe(0);
    guest.giveBack(2);
    await settled();
    vi.advanceTimersByTime(70);
    // It is at a request that is not answered: that one has a deadline of its own.
    expect(lane.heldMilliseconds(performance.now())).toBe(0);
    guest.respond(1);
    await settled();
    vi.advanceTimersByTime(30);
    expect(lane.heldMilliseconds(performance.now())).toBe(30);
  });

  test("ends a guest that may have only one, and gives one back", async () => {
    const { lane, guest, told } = lanePair({ maxBatch: 1 });
    lane.dispatch([asked({ id: 1 }).exchange], false, 0);
    guest.giveBack(1);
    await settled();
    expect(told).toEqual(["ended: A guest that takes one request at a time gave one back"]);
  });
});

describe("Lane, when a frame is not about the current request", () => {
  test("logs a line that belongs to none", async () => {
    const { guest, told } = lanePair();
    guest.send(FrameType.log, 0, { body: "from a thread" });
    await settled();
    expect(told).toEqual(["log: from a thread"]);
  });

  test("ignores what comes for a request that is over", async () => {
    const pair = lanePair();
    const { text } = dispatched(pair);
    pair.guest.respond(1);
    await text;
    pair.guest.send(FrameType.hints, 1, { body: "Link\0</a>" });
    await settled();
    expect(pair.told).not.toContainEqual(expect.stringMatching(/^ended/));
  });

  test("knows a request that is over also where ids begin anew", async () => {
    const pair = lanePair();
    const last = dispatched(pair, { id: 0xff_ff_ff_ff });
    pair.guest.respond(0xff_ff_ff_ff);
    await last.text;
    const first = dispatched(pair, { id: 1 });
    pair.guest.respond(1);
    await first.text;
    pair.guest.send(FrameType.hints, 0xff_ff_ff_ff, { body: "" });
    await settled();
    expect(pair.told).not.toContainEqual(expect.stringMatching(/^ended/));
  });

  test.each<[what: string, type: number, id: number, reason: RegExp]>([
    [
      "a request that it was not sent",
      FrameType.response,
      9,
      /^ended: Expected a frame for request 1, got type 65 for 9/,
    ],
    ["no request", FrameType.response, 0, /^ended: Expected a frame for request 1, got type 65 for 0/],
    ["the control channel", FrameType.ready, 1, /^ended: Expected a frame that a lane may carry, got type 96/],
  ])("ends a guest that sends a frame for %s", async (_, type, id, reason) => {
    const pair = lanePair();
    dispatched(pair);
    pair.guest.send(type, id, { body: "{}" });
    await settled();
    expect(pair.told).toEqual([expect.stringMatching(reason)]);
  });

  test("ends a guest that answers before it was asked anything", async () => {
    const { guest, told } = lanePair();
    guest.respond(1);
    await settled();
    expect(told).toEqual(["ended: Expected a frame for request none, got type 65 for 1"]);
  });
});

test("Lane tells that the guest has hung up, whatever happens to the socket", async () => {
  const { guest, told, lane } = lanePair();
  guest.stream.destroy(new Error("ECONNRESET"));
  await settled();
  lane.destroy();
  await settled();
  expect(told).toContain("ended: hung up");
});

test("Lane.takeAll empties the lane, and ends a call of an inner application", async () => {
  const left: unknown[] = [];
  const pair = lanePair();
  const { exchange } = dispatched(pair, {
    inner: (environ) => {
      environ["tsgi.signal"]?.addEventListener("abort", () => left.push("aborted"));
      return new Promise(() => {});
    },
  });
  await pair.guest.next();
  pair.guest.send(FrameType.call, 1, { head: "\0\0\0\0", aux: 1 });
  await settled();
  expect(pair.lane.takeAll()).toEqual([exchange]);
  expect([pair.lane.outstanding, pair.lane.unanswered, pair.lane.takeAll()]).toEqual([0, [], []]);
});

test("Lane lets a filter call the application on this side, one call after another", async () => {
  const pair = lanePair();
  const paths: string[] = [];
  const { text } = dispatched(pair, {
    inner(environ, startResponse) {
      paths.push(environ.PATH_INFO);
      startResponse("200 OK", []);
      return [Buffer.from("inner")];
    },
  });
  await pair.guest.next();
  for (const number of [1, 2]) {
    pair.guest.send(FrameType.call, 1, { head: "\x01\0\0\0", body: `PATH_INFO\0/${number}\0`, aux: number });
    expect(await pair.guest.next()).toMatchObject({ type: FrameType.answer, aux: number, body: Buffer.from("inner") });
  }
  pair.guest.send(FrameType.drop, 1, { aux: 2 });
  pair.guest.respond(1, "outer");
  expect([await text, paths]).toEqual(["outer", ["/1", "/2"]]);
});
