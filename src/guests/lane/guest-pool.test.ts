import { readdirSync, readlinkSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  forkAsTold,
  standInPool,
  until,
  type Habits,
  type StandInGuest,
  type StandInPool,
} from "../../../test/lane/stand-in-guest.ts";
import { FrameFlag, FrameType } from "../../protocols/lane/frame.ts";
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { directoryPrefix } from "./abandoned-directories.ts";
import type { GuestOptions } from "./guest-options.ts";

const pools: StandInPool[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  vi.advanceTimersByTime(1000); // 0 stands for never
});
afterEach(async () => {
  for (const made of pools.splice(0)) await closed(made, 0);
  vi.useRealTimers();
});

const NOT_READY: Habits = { says: [] };
const BROKEN: Habits = { says: [[FrameType.broken, { message: "No module shop", stack: "stack", kind: "not-found" }]] };
const BROKEN_AND_GONE: Habits = { ...BROKEN, ends: true };

function pool(options: GuestOptions = {}, habits: Habits = {}, isProgram = false): StandInPool {
  const made = standInPool(options, habits, isProgram);
  pools.push(made);
  return made;
}

async function started(options: GuestOptions = {}, habits: Habits = {}, isProgram = false): Promise<StandInPool> {
  const made = pool(options, habits, isProgram);
  await made.pool.start();
  return made;
}

/** Closes a pool; its time passes as soon as nothing else is left to do. */
async function closed({ pool: made }: StandInPool, graceSeconds: number): Promise<void> {
  let isOver = false;
  const closing = made.close(graceSeconds).then(() => {
    isOver = true;
  });
  await passing(() => isOver, "the pool to close");
  await closing;
}

/** Lets time pass until something is so. */
async function passing(condition: () => boolean, what: string): Promise<void> {
  await until(() => {
    if (condition()) return true;
    vi.advanceTimersByTime(20);
    return false;
  }, what);
}

function states({ pool: made }: StandInPool): string[] {
  return made.stats().processes.map(({ state }) => state);
}

function messages({ log }: StandInPool): string[] {
  return log.map(({ level, message }) => `${level}: ${message.split("\n")[0] ?? ""}`);
}

