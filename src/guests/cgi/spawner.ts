// The small process that starts programs. To start one, a process is copied first, and the copy of a worker of 500 MB keeps its event loop
// waiting for 12 ms and more (nodejs/node#14917); this one has a few megabytes. It lives as long as its worker, and ends with it.
//
// The three streams of a program are named pipes in a directory that nobody else may enter: real pipes, which a program may open again as
// /dev/stderr, without a connection for each of them. Each is used once, and has lost its name when the program runs.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServiceError } from "../../http/errors.ts";
import { findInPath } from "../../is-file.ts";
import { LineSplitter } from "../../protocols/line-splitter.ts";
import { PipeStock } from "./pipe-stock.ts";
import { Program, type ProgramStreams } from "./program.ts";
import { makeFrame, readReport, type SpawnerReport, spawnFrame, type SpawnRequest } from "./spawner-frames.ts";

const EXTENSION = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
const COMMANDS: Readonly<Record<SpawnerLanguage, readonly [command: string, ...words: string[]]>> = {
  // Nothing that it does not need is loaded, nor anything that stands in the variables or the directory of the worker.
  python: ["python3", "-I", "-S", "-B", fileOf("spawner.py")],
  perl: ["perl", fileOf("spawner.pl")],
  node: [process.execPath, "--max-semi-space-size=1", fileOf(`spawner-main${EXTENSION}`)],
};

/**
 * What a spawner is written in. Python starts a program for half of the CPU time that the others need; it and Perl pass any bytes on, and
 * take a sixth of Node's memory. One of the three is there.
 */
export type SpawnerLanguage = "python" | "perl" | "node";

/** @returns those that this system seems to have, the best first */
export function spawnerLanguages(): SpawnerLanguage[] {
  const path = process.env["PATH"];
  const others = (["python", "perl"] as const).filter((language) => findInPath(COMMANDS[language][0], path) !== null);
  return [...others, "node"];
}

