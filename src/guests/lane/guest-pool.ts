// The life cycle of a guest's processes: starts, replaces and ends them. The rules are in policy.ts; this file carries them out.
// Deadlines and limits: pool-clock.ts. Which process gets which request: lane-dispatcher.ts.
import { TSGI_REQUEST_ID } from "../../wsgi/environ.ts";
import { LaneDispatcher } from "./lane-dispatcher.ts";
import { endGroup } from "./end-group.ts";
import { GuestStartError } from "./errors.ts";
import type { GuestExchange } from "./guest-exchange.ts";
import type { GuestProcess } from "./guest-process.ts";
import type { Lane } from "./lane.ts";
import { LaneWatch } from "./lane-watch.ts";
import type { GuestLanguage } from "./language.ts";
import type { GuestSettings } from "./guest-options.ts";
import { restartDelay } from "./policy.ts";
import { PoolClock, type ClockListener } from "./pool-clock.ts";
import { ProcessSet, type ProcessSetOwner } from "./process-set.ts";
import type { GuestStats } from "./guest-stats.ts";
import { guestBegins, guestEnds } from "./living-guests.ts";
import { salvage } from "./salvage.ts";

/** A process that was ready for this long, or got a request, counts as started successfully; in milliseconds. */
const SETTLED_MILLISECONDS = 1000;
/** Minimum time for a process to exit, even if its requests used up the whole grace period; in milliseconds. */
const END_MILLISECONDS = 2000;
/** After this time a killed process counts as gone, even if nobody has reported its exit; in milliseconds. */
const KILLED_MILLISECONDS = 1000;
/** How long to wait for the last message of a process that failed to start, in milliseconds. */
const LAST_WORDS_MILLISECONDS = 300;
/** How many turns of the event loop a process that has exited is read from. */
const READ_TURNS = 3;
/** How long to wait for the last output of a forked process, in milliseconds. */
const OUTPUT_MILLISECONDS = 50;

/** The processes, their dispatcher, and their clock. */
export class GuestPool implements ProcessSetOwner, ClockListener {
  readonly settings: GuestSettings;
  readonly language: GuestLanguage;
  /** Takes the requests. */
  readonly dispatcher: LaneDispatcher;
  readonly #set: ProcessSet;
  readonly #clock: PoolClock;
  readonly #watch: LaneWatch;
  #failures = 0;
  /** All processes have been ready at least once. */
  #isStarted = false;
  #isClosing = false;
  #restarts = 0;
  #replacements = 0;