/** The files of pools that this process holds open. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.includes(directoryPrefix()) ? [path] : [];
    } catch {
      return [];
    }
  });
}

describe("GuestPool.start", () => {
  test.skipIf(process.platform !== "linux")("leaves no file open where its socket cannot be made", async () => {
    const before = openFiles();
    const made = pool();
    const status = openFiles().find((path) => !before.includes(path)) ?? "";
    rmSync(dirname(status), { recursive: true });
    await expect(made.pool.start()).rejects.toThrow("listen");
    expect(openFiles()).toEqual(before);
  });

  test("resolves when all processes are ready, and says so", async () => {
    const made = await started({ processes: 2, threads: 2 });
    expect(made.guests.map(({ lanes }) => lanes.length)).toEqual([2, 2]);
    expect(messages(made)).toEqual(["info: Ready: Stand-in 1 from /bin/sh", "info: Ready: Stand-in 1 from /bin/sh"]);
    expect(made.pool.stats()).toMatchObject({
      processes: [
        { state: "ready", running: 0, answered: 0 },
        { state: "ready", running: 0, answered: 0 },
      ],
      queued: 0,
      restarts: 0,
    });
    expect(made.pool.address).toBeNull();
  });

  test("rejects with what the guest says is wrong, and leaves no process", async () => {
    const made = standInPool({}, BROKEN);
    const start = made.pool.start();
    start.catch(() => {});
    let isOver = false;
    start.finally(() => (isOver = true)).catch(() => {});
    await passing(() => isOver, "the start to fail");
    await expect(start).rejects.toMatchObject({ name: "TestStartError", message: "No module shop", exitCode: 5 });
    expect(made.pool.stats().processes).toEqual([]);
  });

  test.each<[what: string, command: string, message: RegExp, stack: RegExp]>([
    ["ends", "cat > /dev/null; exit 7", /ended before the application was loaded \(exit code 7\)/, /^TestStartError/],
    ["crashes", "cat > /dev/null; echo fatal >&3; kill -9 $$", /\(signal SIGKILL\)/, /\nfatal$/],
  ])("rejects when the process %s before that", async (_, command, message, stack) => {
    const made = standInPool({}, { command });
    const start = made.pool.start();
    let error: Error | null = null;
    start.catch((reason: Error) => {
      error = reason;
    });
    await passing(() => error !== null, "the start to fail");
    expect(error).toMatchObject({ message: expect.stringMatching(message), stack: expect.stringMatching(stack) });
  });

  test("rejects when the interpreter is not there", async () => {
    const made = standInPool({ directory: "/no/such/directory" });
    let error: Error | null = null;
    made.pool.start().catch((reason: Error) => {
      error = reason;
    });
    await passing(() => error !== null, "the start to fail");
    expect(error).toMatchObject({ message: expect.stringMatching(/could not be started: .*ENOENT/) });
  });

  test("rejects when the application does not load in time", async () => {
    const made = standInPool({ startupSeconds: 9 }, NOT_READY);
    let error: Error | null = null;
    made.pool.start().catch((reason: Error) => {
      error = reason;
    });
    await until(() => made.guests.length === 1, "the process");
    await passing(() => error !== null, "the start to fail");
    expect(error).toMatchObject({ message: "The application did not load within 9 s" });
  });

  test("says how many lanes a process has opened that was asked for more", async () => {
    const made = standInPool({ startupSeconds: 9, threads: 4 }, { lanes: 1 });
    let error: Error | null = null;
    made.pool.start().catch((reason: Error) => {
      error = reason;
    });
    await until(() => made.guests.length === 1, "the process");
    await passing(() => error !== null, "the start to fail");
    expect(error).toMatchObject({
      message: "The application did not load within 9 s: it has opened 1 of 4 lanes",
    });
  });

  test("replaces a process that ends while others still load", async () => {
    const made = pool({ processes: 2 });
    let isOver = false;
    const start = made.pool.start().then(() => {
      isOver = true;
    });
    made.habits = { says: [] };
    await until(() => made.guests.length === 2, "the processes");
    made.habits = {};
    made.guests[0]?.say(FrameType.ready, {});
    await until(() => states(made).includes("ready"), "the first");
    vi.advanceTimersByTime(2000);
    made.guests[0]?.end("SIGKILL");
    await passing(() => states(made).length === 1, "its end");
    made.guests[1]?.say(FrameType.ready, {});
    await passing(() => isOver && states(made).length === 2 && !states(made).includes("starting"), "two processes");
    await start;
    expect(states(made)).toEqual(["ready", "ready"]);
  });
});

describe("GuestPool, while it serves", () => {
  test("answers, counts, and knows who has which request", async () => {
    const made = await started({ processes: 2 }, { answer: null });
    const request = made.ask({ environ: { [TSGI_REQUEST_ID]: "r1" } });
    const taker = (): StandInGuest | undefined => made.guests.find(({ lanes }) => lanes[0]?.frames.length === 1);
    await until(() => taker() !== undefined, "the request");
    const guest = taker();
    expect([...made.pool.requestsInHand()]).toEqual([["r1", guest?.pid]]);
    expect(made.pool.stats()).toMatchObject({ running: 1, answered: 0 });
    guest?.lanes[0]?.respond(guest.lanes[0].frames[0]?.id ?? 0, "answer");
    expect(await request.text).toBe("answer");
    expect(made.pool.stats()).toMatchObject({ running: 0, answered: 1 });
    expect(made.pool.stats().processes.find(({ pid }) => pid === guest?.pid)?.answered).toBe(1);
  });

  test("asks the first process for its files", async () => {
    const made = await started({}, { obeys: false });
    const [guest] = made.guests;
    const modules = made.pool.modules();
    await until(() => guest?.control.frames.length !== 0, "the question");
    guest?.say(FrameType.modules, ["a.x", "b.x"]);
    expect(await modules).toEqual(["a.x", "b.x"]);
  });

  test("logs what guests say and print, with the request that it belongs to if there is but one", async () => {
    const made = await started(
      {},
      { answer: null, command: "trap 'echo printed' USR2; cat; echo; while :; do sleep 0.05; done" },
    );
    made.ask({ url: "/now" });
    const [guest] = made.guests;
    await until(() => guest?.lanes[0]?.frames.length === 1, "the request");
    process.kill(guest?.pid ?? 0, "SIGUSR2");
    guest?.say(FrameType.log, { level: "warning", message: "careful" });
    guest?.say(FrameType.log, { level: "unheard-of", message: "what now" });
    guest?.lanes[0]?.send(FrameType.log, 0, { body: "one\ntwo\n" });
    await until(() => made.log.length === 5 && made.printed.length === 1, "the lines");
    expect(messages(made).slice(1).toSorted()).toEqual([
      "error: one",
      "error: two",
      "error: what now",
      "warning: careful",
    ]);
    expect(made.printed).toEqual(["stdout: printed (GET /now)"]);
  });
});

describe("GuestPool, when a process ends", () => {
  test("answers 502 for what it had begun, logs why, and starts another one at once", async () => {
    const made = await started({}, { answer: null });
    const lost = made.ask({ url: "/lost" });
    const [guest] = made.guests;
    await until(() => guest?.lanes[0]?.frames.length === 1, "the request");
    made.habits = { answer: "from the next" };
    guest?.end("SIGKILL");
    expect(await lost.text).toBe("502 Bad Gateway\n");
    const waiting = made.ask();
    await passing(() => made.guests.length === 2, "the next process");
    expect(await waiting.text).toBe("from the next");
    expect(messages(made)).toContain("error: The process ended (signal SIGKILL)");
    expect(made.endings).toEqual([""]);
    expect(made.pool.stats()).toMatchObject({ restarts: 1, replacements: 0 });
  });

  test("waits longer and longer before it starts one again that ends at once", async () => {
    const made = await started();
    made.habits = { command: "cat > /dev/null; exit 3" };
    vi.advanceTimersByTime(2000);
    made.guests[0]?.end("SIGKILL");
    const count = (): number => made.pool.stats().processes.length;
    const early: number[] = [];
    for (const wait of [0, 100, 200, 400]) {
      await passing(() => count() === 0, "the end of the process");
      vi.advanceTimersByTime(Math.max(0, wait - 30));
      early.push(wait === 0 ? 0 : count());
      await passing(() => count() === 1, "the next one");
    }
    expect([early, made.pool.stats().restarts]).toEqual([[0, 0, 0, 0], 4]);
  });

  test.each<[what: string, harm: (made: StandInPool) => void, reason: RegExp]>([
    ["hangs up", ({ guests }) => guests[0]?.control.stream.destroy(), /ended \((signal SIGKILL|hung up)\)/],
    [
      "closes a lane",
      ({ guests }) => guests[0]?.lanes[0]?.stream.destroy(),
      /ended \((signal SIGKILL|closed a lane)\)/,
    ],
    ["breaks a rule on a lane", ({ guests }) => guests[0]?.lanes[0]?.respond(9), /Expected a frame for request none/],
    [
      "breaks a rule on its control channel",
      ({ guests }) => guests[0]?.say(FrameType.ready, { hooks: 7 }),
      /The guest sent READY with/,
    ],
    ["sends nonsense", ({ guests }) => guests[0]?.say(FrameType.log, { level: 7 }), /The guest sent LOG with/],
  ])("ends a process that %s, and starts another", async (_, harm, reason) => {
    const made = await started();
    harm(made);
    await passing(() => made.guests.length === 2, "the next process");
    expect(messages(made)).toContainEqual(expect.stringMatching(reason));
  });

  test("hears of connections that nobody expects, and closes them", async () => {
    const made = await started();
    const [guest] = made.guests;
    const more = [guest?.open(-1, { pid: guest.pid }), guest?.open(0, {}), guest?.open(5, {})];
    const strange = guest?.open(-1, { pid: 99, process: 77 });
    let ended = 0;
    for (const end of [...more, strange]) end?.stream.once("close", () => (ended += 1));
    await until(() => ended === 4, "the connections to be closed");
    expect(await made.ask().text).toBe(String(guest?.pid));
  });
});

describe.skipIf(process.getuid?.() !== 0)("GuestPool, whose guests run as another user", () => {
  test("takes none of them for another process than it is", async () => {
    const made = await started({ user: 65_534 });
    const [guest] = made.guests;
    expect(await made.ask().text).toBe(String(guest?.pid));
    made.habits = { claims: process.pid };
    guest?.end("SIGKILL");
    await passing(() => made.guests.length === 2, "the next process");
    await until(() => made.guests[1]?.control.stream.destroyed === true, "its connection to be closed");
    expect(states(made)).toEqual(["starting"]);
  });

  test("believes a template only processes that it has forked itself", async () => {
    const made = standInPool({ user: 65_534, preload: true }, { obeys: false });
    pools.push(made);
    const forked: StandInGuest[] = [];
    made.pool.start().catch(() => {});
    await until(() => made.guests.length === 1, "the template");
    const [template] = made.guests;
    if (template !== undefined) void forkAsTold(template, forked);
    // The test has forked it, not the template.
    await until(() => forked[0]?.control.stream.destroyed === true, "its connection to be closed");
    expect(states(made)).toEqual(["starting"]);
    forked[0]?.end("SIGKILL");
  });
});

describe("GuestPool, when a request takes too long", () => {
  test("answers 504, and replaces the process: the new one first", async () => {
    const made = await started({ deadlineSeconds: 3, threads: 2 }, { answer: null });
    const late = made.ask({ url: "/late" });
    const [old] = made.guests;
    await until(() => old?.lanes[0]?.frames.length === 1, "the request");
    made.habits = { answer: "from the new one" };
    await passing(() => late.exchange.isSettled, "the deadline");
    expect(await late.text).toBe("504 Gateway Timeout\n");
    await passing(() => made.pool.stats().processes.every(({ pid }) => pid !== old?.pid), "the end of the old one");
    expect(await made.ask().text).toBe("from the new one");
    expect(messages(made)).toContain("warning: Replacing the process: it did not answer GET /late");
    expect(made.pool.stats()).toMatchObject({ replacements: 1, restarts: 0 });
  });
});

describe("GuestPool, when a process is to be replaced", () => {
  /** Has a guest answer a request with the wish to be replaced, while another lane is at work. */
  async function retiring(made: StandInPool): Promise<void> {
    const [guest] = made.guests;
    const lane = guest?.lanes[1];
    await until(() => lane?.frames.length === 1, "the second request");
    lane?.send(FrameType.fail, lane.frames[0]?.id ?? 0, { head: "full", flags: FrameFlag.end | FrameFlag.retire });
  }

  test("starts the new one, then lets the old one answer its last requests and end", async () => {
    const made = await started({ threads: 2 }, { answer: null });
    const [last] = [made.ask({ url: "/last" }), made.ask({ url: "/second" })];
    const [old] = made.guests;
    made.habits = {};
    await retiring(made);
    await passing(() => made.guests.length === 2 && made.log.length > 2, "the new process");
    expect(await made.ask().text).toBe(String(made.guests[1]?.pid));
    vi.advanceTimersByTime(100);
    old?.lanes[0]?.respond(old.lanes[0].frames[0]?.id ?? 0, "last words");
    expect(await last.text).toBe("last words");
    await passing(() => made.pool.stats().processes.length === 1, "the end of the old one");
    expect(messages(made)).toEqual([
      "info: Ready: Stand-in 1 from /bin/sh",
      "warning: Replacing the process: full at GET /second",
      "info: Ready: Stand-in 1 from /bin/sh",
    ]);
  });

  test("kills it when its last requests take longer than the grace", async () => {
    const made = await started({ threads: 2, graceSeconds: 5, deadlineSeconds: 0 }, { answer: null });
    const [last] = [made.ask(), made.ask()];
    made.habits = {};
    await retiring(made);
    await passing(() => last.exchange.isSettled, "the grace to end");
    expect(await last.text).toBe("502 Bad Gateway\n");
    await passing(() => made.pool.stats().processes.length === 1, "the end of the old one");
  });

  test.each<[what: string, habits: Habits]>([
    ["says that it does not load", BROKEN],
    ["says that it does not load, and ends", BROKEN_AND_GONE],
    ["ends", { command: "cat > /dev/null; exit 3" }],
  ])("says why when the new one %s, and goes on trying", async (_, habits) => {
    const made = await started({ threads: 2 }, { answer: null });
    const last = made.ask();
    made.ask();
    made.habits = habits;
    await retiring(made);
    await passing(() => messages(made).some((line) => line.includes("Could not replace the process")), "the failure");
    made.habits = {};
    const [old] = made.guests;
    old?.lanes[0]?.respond(old.lanes[0].frames[0]?.id ?? 0, "last words");
    expect(await last.text).toBe("last words");
    await passing(() => states(made).includes("ready"), "a process that loads");
    expect(await made.ask().text).toBe(String(made.guests.at(-1)?.pid));
    await passing(() => states(made).length === 1, "the end of the others");
  });
});

