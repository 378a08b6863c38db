import { spawn } from "node:child_process";
import { once } from "node:events";
import { duplexPair } from "node:stream";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { asked, GuestEnd, settled } from "../../../test/lane/lane-pair.ts";
import { FrameType } from "../../protocols/lane/frame.ts";
import type { StringErrorStream } from "../../wsgi/string-error-stream.ts";
import { guestSettings, type GuestLogEntry, type GuestOptions } from "./guest-options.ts";
import { GuestProcess, type ProcessOwner } from "./guest-process.ts";
import type { StackDump } from "./hello.ts";
import type { GuestLanguage } from "./language.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

const LANGUAGE: GuestLanguage = {
  name: "Test",
  interpreter: "/bin/sh",
  isProgram: false,
  command: (environment) => ({ path: "/bin/sh", arguments: [], environment }),
  launchOptions: () => ({}),
  stackOfThread: (dump, thread) => `of ${thread}: ${dump}`,
  fatalReport: () => "",
};

interface Made {
  readonly process: GuestProcess;
  readonly control: GuestEnd;
  readonly lanes: readonly GuestEnd[];
  /** What the owner heard, in the order in which it came. */
  readonly heard: string[];
  readonly log: GuestLogEntry[];
}

/** A connection to a process: the guest's end, and the host's. */
function connection(): [Socket, GuestEnd] {
  const [host, guest] = duplexPair();
  return [host as unknown as Socket, new GuestEnd(guest)];
}

/** The owner of a process, which notes what it hears. */
function ownerOf(options: GuestOptions): Pick<Made, "heard" | "log"> & { readonly owner: ProcessOwner } {
  const heard: string[] = [];
  const log: GuestLogEntry[] = [];
  const nothing = (): void => {};
  const owner: ProcessOwner = {
    settings: guestSettings({ log: (entry: GuestLogEntry) => log.push(entry), ...options }, "Test"),
    language: LANGUAGE,
    dispatcher: { requeue: nothing, measured: nothing, answeredIn: nothing, relieved: nothing },
    ready: () => heard.push("ready"),
    retire: (_, reason) => heard.push(`retire: ${reason}`),
    died: (_, reason) => heard.push(`died: ${reason}`),
    childExited: (_, pid, reason) => heard.push(`${pid} exited: ${reason}`),
    watch: () => {},
    freed: () => {},
    abort: (slot, id) => heard.push(`abort: ${id} in ${slot}`),
  };
  return { owner, heard, log };
}

/** A process with a control channel and lanes, which has not said READY. */
function made(options: GuestOptions = {}, dump: StackDump | null = null, pid = 0): Made {
  const { owner, heard, log } = ownerOf(options);
  const process = new GuestProcess(1, false, owner);
  const [controlSocket, control] = connection();
  process.attach({ kind: "control", process: 1, pid, language: "Test", version: "", dump }, controlSocket);
  const lanes = Array.from({ length: owner.settings.threads }, (_, lane) => {
    const [socket, guest] = connection();
    process.attach(
      { kind: "lane", process: 1, lane, thread: `t${lane}`, keys: 0, maxBatch: 64, status: "mmap", watcher: "guest" },
      socket,
    );
    return guest;
  });
  return { process, control, lanes, heard, log };
}

function say({ control }: Made, type: number, message: unknown): Promise<void> {
  control.send(type, 0, { body: JSON.stringify(message) });
  return settled();
}

/** A real process, to be signalled. */
async function child(script = "exec sleep 600"): Promise<{ pid: number; ended: Promise<unknown[]> }> {
  const started = spawn("/bin/sh", ["-c", `echo; ${script}`], { stdio: ["ignore", "pipe", "ignore", "pipe"] });
  const ended = once(started, "exit");
  onTestFinished(() => void started.kill("SIGKILL"));
  await once(started.stdout as NodeJS.ReadableStream, "data");
  return { pid: started.pid ?? 0, ended };
}

