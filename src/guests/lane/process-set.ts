// The processes of a guest: starts them, by themselves or from a template, and gives each its connections.
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { GuestStartError, GuestUnavailable } from "./errors.ts";
import type { GuestSettings } from "./guest-options.ts";
import { GuestProcess, type ProcessOwner } from "./guest-process.ts";
import type { Hello } from "./hello.ts";
import type { GuestLanguage } from "./language.ts";
import { launch } from "./launch.ts";
import { Rendezvous } from "./rendezvous.ts";

/** How long a process that could not load the application may take to end, in milliseconds. */
const FAILED_MILLISECONDS = 2000;

/** Who hears how processes end. */
export interface ProcessSetOwner extends ProcessOwner {
  /** It has ended, and its output is complete. */
  ended(process: GuestProcess, reason: string): void;
}

/** The processes that exist, and the one that others are forked from. */
export class ProcessSet {
  readonly rendezvous: Rendezvous;
  /** Loaded once, for `preload`: what new processes are forked from; null until it is needed. */
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
    // Each process may have its replacement beside it, and one from before that answers its last requests.
    this.#slots = settings.processes * 3 + 2;
    this.rendezvous = new Rendezvous(
      this.#slots * settings.threads,
      settings.identity,
      language.name,
      (hello, socket) => this.#greet(hello, socket),
    );
  }

  /** All but the template. */
  get processes(): readonly GuestProcess[] {
    return this.#processes;
  }

  /** The template, and those of code that has been replaced as long as there are processes that were forked from them. */
  get templates(): readonly GuestProcess[] {
    return this.#templates;
  }

  /** Templates that nobody needs any more: a process outlives those that it has forked, because it reports how they end. */
  get unusedTemplates(): readonly GuestProcess[] {
    const isUsed = (template: GuestProcess): boolean =>
      template === this.template || this.#processes.some((process) => process.template === template);
    return this.#templates.filter((template) => !isUsed(template));
  }

  /** All of them. */
  get all(): readonly GuestProcess[] {
    return [...this.#templates, ...this.#processes];
  }

  /** Opens the place where processes connect. */
  async listen(): Promise<void> {
    await this.rendezvous.listen();
  }

  /** Starts one more process, by itself or from the template. */
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

  /** Forgets a process that has ended. */
  remove(process: GuestProcess): void {
    this.#processes = this.#processes.filter((candidate) => candidate !== process);
    this.#templates = this.#templates.filter((candidate) => candidate !== process);
    if (this.template === process) this.template = null;
    this.rendezvous.forget(process.pid);
  }

  #greet(hello: Hello, socket: Socket): void {
    const process = this.all.find((candidate) => candidate.index === hello.process && isExpected(candidate));
    if (process === undefined || !this.#isItself(process, hello)) {
      socket.destroy();
      return;
    }
    process.attach(hello, socket);
    if (hello.kind === "control") this.rendezvous.note(process.pid);
  }

  /** Another user's process must not name one that it wants to be signalled: what we know of it counts. */
  #isItself({ pid, template }: GuestProcess, hello: Hello): boolean {
    if (hello.kind === "lane" || this.#settings.identity === null) return true;
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
        new GuestStartError(this.#language.name, `The application did not load within ${startupSeconds} s`),
      );
      process.kill();
    }, startupSeconds * 1000);
    const stop = (): void => clearTimeout(timer);
    process.whenReady.then(stop, () => {
      stop();
      // It ends by itself, and may have something to run before that.
      setTimeout(() => process.kill(), FAILED_MILLISECONDS).unref();
    });
  }

  #freeIndex(): number {
    const taken = new Set(this.#processes.map((process) => process.index));
    for (let index = 0; index < this.#slots - 1; index += 1) if (!taken.has(index)) return index;
    throw new GuestUnavailable(this.#language.name, "Too many processes are being replaced at a time");
  }
}

/** Whether a process has connections still to make; one that was told to end says who it is, so that it can be. */
function isExpected(process: GuestProcess): boolean {
  return process.state === "starting" || (process.state === "ending" && process.pid === 0);
}

/** The parent of a process; undefined where the system does not say. Source: proc(5), "stat". */
function parentOf(pid: number): number | undefined {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "");
    return Number(afterName.split(" ")[1]);
  } catch {
    return undefined;
  }
}