describe("GuestPool.reload", () => {
  test("starts new processes, then ends the old ones", async () => {
    const made = await started({ processes: 2 });
    await made.pool.reload();
    expect(made.guests).toHaveLength(4);
    await passing(() => made.pool.stats().processes.length === 2, "the end of the old ones");
    const pids = made.guests.slice(2).map(({ pid }) => pid);
    expect(new Set(made.pool.stats().processes.map(({ pid }) => pid))).toEqual(new Set(pids));
    expect(pids.map(String)).toContain(await made.ask().text);
  });

  test("changes nothing when one of the new ones does not load", async () => {
    const made = await started({ processes: 2 });
    const before = made.pool.stats().processes.map(({ pid }) => pid);
    let error: Error | null = null;
    made.habits = BROKEN;
    made.pool.reload().catch((reason: Error) => {
      error = reason;
    });
    await passing(() => error !== null, "the reload to fail");
    expect(error).toMatchObject({ message: "No module shop" });
    await passing(() => made.pool.stats().processes.length === 2, "the end of the new ones");
    expect(made.pool.stats().processes).toMatchObject(before.map((pid) => ({ pid, state: "ready" })));
  });

  test.each<[what: string, habits: Habits]>([
    ["do not load", BROKEN],
    ["end before they have loaded", { command: "cat > /dev/null; exit 3" }],
  ])("starts no others when the new ones %s", async (_, habits) => {
    const made = await started();
    vi.advanceTimersByTime(2000);
    made.guests[0]?.end("SIGKILL");
    await passing(() => made.guests.length === 2 && states(made)[0] === "ready", "the next process");
    made.habits = habits;
    let hasFailed = false;
    made.pool.reload().catch(() => {
      hasFailed = true;
    });
    await passing(() => hasFailed && states(made).length === 1, "the reload to fail");
    made.habits = {};
    vi.advanceTimersByTime(60_000);
    await until(() => true, "processes that should not be");
    expect([states(made), made.pool.stats().restarts]).toEqual([["ready"], 1]);
  });

  test("replaces one of the new ones that has ended meanwhile", async () => {
    const made = await started({ processes: 2 });
    vi.advanceTimersByTime(2000);
    let isOver = false;
    const reload = made.pool.reload().then(() => {
      isOver = true;
    });
    await until(() => made.guests.length === 3 && states(made)[2] === "ready", "the first of them");
    made.guests[2]?.end("SIGKILL");
    await passing(() => isOver, "the reload");
    await reload;
    await passing(
      () => states(made).join(" ") === "ready ready",
      "the new one to be replaced, and the old ones to end",
    );
    expect(made.guests.length).toBeGreaterThan(4);
  });
});