describe("GuestProcess, while it starts", () => {
  test("is ready when it has said so and all its lanes are there", async () => {
    const one = made({ threads: 2 });
    expect(one.process.state).toBe("starting");
    await say(one, FrameType.ready, { hooks: ["child_exit"], modules: ["a.x"] });
    await one.process.whenReady;
    expect([one.process.state, one.heard, one.process.message?.hooks]).toEqual(["ready", ["ready"], ["child_exit"]]);
    expect(one.process.lanes.map(({ slot }) => slot)).toEqual([2, 3]);
  });

  test("does not believe READY twice", async () => {
    const one = made();
    await say(one, FrameType.ready, {});
    await say(one, FrameType.ready, {});
    expect(one.heard).toEqual(["ready"]);
  });

  test("has failed with what it says is wrong", async () => {
    const one = made();
    await say(one, FrameType.broken, { message: "No module shop", stack: "the stack" });
    await expect(one.process.whenReady).rejects.toMatchObject({ message: "No module shop", name: "TestStartError" });
  });

  test("is killed when it was told to end before it had said who it is", async () => {
    const { pid, ended } = await child();
    const [socket] = connection();
    const process = new GuestProcess(1, false, ownerOf({}).owner);
    process.stop(Infinity);
    expect(process.state).toBe("ending");
    process.attach({ kind: "control", process: 1, pid, language: "Test", version: "1", dump: null }, socket);
    expect(await ended).toEqual([null, "SIGKILL"]);
  });
});

describe("GuestProcess.stop", () => {
  test("asks one that is ready to end, once, and gives it the time that was said last", async () => {
    const one = made();
    await say(one, FrameType.ready, {});
    one.process.stop(50);
    one.process.stop(70);
    await settled();
    expect(one.control.frames.map(({ type }) => type)).toEqual([FrameType.stop]);
    expect([one.process.state, one.process.killAt]).toEqual(["ending", 70]);
    one.lanes[0]?.stream.destroy();
    await settled();
    expect(one.heard).toEqual(["ready"]);
  });

  test("does nothing to one that has ended", () => {
    const { process } = made();
    process.state = "dead";
    process.stop(50);
    expect([process.state, process.killAt]).toEqual(["dead", Infinity]);
  });
});

describe("GuestProcess.signal", () => {
  test("reaches the process, and nobody when that one has gone", async () => {
    const { pid, ended } = await child();
    const { process } = made({}, null, pid);
    process.signal("SIGUSR1");
    expect(await ended).toEqual([null, "SIGUSR1"]);
    expect(() => process.signal("SIGUSR1")).not.toThrow();
  });

  test("reaches nobody before it is known which process it is", () => {
    const { process } = made();
    expect(() => process.kill()).not.toThrow();
  });
});

