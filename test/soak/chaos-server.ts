// The server that goes through the chaos: what it consists of now, and what its operator does to it.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Project, type Command } from "../cli-command.ts";
import { isRunning, killIfThere, processesOf, type ProjectProcesses } from "../python/processes-of.ts";
import { eventually, PYTHON } from "../python/serve-python.ts";

/** Seconds that a request may take. */
export const DEADLINE_SECONDS = 3;

const APPLICATION = readFileSync(new URL("chaos_app.py", import.meta.url), "utf8");
const ARGUMENTS =
  `app.py -b 127.0.0.1:0 -w 2 --guest-processes 2 --threads 2 -t ${DEADLINE_SECONDS} --max-requests 4000 -p chaos.pid ` +
  "--guest-memory-limit 300M --graceful-timeout 20 -e PYTHONDONTWRITEBYTECODE=1";

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A server with two workers and four Python processes, and the directory of its temporary files. */
export class ChaosServer {
  readonly #project = new Project({});
  readonly #command: Command;
  /** Where temporary files go: a file system of its own, unless that needs a right that we do not have. */
  readonly #temporary = this.#project.path("temporary");
  readonly hasOwnDisk: boolean;
  /** Process id of the arbiter that serves; upgrades change it. */
  #arbiter: number;
  #generation = 0;

  constructor() {
    this.#deploy();
    mkdirSync(this.#temporary);
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", this.#temporary]);
    this.hasOwnDisk = status === 0;
    const env = { TMPDIR: this.#temporary };
    this.#command = this.#project.start([...ARGUMENTS.split(" "), "--python", PYTHON], { env });
    this.#arbiter = this.#command.pid;
  }

  /** Waits until everything is there; gives the port. */
  async port(): Promise<number> {
    const port = await this.#command.port();
    await eventually(() => this.processes.interpreters.length === 4, "all processes");
    return port;
  }

  /** What runs now, beside the arbiter. */
  get processes(): ProjectProcesses {
    return processesOf(this.#project.directory, this.#arbiter);
  }

  /** The lines of the log that hold a text. */
  linesWith(text: string): string[] {
    return this.#command.stderr.split("\n").filter((line) => line.includes(text));
  }

  async reload(): Promise<void> {
    this.#deploy();
    await this.#signalled("SIGHUP", "Reloaded: generation");
  }

  async reloadBroken(): Promise<void> {
    this.#project.write("app.py", "def broken(");
    await this.#signalled("SIGHUP", "Reload failed");
    this.#deploy();
  }

  async scale(): Promise<void> {
    killIfThere(this.#arbiter, "SIGTTIN");
    await eventually(() => this.processes.interpreters.length > 4, "one worker more");
    killIfThere(this.#arbiter, "SIGTTOU");
    await pause(500);
  }

  /** A new arbiter, and then either of the two leaves. */
  async upgrade(isTakenBack: boolean): Promise<void> {
    this.#deploy();
    await this.#signalled("SIGUSR2", "Listening at");
    const successor = Number(readFileSync(this.#project.path("chaos.pid.2"), "utf8"));
    if (isTakenBack) {
      await this.#signalled("SIGTERM", "The new arbiter has ended", successor);
      return;
    }
    const before = this.#arbiter;
    this.#arbiter = successor;
    await this.#signalled("SIGTERM", "Promoted", before);
    await eventually(() => !isRunning(before), "the end of the old arbiter");
  }

  /** Leaves no room for temporary files while something is done. */
  async withFullDisk(during: () => Promise<void>): Promise<void> {
    const filler = `${this.#temporary}/filler`;
    try {
      for (const size of [1 << 20, 1 << 12]) fill(filler, size);
      await during();
    } finally {
      rmSync(filler, { force: true });
    }
  }

  /** Stops it, and gives the exit code: of the first arbiter, when an upgrade has replaced it. */
  async stop(): Promise<number | null> {
    killIfThere(this.#arbiter, "SIGTERM");
    return (await this.#command.result).code;
  }

  /** Leaves nothing behind, also after a failure. */
  remove(): void {
    const { workers, interpreters } = this.processes;
    for (const pid of [this.#arbiter, ...workers, ...interpreters]) killIfThere(pid, "SIGKILL");
    if (this.hasOwnDisk) spawnSync("umount", ["--lazy", this.#temporary]);
    this.#project.remove();
  }

  #deploy(): void {
    this.#generation += 1;
    this.#project.write("app.py", APPLICATION.replace("{version}", String(this.#generation)));
  }

  /** Sends a signal, and waits for one more line of the log that says what it does. */
  async #signalled(signal: NodeJS.Signals, message: string, pid = this.#arbiter): Promise<void> {
    const before = this.#command.stderr.split(message).length - 1;
    killIfThere(pid, signal);
    await this.#command.saw(message, before + 1);
  }
}

/** Writes pieces into a file until there is no room for another one. */
function fill(path: string, size: number): void {
  try {
    for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}