describe("GuestPool with a template", () => {
  async function preloaded(options: GuestOptions = {}): Promise<StandInPool & { readonly forked: StandInGuest[] }> {
    const made = pool({ preload: true, ...options }, { obeys: false });
    const forked: StandInGuest[] = [];
    let known = 0;
    const watch = setImmediate(function look() {
      for (const guest of made.guests.slice(known)) void forkAsTold(guest, forked);
      known = made.guests.length;
      watching = setImmediate(look);
    });
    let watching = watch;
    onTestFinished(() => clearImmediate(watching));
    let isReady = false;
    const start = made.pool.start().then(() => {
      isReady = true;
    });
    await until(() => isReady, "the start");
    await start;
    return Object.assign(made, { forked });
  }

  test("loads once, and has the others forked", async () => {
    const made = await preloaded({ processes: 2 });
    expect([made.guests.length, made.forked.length]).toEqual([1, 2]);
    const pids = made.forked.map(({ pid }) => pid);
    expect(new Set(made.pool.stats().processes.map(({ pid }) => pid))).toEqual(new Set(pids));
    expect(pids.map(String)).toContain(await made.ask().text);
  });

  test("hears from the template how a process ended that was forked from it, and has another one forked", async () => {
    const made = await preloaded();
    made.forked[0]?.end("SIGKILL");
    await passing(() => made.forked.length === 2, "the next one");
    expect(messages(made)).toContainEqual(
      expect.stringMatching(/^error: The process ended \((signal 9|hung up|closed a lane)\)/),
    );
    expect(made.guests).toHaveLength(1);
    expect(await made.ask().text).toBe(String(made.forked[1]?.pid));
  });

  test("does not signal a process that the template has not forked", async () => {
    const made = await preloaded();
    made.guests[0]?.say(FrameType.exited, { pid: process.pid, status: 0 });
    vi.advanceTimersByTime(100);
    expect(await made.ask().text).toBe(String(made.forked[0]?.pid));
  });

  test("loads again for a reload, and ends the old template after its last process", async () => {
    const made = await preloaded();
    let isOver = false;
    made.pool.reload().then(
      () => (isOver = true),
      () => {},
    );
    await until(() => isOver, "the reload");
    expect([made.guests.length, made.forked.length]).toEqual([2, 2]);
    await passing(() => !isAlive(made.guests[0]?.pid ?? 0), "the end of the old template");
    expect(await made.ask().text).toBe(String(made.forked[1]?.pid));
  });

  test("keeps the old template when the new one does not load", async () => {
    const made = await preloaded();
    made.habits = { ...BROKEN, obeys: false };
    let error: Error | null = null;
    made.pool.reload().catch((reason: Error) => {
      error = reason;
    });
    await passing(() => error !== null, "the reload to fail");
    made.forked[0]?.end("SIGKILL");
    await passing(() => made.forked.length === 2, "one more of the old template");
    expect(await made.ask().text).toBe(String(made.forked[1]?.pid));
  });
});