  /**
   * @param settings - with defaults
   * @param language - of the guest
   * @param hasInner - whether the application is on this side, behind filters of the guest
   */
  constructor(settings: GuestSettings, language: GuestLanguage, hasInner: boolean) {
    this.settings = settings;
    this.language = language;
    this.dispatcher = new LaneDispatcher(language.name, settings.queueLimit, () => this.#clock.start());
    this.#set = new ProcessSet(settings, language, hasInner, this);
    this.#watch = new LaneWatch(this.#set.rendezvous, () => this.#set.processes.flatMap(({ lanes }) => lanes));
    this.#clock = new PoolClock(settings, this.dispatcher, this.#set, this);
  }

  /** Starts the processes; resolves when all are ready. */
  async start(): Promise<void> {
    guestBegins(this, this.language.name);
    try {
      await this.#set.listen();
      const started: Promise<void>[] = [];
      for (let count = 0; count < this.settings.processes; count += 1)
        started.push((await this.#set.spawn()).whenReady);
      await Promise.all(started);
      this.#isStarted = true;
      // One may have exited while the others were loading.
      if (this.#isShort) this.#restart();
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  /** Where a script would have listened; null for other targets. */
  get address(): readonly [host: string, port: number] | null {
    return (this.#set.template ?? this.#set.processes[0])?.message?.address ?? null;
  }

  /** The source files that the first process has loaded so far. */
  async modules(): Promise<readonly string[]> {
    const first = this.#set.processes.find((process) => process.state === "ready");
    return first === undefined ? [] : first.modules();
  }

  /** Replaces the processes once all new ones are ready. If the new code does not load, it rejects and nothing changes. */
  async reload(): Promise<void> {
    const old = this.#set.processes.filter((process) => process.state === "ready");
    const oldTemplate = this.#set.template;
    // The old template exits with the last process forked from it.
    this.#set.template = null;
    const fresh: GuestProcess[] = [];
    try {
      // One after another: loading keeps a processor busy that the serving processes need.
      for (let count = 0; count < old.length; count += 1) {
        const process = await this.#set.spawn();
        process.isHeldBack = true;
        fresh.push(process);
        await process.whenReady;
      }
    } catch (error) {
      if (oldTemplate?.state === "ready") this.#set.template = oldTemplate;
      for (const process of fresh) this.#drain(process);
      this.#endUnusedTemplates();
      throw error;
    }
    for (const process of fresh) process.isHeldBack = false;
    for (const process of old) {
      if (process.state !== "ready") continue;
      process.isRetiring = true;
      this.#drain(process);
    }
    this.dispatcher.serveWith(this.#set.processes);
    this.dispatcher.schedule();
    // As after the start.
    if (this.#isShort) this.#restart();
  }

  /** State and counters of the pool. */
  stats(): GuestStats {
    const { dispatcher } = this;
    return {
      queued: dispatcher.queued,
      running: this.#set.processes.reduce((sum, process) => sum + process.outstanding, 0),
      answered: dispatcher.answered,
      refused: dispatcher.refused,
      restarts: this.#restarts,
      replacements: this.#replacements,
      estimateMilliseconds: dispatcher.estimate,
      batchDepth: dispatcher.depth,
      processes: this.#set.processes.map((process) => ({
        pid: process.pid,
        state: process.state,
        running: process.outstanding,
        answered: process.answeredCount,
        residentBytes: process.residentBytes,
      })),
    };
  }

  /** Process ids by the id of the request they are working on. */
  requestsInHand(): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const { unanswered, pid } of this.#set.processes) {
      for (const { environ } of unanswered) found.set(String(environ[TSGI_REQUEST_ID]), pid);
    }
    return found;
  }

  /**
   * Completes the pending requests, then ends the processes.
   *
   * @param graceSeconds - how long requests may take before they are cut off; the processes have what is left of it to exit
   */
  async close(graceSeconds: number): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.dispatcher.close();
    const until = performance.now() + graceSeconds * 1000;
    while (
      performance.now() < until &&
      (this.dispatcher.queued > 0 || this.#set.processes.some((process) => process.outstanding > 0))
    ) {
      await sleep(10);
    }
    this.dispatcher.refuseAll();
    await this.#endAll(() => this.#set.processes, until);
    // Only now: a template reports how the processes forked from it exited.
    await this.#endAll(() => this.#set.templates, until);
    await this.language.whenSettled?.(Math.max(until, performance.now() + END_MILLISECONDS));
    // The requests that processes returned in the meantime.
    this.dispatcher.refuseAll();
    this.#clock.stop();
    this.#watch.stop();
    this.#set.rendezvous.close();
    guestEnds(this);
  }

  // Called by the processes.

  ready(process: GuestProcess): void {
    const { pid, runtime } = process;
    const { name, interpreter } = this.language;
    this.settings.log({ level: "info", message: `Ready: ${runtime || name} from ${interpreter}`, pid });
    if (!process.isTemplate) this.dispatcher.serveWith(this.#set.processes);
    this.dispatcher.schedule();
  }

  /** Replaces a process: the new one starts first, then the old one completes its last requests and exits. */
  retire(process: GuestProcess, reason: string): void {
    if (process.isRetiring || process.state === "dead" || this.#isClosing) return;
    process.isRetiring = true;
    this.#replacements += 1;
    this.dispatcher.serveWith(this.#set.processes);
    this.settings.log({ level: "warning", message: `Replacing the process: ${reason}`, pid: process.pid });
    void this.#replace(process);
  }

  died(process: GuestProcess, reason: string): void {
    if (process.state === "dead") return;
    // Its channels close when its exit handlers have run.
    if (process.state === "ending" && process.isCollected) return;
    if (reason === "hung up" || reason === "closed a lane") {
      // If the process has exited, its own report says more. If only the lane is gone, end the process.
      process.signal("SIGKILL");
      if (process.pid !== 0 && !process.isTemplate) setTimeout(() => this.#bury(process, reason), 500);
      return;
    }
    this.#bury(process, reason);
  }

  childExited(template: GuestProcess, pid: number, reason: string): void {
    const process = this.#set.processes.find((candidate) => candidate.pid === pid && candidate.template === template);
    // A message about a process that is not this template's must not cause a signal.
    if (process === undefined) return;
    if (this.language.isProgram) void endGroup(pid);
    // Its last output arrives on another pipe.
    setTimeout(() => this.#bury(process, reason), OUTPUT_MILLISECONDS);
  }

  abort(slot: number, id: number): void {
    this.#set.rendezvous.abort(slot, id);
  }

  watch(): void {
    this.#watch.wake();
  }

  freed(slot: number): void {
    this.#set.rendezvous.recall(slot, 0);
  }

  // Life and death.

  ended(process: GuestProcess, reason: string): void {
    // Its reason is on the control channel, which may be read after its exit is noticed.
    if (process.readyAt === 0 && !this.#isClosing)
      setTimeout(() => this.#bury(process, reason), LAST_WORDS_MILLISECONDS);
    else this.#buryOnceRead(process, reason, READ_TURNS);
  }

  /** Its last answers may wait in its sockets: an exit is noticed by another way, and may be noticed first. */
  #buryOnceRead(process: GuestProcess, reason: string, turns: number): void {
    if (turns === 0) this.#bury(process, reason);
    else setImmediate(() => this.#buryOnceRead(process, reason, turns - 1));
  }

  async #replace(process: GuestProcess): Promise<void> {
    try {
      process.replacement = await this.#set.spawn();
      await process.replacement.whenReady;
    } catch (error) {
      this.settings.log({
        level: "error",
        message: `Could not replace the process: ${(error as Error).stack}`,
        pid: process.pid,
      });
    }
    this.#drain(process);
  }

  /** Lets a process complete its requests and exit. */
  #drain(process: GuestProcess): void {
    if (process.state === "dead") return;
    process.state = "draining";
    process.killAt = performance.now() + this.settings.graceSeconds * 1000;
    this.dispatcher.serveWith(this.#set.processes);
    this.dispatcher.schedule();
    this.#clock.start();
    this.#finishDraining(process, performance.now());
  }

  #finishDraining(process: GuestProcess, now: number): void {
    const isStuck = process.lanes.some((lane) => lane.isLost);
    const isBusy = process.lanes.some((lane) => !lane.isLost && lane.outstanding > 0) || process.separate.count > 0;
    if (isBusy && now < process.killAt) return;
    // Conversations that are still going on are no reason to skip what is registered for the exit.
    if (isStuck || (now >= process.killAt && process.separate.count === 0)) process.kill();
    else process.stop(Math.max(process.killAt, now + END_MILLISECONDS));
  }

  /** Lets all of these exit by the given time, with a minimum time to do so. */
  async #endAll(processes: () => readonly GuestProcess[], until: number): Promise<void> {
    const killAt = Math.max(until, performance.now() + END_MILLISECONDS);
    while (processes().length > 0) {
      for (const process of processes()) {
        if (process.state === "ending") this.#checkEnding(process, performance.now());
        else process.stop(killAt);
      }
      await sleep(5);
    }
  }

  #endUnusedTemplates(): void {
    for (const template of this.#set.unusedTemplates) {
      if (template.state === "ending" || this.#isClosing) continue;
      template.stop(performance.now() + this.settings.graceSeconds * 1000);
      this.#clock.start();
    }
  }

  /** Kills a process that takes too long to exit. */
  #checkEnding(process: GuestProcess, now: number): void {
    if (now < process.killAt) return;
    if (now > process.killAt + KILLED_MILLISECONDS) this.#bury(process, "killed");
    if (process.isKilled) return;
    process.isKilled = true;
    const message =
      "The process is killed: it was told to end, and has not (a thread or an atexit function takes too long)";
    this.settings.log({ level: "warning", message, pid: process.pid });
    process.kill();
  }

  /** A process has exited: the requests that it had started are lost, the others go back into the queue. */
  #bury(process: GuestProcess, reason: string): void {
    if (process.state === "dead") return;
    const wasReady = process.readyAt > 0;
    const wasExpected = process.state === "draining" || process.state === "ending" || this.#isClosing;
    process.state = "dead";
    this.#set.remove(process);
    if (!process.isTemplate && process.message !== null)
      this.language.processEnded?.(process.pid, process.message.hooks);
    this.dispatcher.serveWith(this.#set.processes);
    const hasWorked = process.lanes.some((lane) => lane.hasWorked);
    const report = this.language.fatalReport(process.report);
    const { name } = this.language;
    process.failStart(
      new GuestStartError(name, `The process ended before the application was loaded (${reason})`, report),
    );
    const unbegun = salvage(process, this.#set.rendezvous, { language: name, reason, report, wasExpected });
    this.dispatcher.putBack(unbegun);
    this.dispatcher.schedule();
    this.#endUnusedTemplates();
    if (wasExpected || process.isTemplate) return;
    const message = `The process ended (${reason})${report === "" ? "" : `\n${report}`}`;
    this.settings.log({ level: "error", message, pid: process.pid });
    // Requests that crash their process must not make the others wait longer and longer.
    const hasStarted = wasReady && (hasWorked || performance.now() - process.readyAt > SETTLED_MILLISECONDS);
    this.#failures = hasStarted ? 0 : this.#failures + 1;
    if (this.#isStarted && this.#isShort) this.#restart();
  }

  /** Too few processes are serving or starting. */
  get #isShort(): boolean {
    const staying = this.#set.processes.filter(
      ({ state, isRetiring, isHeldBack }) => (state === "ready" || state === "starting") && !isRetiring && !isHeldBack,
    );
    return staying.length < this.settings.processes;
  }

  /** Starts one more process later, unless there are enough by then. */
  #restart(): void {
    this.#restarts += 1;
    setTimeout(() => {
      if (this.#isClosing || !this.#isShort) return;
      this.#set.spawn().then(
        (process) => process.whenReady.catch((error: unknown) => this.#logFailure(error)),
        (error: unknown) => {
          this.#logFailure(error);
          this.#failures += 1;
          this.#restart();
        },
      );
    }, restartDelay(this.#failures));
  }

  #logFailure(error: unknown): void {
    this.settings.log({ level: "error", message: (error as Error).stack ?? String(error) });
  }

  // Called by the clock.

  /** A request, or the work after its response, has taken too long. */
  overdue(process: GuestProcess, lane: Lane, exchange: GuestExchange | null): void {
    void process.giveUp(lane, exchange).then(() => this.dispatcher.serveWith(this.#set.processes));
  }

  /** Checks a process that is draining or exiting. */
  leaving(process: GuestProcess, now: number): void {
    if (process.state === "draining") this.#finishDraining(process, now);
    else this.#checkEnding(process, now);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