describe("GuestProcess.giveUp", () => {
  const stuck = async (options: GuestOptions, dump: StackDump | null, pid = 0): Promise<Made> => {
    const one = made({ deadlineSeconds: 3, ...options }, dump, pid);
    await say(one, FrameType.ready, {});
    return one;
  };

  test("answers 504, and has the process replaced", async () => {
    const one = await stuck({}, null);
    const { exchange, text } = asked({ id: 1, url: "/late" });
    const [lane] = one.process.lanes;
    if (lane === undefined) throw new Error("There is no lane");
    lane.dispatch([exchange], false, 0);
    await one.process.giveUp(lane, exchange);
    expect([await text, lane.isLost]).toEqual(["504 Gateway Timeout\n", true]);
    expect(one.heard).toEqual(["ready", "retire: it did not answer GET /late"]);
  });

  test.each([
    ["all that the process writes then", "lines", "what it is at\n"],
    ["what its language finds of the thread", "threads", "of t0: what it is at\n"],
  ])("logs %s", async (_, format, stack) => {
    const { pid, ended } = await child();
    const one = await stuck({}, { signal: 10, format }, pid);
    const { exchange, text } = asked({ id: 1, url: "/late" });
    const [lane] = one.process.lanes;
    if (lane === undefined) throw new Error("There is no lane");
    one.process.reported("said before\n");
    const given = one.process.giveUp(lane, exchange);
    expect(await ended).toEqual([null, "SIGUSR1"]);
    one.process.reported("what it is at\n");
    vi.advanceTimersByTime(250);
    await given;
    await text;
    expect((exchange.environ["wsgi.errors"] as StringErrorStream).text).toContain(`\n${stack}`);
    expect((exchange.environ["wsgi.errors"] as StringErrorStream).text).not.toContain("said before");
  });

  test("logs it where the answer had begun: that one breaks off", async () => {
    const one = await stuck({}, null);
    const { exchange, text } = asked({ id: 1, url: "/late" });
    const [lane] = one.process.lanes;
    if (lane === undefined) throw new Error("There is no lane");
    exchange.begin("200 OK", -1, { resume: () => {}, abandon: () => {} }, 10)?.push(Buffer.from("half"));
    await one.process.giveUp(lane, exchange);
    expect(await text).toMatch(/^half!TestDeadlineMissed/);
    expect((exchange.environ["wsgi.errors"] as StringErrorStream).text).toMatch(/^TestDeadlineMissed: .* within 3 s/);
  });

  test("has the process replaced also when the request has been answered", async () => {
    const one = await stuck({}, null);
    const [lane] = one.process.lanes;
    if (lane === undefined) throw new Error("There is no lane");
    await one.process.giveUp(lane, null);
    expect(one.heard.at(-1)).toBe("retire: its thread stays in a request that has been answered");
    expect(one.log.at(-1)?.message).toMatch(/was not done with an answered request within 3 s/);
  });
});

describe("GuestProcess, of what it tells", () => {
  test("passes on how processes have ended that were forked from it", async () => {
    const one = made();
    await say(one, FrameType.exited, { pid: 99, status: 3 });
    await say(one, FrameType.exited, { pid: 98, status: -9 });
    expect(one.heard).toEqual(["99 exited: exit code 3", "98 exited: signal 9"]);
  });

  test("ignores frames of types that are not known", async () => {
    const one = made();
    await say(one, 111, {});
    expect(one.heard).toEqual([]);
  });

  test("passes on what its lanes want", async () => {
    const one = made();
    await say(one, FrameType.ready, {});
    const [lane] = one.process.lanes;
    const { exchange } = asked({ id: 1 });
    lane?.dispatch([exchange], false, 0);
    lane?.abandon(exchange);
    expect([one.heard, one.process.isForeign]).toEqual([["ready", "abort: 1 in 1"], false]);
  });

  test("keeps the end of what it reports; a forked one reports through its template", () => {
    const [template, forked] = [made().process, made().process];
    template.reported("x".repeat(20_000));
    template.reported("end");
    forked.template = template;
    expect([template.report.length, forked.report.endsWith("xend")]).toEqual([16_384, true]);
    expect([template.isCollected, forked.isCollected]).toEqual([true, true]);
    template.state = "dead";
    expect(forked.isCollected).toBe(false);
  });

  test("gives out what it prints line by line, the last one also without an end", () => {
    const lines: string[] = [];
    const { process } = made({ output: ({ stream, text }) => lines.push(`${stream} ${text}`) });
    process.printed("stdout", "one\ntw");
    process.printed("stdout", "o");
    process.printed("stderr", "three\n");
    process.printed("stdout", null);
    expect(lines).toEqual(["stdout one", "stderr three", "stdout two"]);
    expect(() => made().process.printed("stdout", "nobody listens\n")).not.toThrow();
  });

  test("knows how much memory it uses, where the system says so", () => {
    const own = made({}, null, process.pid).process;
    expect(own.residentBytes).toBeGreaterThan(1_000_000);
    own.pid = 2 ** 30;
    expect(own.residentBytes).toBe(0);
  });
});