/** A spawner. */
export class Spawner {
  readonly #child: ChildProcess;
  readonly #directory: string;
  /** Pairs, for what a program writes and its messages. */
  readonly #outputs = new PipeStock();
  readonly #inputs = new PipeStock();
  #lastId = 0;
  #isOver = false;
  readonly #waiting: (() => void)[] = [];
  readonly #programs = new Map<number, Program>();
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    const lines = new LineSplitter((line) => this.#report(readReport(line)));
    child.stdout?.setEncoding("latin1").on("data", (text: string) => lines.push(text));
    child.stdin?.on("error", () => {}); // `exit` says it
    this.#ended = new Promise((resolve) => {
      child.once("error", () => this.#over());
      child.once("close", () => {
        this.#over();
        resolve();
      });
    });
    this.#hold(false);
  }

  /** Starts one. Do so while the process is small. */
  static start(language: SpawnerLanguage): Spawner {
    const directory = makeDirectory();
    // As root's, its pipes are open to root alone; the environment is that of the worker, because a program finds `mkfifo` with it.
    const [command, ...words] = COMMANDS[language];
    const child = spawn(command, [...words, directory], { stdio: ["pipe", "pipe", "inherit"] });
    return new Spawner(child, directory);
  }

  /** True when it has ended: another one is needed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** True when it has come up. */
  get hasWorked(): boolean {
    return this.#outputs.made > 0;
  }

  /** The process id. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Runs a program.
   *
   * @returns the program, which may not have begun; its `started` says
   * @throws ServiceError when this spawner has ended
   */
  async spawn(request: SpawnRequest): Promise<Program> {
    const stocks = request.hasInput ? [this.#outputs, this.#inputs] : [this.#outputs];
    while (this.#isOver || stocks.some(({ isEmpty }) => isEmpty)) {
      if (this.#isOver) throw spawnerGone();
      this.#hold(true);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const outputs = this.#outputs.take();
    const input = request.hasInput ? this.#inputs.take() : null;
    this.#ask();
    const id = (this.#lastId += 1);
    const program = new Program(this.#openStreams(outputs, input), () => this.#forget(id));
    this.#programs.set(id, program);
    this.#hold(true);
    this.#child.stdin?.write(spawnFrame(id, outputs, input, request));
    return program;
  }

  /** Ends it, with all programs that still run. */
  async close(): Promise<void> {
    this.#hold(true);
    this.#child.stdin?.end();
    await this.#ended;
  }

  #ask(): void {
    const [outputs, inputs] = [this.#outputs, this.#inputs];
    const areWanted = [outputs.wantsMore(), inputs.wantsMore()];
    if (areWanted.includes(true)) this.#child.stdin?.write(makeFrame(outputs.wanted, inputs.wanted));
  }

  /** Opens the worker's ends. None of this waits for the other end. */
  #openStreams(outputs: number, input: number | null): ProgramStreams {
    const { O_RDONLY, O_RDWR, O_WRONLY, O_NONBLOCK } = constants;
    const paths: string[] = [];
    const opened: number[] = [];
    const open = (name: string, ...modes: readonly number[]): number[] => {
      const path = join(this.#directory, name);
      paths.push(path);
      return modes.map((mode) => {
        const descriptor = openSync(path, mode | O_NONBLOCK);
        opened.push(descriptor);
        return descriptor;
      });
    };
    try {
      // While it is open for both, it can be opened for writing, and the program finds somebody who writes.
      const [held, writable] = input === null ? [] : open(`${input}i`, O_RDWR, O_WRONLY);
      const [readable] = open(`${outputs}o`, O_RDONLY);
      const [readableErrors] = open(`${outputs}e`, O_RDONLY);
      return {
        input: writable === undefined ? null : new Socket({ fd: writable, readable: false, writable: true }),
        output: new Socket({ fd: readable, readable: true, writable: false }),
        errors: new Socket({ fd: readableErrors, readable: true, writable: false }),
        begun: () => {
          if (held !== undefined) closeSync(held);
          for (const path of paths) unlinkSync(path);
        },
      };
    } catch (error) {
      for (const descriptor of opened) closeSync(descriptor);
      throw new ServiceError(503, "ERR_TSGI_CGI_PIPES", `Cannot open pipes for a program: ${String(error)}`);
    }
  }

  #report(report: SpawnerReport | null): void {
    if (report === null) return;
    if (report.kind === "have") {
      this.#outputs.made = report.outputs;
      this.#inputs.made = report.inputs;
      for (const resume of this.#waiting.splice(0)) resume();
      return;
    }
    this.#programs.get(report.id)?.report(report);
  }

  #forget(id: number): void {
    this.#programs.delete(id);
    if (this.#programs.size === 0) this.#hold(false);
  }

  /** Keeps the process of the worker alive while a program runs, and no longer. */
  #hold(isHeld: boolean): void {
    const handles = [
      this.#child,
      this.#child.stdin,
      this.#child.stdout,
    ] as unknown as readonly (NodeJS.RefCounted | null)[];
    for (const handle of handles) {
      if (isHeld) handle?.ref();
      else handle?.unref();
    }
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const resume of this.#waiting.splice(0)) resume();
    for (const program of this.#programs.values()) program.lost();
    this.#programs.clear();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** In memory where the system has such a place: three files are made and removed for each request. */
function makeDirectory(): string {
  const name = `tsgi-cgi-${process.pid}-`;
  try {
    return mkdtempSync(join("/dev/shm", name));
  } catch {
    return mkdtempSync(join(tmpdir(), name));
  }
}

/** The answer when programs cannot be started for the moment. */
export function spawnerGone(): ServiceError {
  return new ServiceError(
    503,
    "ERR_TSGI_CGI_SPAWNER",
    "The process that starts programs has ended; another one is started",
  );
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}
