// The processes of a guest: starts them, directly or by forking a template, and assigns their connections.
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { GuestStartError, GuestUnavailable } from "./errors.ts";
import type { GuestSettings } from "./guest-options.ts";
import { GuestProcess, type ProcessOwner } from "./guest-process.ts";
import type { Hello } from "./hello.ts";
import type { GuestLanguage } from "./language.ts";
import { launch } from "./launch.ts";
import { Rendezvous } from "./rendezvous.ts";

/** How long a process that failed to load the application may take to exit, in milliseconds. */
const FAILED_MILLISECONDS = 2000;

/** Called when a process has exited. */
export interface ProcessSetOwner extends ProcessOwner {
  /** It has exited, and its output is complete. */
  ended(process: GuestProcess, reason: string): void;
}

/** The existing processes, including the template. */
export class ProcessSet {
  readonly rendezvous: Rendezvous;
  /** The template for `preload`, from which new processes are forked; null until it is needed. */
  template: GuestProcess | null = null;
  readonly #settings: GuestSettings;
  readonly #language: GuestLanguage;
  readonly #hasInner: boolean;
  readonly #owner: ProcessSetOwner;
  readonly #slots: number;
  #processes: readonly GuestProcess[] = [];
  #templates: readonly GuestProcess[] = [];

  /**
   * @param settings - with defaults
   * @param language - of the guest
   * @param hasInner - whether the application is on this side, behind filters of the guest
   * @param owner - the pool
   */
  constructor(settings: GuestSettings, language: GuestLanguage, hasInner: boolean, owner: ProcessSetOwner) {
    this.#settings = settings;
    this.#language = language;
    this.#hasInner = hasInner;
    this.#owner = owner;
    // Each process may coexist with its replacement, and with a predecessor that completes its last requests.
    this.#slots = settings.processes * 3 + 2;
    this.rendezvous = new Rendezvous(
      this.#slots * settings.threads,
      settings.identity,
      language.name,
      (hello, socket) => this.#greet(hello, socket),
    );
  }

  /** All except templates. */
  get processes(): readonly GuestProcess[] {
    return this.#processes;
  }

  /** The template, and older templates as long as processes forked from them exist. */
  get templates(): readonly GuestProcess[] {
    return this.#templates;
  }

  /** Templates that are no longer needed. A template outlives its forks, because it reports their exits. */
  get unusedTemplates(): readonly GuestProcess[] {
    const isUsed = (template: GuestProcess): boolean =>
      template === this.template || this.#processes.some((process) => process.template === template);
    return this.#templates.filter((template) => !isUsed(template));
  }

  /** All of them. */
  get all(): readonly GuestProcess[] {
    return [...this.#templates, ...this.#processes];
  }

  /** Opens the socket where processes connect. */
  async listen(): Promise<void> {
    await this.rendezvous.listen();
  }

  /** Starts one more process, directly or from the template. */
  async spawn(): Promise<GuestProcess> {
    if (!this.#settings.preload) {
      const process = this.#add();
      this.#launch(process);
      return process;
    }
    if (this.template === null || this.template.state === "dead") {
      this.template = new GuestProcess(this.#slots - 1, true, this.#owner);
      this.#templates = [...this.#templates, this.template];
      this.#launch(this.template);
    }
    const template = this.template;
    await template.whenReady;
    const process = this.#add();
    process.template = template;
    this.#expectStart(process);
    template.fork(process.index);
    return process;
  }

  /** Forgets a process that has exited. */
  remove(process: GuestProcess): void {
    this.#processes = this.#processes.filter((candidate) => candidate !== process);
    this.#templates = this.#templates.filter((candidate) => candidate !== process);
    if (this.template === process) this.template = null;
    this.rendezvous.forget(process.pid);
  }

  #greet(hello: Hello, socket: Socket): void {
    const isExpectedNow = hello.kind === "answer" ? isServing : isExpected;
    const process = this.all.find((candidate) => candidate.index === hello.process && isExpectedNow(candidate));
    if (process === undefined || !this.#isItself(process, hello)) {
      socket.destroy();
      return;
    }
    process.attach(hello, socket);
    if (hello.kind === "control") this.rendezvous.note(process.pid);
  }

  /** Verifies the process id: another user's process must not choose which process gets signals. */
  #isItself({ pid, template }: GuestProcess, hello: Hello): boolean {
    if (hello.kind !== "control" || this.#settings.identity === null) return true;
    return template === null ? hello.pid === pid : parentOf(hello.pid) === template.pid;
  }

  #add(): GuestProcess {
    const process = new GuestProcess(this.#freeIndex(), false, this.#owner);
    this.#processes = [...this.#processes, process];
    return process;
  }

  #launch(process: GuestProcess): void {
    const role = { process: process.index, isTemplate: process.isTemplate, hasInner: this.#hasInner };
    const child = launch(this.#settings, this.#language, this.rendezvous, role, {
      printed: (stream, text) => process.printed(stream, text),
      reported: (text) => process.reported(text),
      ended: (reason) => this.#owner.ended(process, reason),
    });
    process.pid = child.pid ?? 0;
    this.#expectStart(process);
  }

  #expectStart(process: GuestProcess): void {
    const { startupSeconds } = this.#settings;
    const timer = setTimeout(() => {
      process.failStart(
        new GuestStartError(
          this.#language.name,
          `The application did not load within ${startupSeconds} s${lacking(process, this.#settings.threads)}`,
        ),
      );
      process.kill();
    }, startupSeconds * 1000);
    const stop = (): void => clearTimeout(timer);
    process.whenReady.then(stop, () => {
      stop();
      // It exits by itself, and may have exit handlers to run.
      setTimeout(() => process.kill(), FAILED_MILLISECONDS).unref();
    });
  }

  #freeIndex(): number {
    const taken = new Set(this.#processes.map((process) => process.index));
    for (let index = 0; index < this.#slots - 1; index += 1) if (!taken.has(index)) return index;
    throw new GuestUnavailable(this.#language.name, "Too many processes are being replaced at a time");
  }
}

/** Whether a process still has to connect. One that was told to end still introduces itself, so that it can be ended. */
function isExpected(process: GuestProcess): boolean {
  return process.state === "starting" || (process.state === "ending" && process.pid === 0);
}

/** Whether a process may have requests. */
function isServing({ state, isTemplate }: GuestProcess): boolean {
  return !isTemplate && (state === "ready" || state === "draining" || state === "ending");
}

/** The parent of a process; undefined if the system does not tell. Source: proc(5), "stat". */
function parentOf(pid: number): number | undefined {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "");
    return Number(afterName.split(" ")[1]);
  } catch {
    return undefined;
  }
}

/** What a guest has not done that is otherwise there: one that can have one lane only is told by its number. */
function lacking({ lanes, isTemplate }: GuestProcess, threads: number): string {
  const isAlmostThere = !isTemplate && lanes.length > 0 && lanes.length < threads;
  return isAlmostThere ? `: it has opened ${lanes.length} of ${threads} lanes` : "";
}
