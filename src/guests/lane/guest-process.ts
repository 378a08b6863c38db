// One process of a guest: its control channel, its lanes, its output, and its exit.
import type { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { FrameType, frameText, type LaneFrame } from "../../protocols/lane/frame.ts";
import { LaneDecoder } from "../../protocols/lane/lane-decoder.ts";
import { LineSplitter } from "../../protocols/line-splitter.ts";
import { readControlMessage, type GuestReady } from "./control-messages.ts";
import { GuestDeadlineMissed, GuestStartError } from "./errors.ts";
import type { GuestExchange } from "./guest-exchange.ts";
import type { ControlHello, Hello, LaneHello, StackDump } from "./hello.ts";
import { Lane, type LaneListener, type LaneOwner } from "./lane.ts";
import { GUEST_LOG_LEVELS, type GuestLogEntry, type GuestSettings } from "./guest-options.ts";
import type { GuestLanguage } from "./language.ts";
import { SeparateAnswers } from "./separate-answers.ts";

/** How many characters of its reports are kept. */
const REPORT_CHARACTERS = 16_384;
/** How long a process may take to dump its stacks, in milliseconds. */
const DUMP_MILLISECONDS = 250;

/**
 * `starting`: loads. `ready`: takes requests. `draining`: completes its last ones. `ending`: runs its exit handlers and waits for its
 * threads. `dead`: gone.
 */
export type ProcessState = "starting" | "ready" | "draining" | "ending" | "dead";

/** What a process reports to its pool. */
export interface ProcessOwner {
  readonly settings: GuestSettings;
  readonly language: GuestLanguage;
  readonly dispatcher: LaneListener;
  ready(process: GuestProcess): void;
  retire(process: GuestProcess, reason: string): void;
  /** The process (or its lanes) is gone; the exchanges on them have no response. */
  died(process: GuestProcess, reason: string): void;
  /** @param template - reports the exit of a process that was forked from it */
  childExited(template: GuestProcess, pid: number, reason: string): void;
  abort(slot: number, id: number): void;
  /** A lane without a watcher of its own has several requests. */
  watch(): void;
  /** A lane takes requests again that had to drop some. */
  freed(slot: number): void;
}

/** The state of one process. */
export class GuestProcess implements LaneOwner {
  /** Which slots of the status file it owns. */
  readonly index: number;
  /** True for the template of a preloaded application, which has no lanes. */
  readonly isTemplate: boolean;
  state: ProcessState = "starting";
  pid = 0;
  /** Its runtime, as it reports it: `Python 3.13.1`. */
  runtime = "";
  readyAt = 0;
  lanes: Lane[] = [];
  message: GuestReady | null = null;
  replacement: GuestProcess | null = null;
  /** The process that it was forked from, if any. */
  template: GuestProcess | null = null;
  isRetiring = false;
  /** Ready, but gets no requests until the other processes of the same reload are ready too. */
  isHeldBack = false;
  isKilled = false;
  /** Its answers that do not come on its lanes. */
  readonly separate: SeparateAnswers;
  /** When it is killed if it is still draining or ending. */
  killAt = Infinity;
  /** Resolves when it takes requests (a template: can be forked); rejects if it exits before that. */
  readonly whenReady: Promise<void>;
  readonly #owner: ProcessOwner;
  #control: Socket | null = null;
  #dumpOf: StackDump | null = null;
  #report = "";
  readonly #lines: Readonly<Record<"stdout" | "stderr", LineSplitter>> = {
    stdout: new LineSplitter((line) => this.#printedLine("stdout", line)),
    stderr: new LineSplitter((line) => this.#printedLine("stderr", line)),
  };
  #isLoaded = false;
  #resolveReady!: () => void; // by the constructor, as the next
  #rejectReady!: (error: Error) => void;
  #modulesWaiting: ((files: readonly string[]) => void)[] = [];

  /**
   * @param index - which slots of the status file it owns
   * @param isTemplate - whether it only serves as a template to fork from
   * @param owner - the pool
   */
  constructor(index: number, isTemplate: boolean, owner: ProcessOwner) {
    this.index = index;
    this.isTemplate = isTemplate;
    this.#owner = owner;
    const { answerBufferBytes: answerBytes, graceSeconds } = owner.settings;
    this.separate = new SeparateAnswers(owner.language.name, { answerBytes, graceSeconds });
    this.whenReady = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.whenReady.catch(() => {}); // whoever needs it awaits it
  }

  /** Its unanswered requests. */
  get unanswered(): ReadonlySet<GuestExchange> {
    return new Set([...this.lanes.flatMap((lane) => lane.unanswered), ...this.separate.exchanges]);
  }

  /** Number of unanswered requests. */
  get outstanding(): number {
    let sum = this.separate.count;
    for (const lane of this.lanes) sum += lane.outstanding;
    return sum;
  }

  /** Number of answered requests. */
  get answeredCount(): number {
    let sum = 0;
    for (const lane of this.lanes) sum += lane.answeredCount;
    return sum;
  }

  /** The last part of its reports. A forked process writes to its template's pipe. */
  get report(): string {
    return this.template === null ? this.#report : this.template.report;
  }

  /** Resident memory in bytes; 0 if the system does not tell. */
  get residentBytes(): number {
    try {
      // In kB, whatever the page size. Source: proc_pid_status(5).
      return Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  /** Whether its exit will be reported by its parent: this process or the template. */
  get isCollected(): boolean {
    return this.template === null || this.template.state !== "dead";
  }

  /** Takes a connection from the process. */
  attach(hello: Hello, socket: Socket): void {
    if (hello.kind === "answer") {
      const slot = this.index * this.#owner.settings.threads + hello.lane;
      this.separate.attach(
        this.lanes.find((lane) => lane.slot === slot),
        hello.request,
        socket,
      );
      return;
    }
    if (!this.#expects(hello)) {
      socket.destroy();
      return;
    }
    if (hello.kind === "control") {
      this.#attachControl(hello, socket);
      return;
    }
    const { threads, answerBufferBytes } = this.#owner.settings;
    this.lanes.push(
      new Lane(socket, this.index * threads + hello.lane, hello, answerBufferBytes, this, this.#owner.dispatcher),
    );
    this.#checkReady();
  }

  #attachControl({ pid, language, version, dump }: ControlHello, socket: Socket): void {
    this.#control = socket;
    this.pid = pid;
    // It was told to end before it had introduced itself.
    if (this.state === "ending") this.kill();
    this.runtime = `${language} ${version}`.trim();
    this.#dumpOf = dump;
    const decoder = new LaneDecoder((frame) => this.#hear(frame));
    socket.on("data", (chunk: Buffer) => {
      try {
        decoder.push(chunk);
      } catch (error) {
        this.kill();
        this.#owner.died(this, (error as Error).message);
      }
    });
    socket.on("close", () => this.#owner.died(this, "hung up"));
  }

  /** Output of the application; null at the end of the stream. */
  printed(stream: "stdout" | "stderr", text: string | null): void {
    if (text === null) this.#lines[stream].end();
    else this.#lines[stream].push(text);
  }

  /** Text from its descriptor 3. */
  reported(text: string): void {
    this.#report = (this.#report + text).slice(-REPORT_CHARACTERS);
  }

  /** The start failed, or the process exited before it was ready. */
  failStart(error: Error): void {
    this.#rejectReady(error);
  }

  /** Asks for one more process, forked from this template. */
  fork(index: number): void {
    this.#tell(FrameType.fork, { process: index });
  }

  /** The source files that are currently loaded. */
  modules(): Promise<readonly string[]> {
    return new Promise((resolve) => {
      this.#modulesWaiting.push(resolve);
      this.#tell(FrameType.listModules, null);
    });
  }

  /**
   * Asks the process to end once its current requests are answered.
   *
   * @param killAt - when to kill it, on the clock of `performance.now()`
   */
  stop(killAt: number): void {
    if (this.state === "dead") return;
    const isReady = this.state !== "starting";
    this.killAt = killAt;
    if (this.state === "ending") return;
    this.state = "ending";
    // While it loads, it cannot hear us and has nothing to complete.
    if (isReady) this.#tell(FrameType.stop, null);
    else this.kill();
  }

  /** Ends the process at once. */
  kill(): void {
    this.signal("SIGKILL");
  }

  /** Sends a signal, if the process is still there. */
  signal(signal: NodeJS.Signals | number): void {
    if (this.pid === 0 || this.state === "dead") return;
    try {
      process.kill(this.pid, signal);
    } catch {
      // It has just exited; that is reported elsewhere.
    }
  }

  /**
   * Gives up on the request that a lane is stuck in: answers 504, logs the stack, and replaces the process.
   *
   * @param exchange - null if it was answered, but the `close()` of its body does not return
   */
  async giveUp(lane: Lane, exchange: GuestExchange | null): Promise<void> {
    lane.isLost = true;
    const { settings, language } = this.#owner;
    const { name } = language;
    const seconds = settings.deadlineSeconds;
    const stack = await this.#dump(lane.thread);
    if (exchange === null) {
      const message = `The application was not done with an answered request within ${seconds} s, in close() or behind its last chunk`;
      this.#log("error", `${message}\n${stack.trimEnd()}`);
      this.#owner.retire(this, "its thread stays in a request that has been answered");
      return;
    }
    const message = `The ${name} application did not answer ${exchange.description} within ${seconds} s (process ${this.pid})`;
    const error = new GuestDeadlineMissed(name, message, stack);
    if (exchange.isSettled) exchange.environ["wsgi.errors"].write(`${error.stack ?? message}\n`);
    exchange.fail(error);
    this.#owner.retire(this, `it did not answer ${exchange.description}`);
  }

  get language(): string {
    return this.#owner.language.name;
  }

  get isForeign(): boolean {
    return this.#owner.settings.identity !== null;
  }

  // Called by its lanes.

  wantsRetirement(reason: string): void {
    this.#owner.retire(this, reason);
  }

  ended(lane: Lane, error: Error | null): void {
    lane.isLost = true;
    if (this.state === "dead") return;
    if (error === null && this.state === "ending") return;
    if (error !== null) this.kill();
    this.#owner.died(this, error === null ? "closed a lane" : error.message);
  }

  logged(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.#log("error", line);
  }

  abort(slot: number, id: number): void {
    this.#owner.abort(slot, id);
  }

  watch(): void {
    this.#owner.watch();
  }

  freed(slot: number): void {
    this.#owner.freed(slot);
  }

  /** Accepts each connection once: the control channel, and one for each thread. */
  #expects(hello: ControlHello | LaneHello): boolean {
    if (hello.kind === "control") return this.#control === null;
    const { threads } = this.#owner.settings;
    return hello.lane < threads && !this.lanes.some(({ slot }) => slot === this.index * threads + hello.lane);
  }

  #hear(frame: LaneFrame): void {
    const message = readControlMessage(frame);
    if (message === null) return;
    switch (message.kind) {
      case "ready":
        this.message = message.ready;
        this.#isLoaded = true;
        this.#checkReady();
        break;
      case "broken": {
        const { message: text, stack, mistake } = message;
        this.#rejectReady(new GuestStartError(this.language, text, stack, { mistake }));
        break;
      }
      case "exited": {
        const { pid, status } = message;
        this.#owner.childExited(this, pid, status < 0 ? `signal ${-status}` : `exit code ${status}`);
        break;
      }
      case "log":
        this.#noted(message);
        break;
      case "modules":
        for (const resolve of this.#modulesWaiting.splice(0)) resolve(message.modules);
        break;
    }
  }

  #checkReady(): void {
    if (this.state !== "starting" || !this.#isLoaded) return;
    if (!this.isTemplate && this.lanes.length < this.#owner.settings.threads) return;
    this.state = "ready";
    this.readyAt = performance.now();
    this.lanes.sort((a, b) => a.slot - b.slot);
    this.#resolveReady();
    this.#owner.ready(this);
  }

  #tell(type: number, message: unknown): void {
    this.#control?.write(frameText(type, 0, "", message === null ? "" : JSON.stringify(message)), "latin1");
  }

  /** The stack of one thread, even if the process is busy. */
  async #dump(thread: string): Promise<string> {
    if (this.#dumpOf === null) return "";
    const { signal, format } = this.#dumpOf;
    const before = this.report.length;
    this.signal(signal);
    await new Promise((resolve) => {
      setTimeout(resolve, DUMP_MILLISECONDS);
    });
    const { report } = this;
    const dump = before < report.length ? report.slice(before) : report;
    return format === "lines" ? dump : this.#owner.language.stackOfThread(dump, thread);
  }

  /** A log message of the guest, or of a hook in it. */
  #noted({ level, message }: { readonly level: string; readonly message: string }): void {
    const known = GUEST_LOG_LEVELS.find((name) => name === level) ?? "error";
    this.#log(known, message);
  }

  #log(level: GuestLogEntry["level"], message: string): void {
    this.#owner.settings.log({ level, message, pid: this.pid, ...this.#request() });
  }

  #printedLine(stream: "stdout" | "stderr", text: string): void {
    this.#owner.settings.output?.({ stream, text, pid: this.pid, ...this.#request() });
  }

  /** The request that its current output belongs to, if there is only one. */
  #request(): { readonly request?: string } {
    const busy = this.lanes.filter((lane) => lane.outstanding > 0);
    const request = busy.length === 1 ? busy[0]?.current?.description : undefined;
    return request === undefined ? {} : { request };
  }
}
