// Somebody who does what a tutorial says: a folder, two terminals, and a stopwatch.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The port that pages name; here it is another, because somebody else may have that one. */
const WRITTEN_PORT = /\b8000\b/g;
/** What a server in the first terminal says when a reload is over, whether the new code works or not. */
const RELOAD_IS_OVER = /Reloaded: |keeps serving/;
const PATIENCE_MILLISECONDS = 120_000;

/** A person with two terminals. */
export class Learner {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "tsgi-learner-")));
  readonly #variables: Readonly<Record<string, string>>;
  readonly #port: string;
  readonly #startedAt = performance.now();
  /** What each new shell is told first: the environments that were activated. */
  #before = "";
  #server: ChildProcess | null = null;
  #isReloading = false;
  #log = "";
  #secondsToAnswer: number | null = null;

  /**
   * @param variables - all that the shells know; there is no other variable
   * @param port - on which the application is served
   */
  constructor(variables: Readonly<Record<string, string>>, port: number) {
    this.#port = String(port);
    this.#variables = { HOME: this.folder, TSGI_BIND: `127.0.0.1:${port}`, ...variables };
    // curl draws a progress bar where its output is no terminal.
    writeFileSync(join(this.folder, ".curlrc"), "silent\nshow-error\n");
  }

  /** Seconds from the beginning to the first answer of a server; null before there is one. */
  get secondsToAnswer(): number | null {
    return this.#secondsToAnswer;
  }

  /** Saves a file; a server that reloads has seen it afterwards. */
  async write(name: string, text: string): Promise<void> {
    const before = this.#log.length;
    mkdirSync(dirname(join(this.folder, name)), { recursive: true });
    writeFileSync(join(this.folder, name), text.replaceAll(WRITTEN_PORT, this.#port));
    if (this.#isReloading)
      await this.#until(() => this.#hasReloaded(before, name), `a reload after "${name}" was saved`);
  }

  /** Types a command in the second terminal. @returns what it prints */
  type(command: string): string {
    if (command.startsWith(". ")) this.#before += `${command}\n`;
    const line = `${this.#before}${command.replaceAll(WRITTEN_PORT, this.#port)}`;
    const { stdout } = spawnSync("/bin/sh", ["-c", `exec 2>&1\n${line}`], { ...this.#place(), encoding: "utf8" });
    if (this.#server !== null && command.startsWith("curl "))
      this.#secondsToAnswer ??= (performance.now() - this.#startedAt) / 1000;
    return stdout.replaceAll("\r", "").trimEnd();
  }

  /**
   * Types the commands of a block and compares what they print; `…` stands for anything. A command that listens goes on in the first
   * terminal, where it takes the place of the one before.
   *
   * @param text - lines `$ COMMAND`, each with its output below
   * @throws Error when a command prints something else
   */
  async replay(text: string): Promise<void> {
    for (const part of text.split(/^\$ /m).slice(1)) {
      const [command = "", ...output] = part.trimEnd().split("\n");
      const wanted = output.join("\n");
      if (wanted.includes("Listening at")) await this.#serve(command);
      else await this.#compare(command, wanted);
    }
  }

  /** Closes both terminals. */
  async leave(): Promise<void> {
    await this.#interrupt();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #serve(command: string): Promise<void> {
    await this.#interrupt();
    this.#log = "";
    const line = `${this.#before}exec ${command}`;
    const server = spawn("/bin/sh", ["-c", line], {
      ...this.#place(),
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#server = server;
    for (const stream of [server.stdout, server.stderr])
      stream.on("data", (chunk: Buffer) => (this.#log += chunk.toString()));
    await this.#until(() => this.#log.includes("Listening at"), `"${command}" to listen`);
    this.#isReloading = command.includes("--reload");
  }

  async #compare(command: string, shown: string): Promise<void> {
    const end = performance.now() + PATIENCE_MILLISECONDS;
    for (;;) {
      const printed = this.type(command);
      if (isAsShown(printed, shown)) return;
      // A server writes its log a moment after its answer.
      if (!command.startsWith("grep ") || performance.now() > end)
        throw new Error(
          `"${command}" printed:\n${printed}\ninstead of:\n${shown}\n\nThe first terminal:\n${this.#log}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Ctrl-C, which a terminal sends to all processes in it. */
  async #interrupt(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#isReloading = false;
    if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
    process.kill(-server.pid, "SIGINT");
    await once(server, "exit");
  }

  #place(): { cwd: string; env: NodeJS.ProcessEnv } {
    return { cwd: this.folder, env: this.#variables };
  }

  /** A reload before may still have been going on, so what counts is the one that names the file. */
  #hasReloaded(since: number, name: string): boolean {
    const lines = this.#log.slice(since).split("\n");
    const begun = lines.findIndex((line) => line.includes("Reloading: ") && line.includes(name));
    return begun !== -1 && lines.slice(begun).some((line) => RELOAD_IS_OVER.test(line));
  }

  async #until(isSo: () => boolean, what: string): Promise<void> {
    const end = performance.now() + PATIENCE_MILLISECONDS;
    while (!isSo()) {
      const hasEnded = this.#server?.exitCode !== null || this.#server.signalCode !== null;
      if (hasEnded || performance.now() > end) throw new Error(`Waited for ${what}:\n${this.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Whether an output is what a page shows. */
function isAsShown(printed: string, shown: string): boolean {
  const parts = shown.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join("[^]*")}$`).test(printed);
}
