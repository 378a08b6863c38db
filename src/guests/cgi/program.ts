// A program that runs, as its worker sees it: three streams, how it ends, and how it is ended.
import type { Socket } from "node:net";
import { constants } from "node:os";
import type { SpawnerReport } from "./spawner-frames.ts";

/** The worker's ends of the streams. */
export interface ProgramStreams {
  /** Null when there is nothing for it to read. */
  readonly input: Socket | null;
  readonly output: Socket;
  readonly errors: Socket;
  /** Called once, when the program has its ends, or never will. */
  begun(): void;
}

/** How a program has ended. */
export interface ProgramEnd {
  /** The exit code; 0 when a signal has ended it. */
  readonly code: number;
  /** Name of the signal; null when it has ended by itself. */
  readonly signal: string | null;
}

/** A program. */
export class Program {
  /** Null when there is nothing for it to read. */
  readonly input: Socket | null;
  readonly output: Socket;
  readonly errors: Socket;
  /** Resolves when it runs: with null, or with the name of the system's error when it cannot. */
  readonly started: Promise<string | null>;
  /** Resolves when it has ended; with null when nobody knows how. */
  readonly ended: Promise<ProgramEnd | null>;
  readonly #streams: ProgramStreams;
  readonly #forget: () => void;
  #pid: number | null = null;
  #hasBegun = false;
  #hasEnded = false;
  #tellStarted: (failure: string | null) => void = () => {};
  #tellEnded: (end: ProgramEnd | null) => void = () => {};

  /** @param forget - called when the spawner has no more to say */
  constructor(streams: ProgramStreams, forget: () => void) {
    this.#streams = streams;
    this.#forget = forget;
    this.input = streams.input;
    this.output = streams.output;
    this.errors = streams.errors;
    this.started = new Promise((resolve) => {
      this.#tellStarted = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#tellEnded = resolve;
    });
    // EPIPE: the program does not want the rest.
    for (const stream of [this.input, this.output, this.errors]) stream?.on("error", () => {});
  }

  /** The process id; null before it runs. */
  get pid(): number | null {
    return this.#pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Takes what the spawner says. */
  report(report: Exclude<SpawnerReport, { kind: "have" }>): void {
    if (report.kind === "pid") {
      this.#pid = report.pid;
      this.#begin(null);
    } else if (report.kind === "failed") {
      this.#begin(nameOf(constants.errno, report.errno) ?? `error ${report.errno}`);
      this.#end({ code: 127, signal: null });
    } else {
      const signal =
        report.signal === 0 ? null : (nameOf(constants.signals, report.signal) ?? `signal ${report.signal}`);
      this.#end({ code: report.code, signal });
    }
  }

  /** The spawner has ended. A program that runs goes on; how it ends is not known. */
  lost(): void {
    this.#begin("ESRCH");
    this.#end(null);
  }

  /** Sends a signal to the program and to all that it has started. */
  kill(signal: NodeJS.Signals): void {
    if (this.#pid === null) return;
    try {
      process.kill(-this.#pid, signal);
    } catch {
      // They have ended.
    }
  }

  #begin(failure: string | null): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#streams.begun();
    this.#tellStarted(failure);
  }

  #end(end: ProgramEnd | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#tellEnded(end);
    this.#forget();
  }
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string | null {
  return Object.keys(table).find((name) => table[name] === value) ?? null;
}
