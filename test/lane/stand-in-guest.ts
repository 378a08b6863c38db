// A pool whose guests are spoken for by the test itself: each process is a `sleep` that does nothing, so that it can be signalled and can
// end as others do; its connections are made here. What the pool does can then be followed step by step.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { guestSettings, type GuestLogEntry, type GuestOptions } from "../../src/guests/lane/guest-options.ts";
import { GuestPool } from "../../src/guests/lane/guest-pool.ts";
import type { LaneHello } from "../../src/guests/lane/hello.ts";
import type { GuestCommand, GuestLanguage } from "../../src/guests/lane/language.ts";
import { FrameFlag, FrameType } from "../../src/protocols/lane/frame.ts";
import { asked, GuestEnd, type Asked, type Asking } from "./lane-pair.ts";

/** Before a test makes clocks of its own. */
const realTimeout = setTimeout;

/** Prints what it is told on its standard input, and does nothing more. */
const SILENT = "cat; echo; exec sleep 600";

interface LaunchOptions {
  readonly socket: string;
  readonly token: string;
  readonly process: number;
  readonly threads: number;
  readonly preload: boolean;
}

/** What a guest does by itself. */
export interface Habits {
  /** What it says once it is connected. @default READY */
  readonly says?: readonly (readonly [type: number, message: unknown])[] | undefined;
  /** It ends when it has said it. @default false */
  readonly ends?: boolean | undefined;
  /** It ends when it is told to. @default true */
  readonly obeys?: boolean | undefined;
  readonly hello?: Partial<LaneHello> | undefined;
  /** How many lanes it opens. @default all */
  readonly lanes?: number | undefined;
  /** The process id that it says. @default its own */
  readonly claims?: number | undefined;
  /** What it answers each request with, at once; null where the test answers. @default its process id */
  readonly answer?: string | null | undefined;
  /** The shell's commands that it is. @default {@link SILENT} */
  readonly command?: string | undefined;
  /** How it dumps its stacks. */
  readonly dump?: { readonly signal: number; readonly format: string } | undefined;
}

/** The process of a guest, as its host takes it for. */
export class StandInGuest {
  readonly pid: number;
  readonly options: LaunchOptions;
  readonly control: GuestEnd;
  readonly lanes: GuestEnd[] = [];
  readonly #habits: Habits;

  constructor(pid: number, options: LaunchOptions, habits: Habits) {
    this.pid = pid;
    this.options = options;
    this.#habits = habits;
    this.control = this.open(-1, {
      pid: habits.claims ?? pid,
      language: "Stand-in",
      version: "1",
      dump: habits.dump ?? null,
    });
    for (let lane = 0; lane < (options.preload ? 0 : (habits.lanes ?? options.threads)); lane += 1)
      this.lanes.push(this.open(lane, { thread: `t${lane}`, status: "none", maxBatch: 1, ...habits.hello }));
    for (const [type, message] of habits.says ?? [[FrameType.ready, { address: null, modules: ["a.x"], hooks: [] }]])
      this.say(type, message);
    if (habits.ends === true) this.end();
    if (habits.obeys !== false) void this.#obey();
    for (const lane of this.lanes) if (habits.answer !== null) void this.#answer(lane);
  }

  /** Connects as that lane; -1 for the control channel. */
  open(lane: number, more: object): GuestEnd {
    const end = new GuestEnd(connect(this.options.socket));
    const { token, process: number } = this.options;
    end.send(FrameType.hello, 0, { body: JSON.stringify({ protocol: 1, token, process: number, lane, ...more }) });
    return end;
  }

  /** Says something on the control channel. */
  say(type: number, message: unknown): void {
    this.control.send(type, 0, { body: JSON.stringify(message) });
  }

  /** Ends the process. */
  end(signal: NodeJS.Signals = "SIGTERM"): void {
    try {
      process.kill(this.pid, signal);
    } catch {
      // It has ended already.
    }
  }

  async #obey(): Promise<void> {
    let frame = await this.control.next();
    while (frame.type !== FrameType.stop) frame = await this.control.next();
    this.end();
  }

  async #answer(lane: GuestEnd): Promise<void> {
    for (;;) {
      const { id } = await lane.next();
      lane.respond(id, this.#habits.answer ?? String(this.pid));
    }
  }
}