describe("GuestPool.close", () => {
  test("waits for what is asked, and refuses what comes after", async () => {
    const made = await started({}, { answer: null });
    const request = made.ask();
    const [guest] = made.guests;
    await until(() => guest?.lanes[0]?.frames.length === 1, "the request");
    const closing = closed(made, 1000);
    expect(await made.ask().text).toBe("503 Service Unavailable\n");
    guest?.lanes[0]?.respond(guest.lanes[0].frames[0]?.id ?? 0, "in time");
    expect(await request.text).toBe("in time");
    await closing;
    expect(isAlive(guest?.pid ?? 0)).toBe(false);
  });

  test("gives up what takes longer than the grace, and kills what does not end", async () => {
    const made = await started({}, { answer: null, obeys: false });
    const [begun, waiting] = [made.ask(), made.ask()];
    await until(() => made.guests[0]?.lanes[0]?.frames.length === 1, "the request");
    await closed(made, 1);
    expect(await waiting.text).toBe("503 Service Unavailable\n");
    expect(await begun.text).toBe("502 Bad Gateway\n");
    expect(messages(made).at(-1)).toMatch(/^warning: The process is killed: it was told to end/);
    await closed(made, 1);
  });

  test("does not wait for a process that still loads", async () => {
    const made = standInPool({}, NOT_READY);
    made.pool.start().catch(() => {});
    await until(() => made.guests.length === 1, "the process");
    await closed(made, 0);
    await passing(() => !isAlive(made.guests[0]?.pid ?? 0), "its end");
    expect(made.pool.stats().processes).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
