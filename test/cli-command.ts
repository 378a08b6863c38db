// Spawns the real command in a project of its own, and shows what a person at the terminal would have seen.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const COMMAND = join(ROOT, "bin", "tsgi.js");
const WAIT_MILLISECONDS = 90_000;

/** A temporary directory with source files, in which this package is installed. */
export class Project {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), "tsgi-cli-")));

  /** @param files - text by path below the directory */
  constructor(files: Readonly<Record<string, string>>) {
    mkdirSync(join(this.directory, "node_modules"));
    symlinkSync(ROOT, join(this.directory, "node_modules", "tsgi"));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, text: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Starts the command here. */
  start(args: readonly string[], options: StartOptions = {}): Command {
    return new Command(args, this.directory, options);
  }

  /** Runs the command here to its end. */
  async run(args: readonly string[], options: StartOptions = {}): Promise<Result> {
    return await this.start(args, options).result;
  }
}

/** How a command is started, beside its arguments. */
export interface StartOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** User and group. @default those of this process */
  readonly uid?: number;
}

/** What a command left behind. */
export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly bytes: Buffer;
  readonly stderr: string;
}

/** A command that runs. */
export class Command {
  readonly result: Promise<Result>;
  readonly #child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  #stderr = "";
  #hasEnded = false;
  readonly #waiting = new Set<() => void>();

  constructor(args: readonly string[], directory: string, { input, env, uid }: StartOptions) {
    const { PORT: _, ...inherited } = process.env;
    const child = spawn(process.execPath, [COMMAND, ...args], {
      cwd: directory,
      env: { ...inherited, ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.#child = child;
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.stdout.on("data", (chunk: Buffer) => this.#stdout.push(chunk));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      for (const check of this.#waiting) check();
    });
    this.result = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#hasEnded = true;
        for (const check of this.#waiting) check();
        resolve({ code, signal, stdout: this.stdout, bytes: Buffer.concat(this.#stdout), stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return Buffer.concat(this.#stdout).toString("utf8");
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until standard error holds this text so many times. */
  async saw(text: string, times = 1): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const giveUp = setTimeout(() => settle(`"${text}" did not appear ${times} times`), WAIT_MILLISECONDS);
      const settle = (complaint?: string): void => {
        clearTimeout(giveUp);
        this.#waiting.delete(check);
        if (complaint === undefined) resolve();
        else reject(new Error(`${complaint} in:\n${this.#stderr}`));
      };
      const check = (): void => {
        if (this.#stderr.split(text).length > times) settle();
        else if (this.#hasEnded) settle(`The command ended before "${text}" appeared ${times} times`);
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Waits until the server listens; gives the first TCP port that it names. */
  async port(): Promise<number> {
    await this.saw("Listening at");
    return Number(/Listening at: \S*?:\/\/\S*?:(\d+)/.exec(this.#stderr)?.[1]);
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Result> {
    this.signal(signal);
    return await this.result;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