class StandInLanguage implements GuestLanguage {
  readonly name = "Test";
  readonly interpreter = "/bin/sh";
  readonly isProgram: boolean;
  readonly #habits: () => Habits;

  constructor(habits: () => Habits, isProgram: boolean) {
    this.#habits = habits;
    this.isProgram = isProgram;
  }

  command(environment: Readonly<Record<string, string | undefined>>): GuestCommand {
    return { path: "/bin/sh", arguments: ["-c", this.#habits().command ?? SILENT], environment };
  }

  launchOptions(): Record<string, unknown> {
    return {};
  }

  stackOfThread(dump: string, thread: string): string {
    return `${thread}: ${dump}`;
  }

  fatalReport(report: string): string {
    return report.includes("fatal") ? report : "";
  }

  readonly endings: string[] = [];

  processEnded(_pid: number, hooks: readonly string[]): void {
    this.endings.push(hooks.join(" "));
  }
}

/** A pool, its guests and its log. */
export interface StandInPool {
  readonly pool: GuestPool;
  /** All guests that there were, in the order in which they were started. */
  readonly guests: StandInGuest[];
  readonly log: GuestLogEntry[];
  /** What guests printed. */
  readonly printed: string[];
  /** The hooks of processes that have ended. */
  readonly endings: readonly string[];
  /** What guests do that are started from now on. */
  habits: Habits;
  /** Has a request dispatched. */
  ask(asking?: Asking): Asked;
}

/** Makes a pool; a test closes it. */
export function standInPool(options: GuestOptions = {}, first: Habits = {}, isProgram = false): StandInPool {
  const guests: StandInGuest[] = [];
  const log: GuestLogEntry[] = [];
  const printed: string[] = [];
  const language = new StandInLanguage(() => made.habits, isProgram);
  const settings = guestSettings(
    {
      log: (entry: GuestLogEntry) => log.push(entry),
      output({ text, pid, request, stream }) {
        if (text.startsWith("{")) guests.push(new StandInGuest(pid, JSON.parse(text) as LaunchOptions, made.habits));
        else if (text !== "") printed.push(`${stream}: ${text}${request === undefined ? "" : ` (${request})`}`);
      },
      // Clocks of tests are faster than processes.
      startupSeconds: 1_000_000,
      graceSeconds: 1_000_000,
      ...options,
    },
    language.name,
  );
  const pool = new GuestPool(settings, language, false);
  const made: StandInPool = {
    pool,
    guests,
    log,
    printed,
    endings: language.endings,
    habits: first,
    ask(asking = {}) {
      const request = asked({ arrivedAt: performance.now(), ...asking });
      pool.dispatcher.submit(request.exchange);
      return request;
    },
  };
  return made;
}

/**
 * Lets a template fork as it is told to, and tell how those end that it has forked.
 *
 * @param template - of a pool with `preload`
 * @param forked - receives each
 */
export async function forkAsTold(template: StandInGuest, forked: StandInGuest[], habits: Habits = {}): Promise<void> {
  for (;;) {
    const { type, body } = await template.control.next();
    if (type === FrameType.stop) template.end();
    if (type !== FrameType.fork) continue;
    const { process: number } = JSON.parse(body.toString()) as { process: number };
    const child = spawn("sleep", ["600"], { stdio: "ignore" });
    const pid = child.pid ?? 0;
    child.once("exit", (code, signal) => {
      template.say(FrameType.exited, { pid, status: signal === null ? (code ?? 0) : -9 });
      for (const end of [guest.control, ...guest.lanes]) end.stream.destroy();
    });
    const guest = new StandInGuest(pid, { ...template.options, preload: false, process: number }, habits);
    forked.push(guest);
  }
}

/** The end of an answer. */
export const END = FrameFlag.end;

/** Waits until something is so, however fake the clocks are. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = process.hrtime.bigint() + 60_000_000_000n;
  while (!condition()) {
    if (process.hrtime.bigint() > end) throw new Error(`Waited a minute for ${what}`);
    await new Promise((resolve) => realTimeout(resolve, 1));
  }
}
