// The hook child_exit of Python processes. It runs in a Python process of its own, because no other Python outlives them.
// Source: gunicorn, whose arbiter calls it; hooks.py of the shim is the other side.
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { spawnIdentity } from "../lane/guest-options.ts";
import { environmentFor, type PythonInterpreter } from "./interpreter.ts";
import type { PythonSettings } from "./options.ts";
import { pythonShim } from "./python-shim.ts";

/** Calls the hook for processes that have exited, one after another. */
export class ExitHook {
  readonly #settings: PythonSettings;
  readonly #interpreter: PythonInterpreter;
  #waiting: number[] = [];
  #running: Promise<void> | null = null;

  constructor(settings: PythonSettings, interpreter: PythonInterpreter) {
    this.#settings = settings;
    this.#interpreter = interpreter;
  }

  /** A process has exited. Processes that exit while the hook runs share the next call. */
  call(pid: number): void {
    this.#waiting.push(pid);
    this.#running ??= this.#run();
  }

  /** Waits until the hook was called for all of them, or until the given time (on the clock of `performance.now()`). */
  async whenDone(until: number): Promise<void> {
    const late = new Promise<void>((done) => {
      setTimeout(done, Math.max(0, until - performance.now())).unref();
    });
    await Promise.race([this.#running, late]);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const pids = this.#waiting;
      this.#waiting = [];
      await this.#once(pids);
    }
    this.#running = null;
  }

  #once(pids: readonly number[]): Promise<void> {
    const { directory, hooks = "", pythonPath = [], environment, log } = this.#settings;
    const { path, arguments: words = [] } = this.#interpreter;
    return new Promise((done) => {
      const child = spawn(path, [...words, pythonShim(), "child-exit"], {
        cwd: directory,
        env: environmentFor(this.#interpreter, { ...process.env, ...environment }),
        ...spawnIdentity(this.#settings),
        stdio: ["pipe", "inherit", "inherit"],
        detached: true,
      });
      const end = (reason: string): void => {
        if (reason !== "exit code 0") log({ level: "error", message: `The hook child_exit failed: ${reason}` });
        done();
      };
      child.once("error", (error) => end(error.message));
      if (child.pid === undefined) return; // then there may be no pipe either
      child.stdin.on("error", () => {});
      child.stdin.end(JSON.stringify({ hooks: resolve(directory, hooks), pythonPath, pids }));
      child.once("exit", (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }
}
