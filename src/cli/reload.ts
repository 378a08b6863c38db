// `--reload`: the parent watches the source files and keeps a child that serves. A change replaces the child; a child that cannot
// start says why, and the parent waits for the next change. Source: gunicorn's setting `reload`, which restarts workers likewise.
import { type ChildProcess, spawn } from "node:child_process";
import { dirname, relative, resolve, sep } from "node:path";
import { findSource } from "../guests/typescript/find-source.ts";
import { parseTarget } from "../guests/typescript/parse-target.ts";
import { isIniTarget, parseIniTarget } from "../server/ini-target.ts";
import type { ErrorLog } from "../server/logging/error-log.ts";
import type { Settings } from "../server/settings/table.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { globBase, matchesGlob } from "./glob.ts";
import { RELOAD_VARIABLE, isListeningMessage } from "./reload-child.ts";

const SOURCE_FILE = /\.[mc]?[jt]sx?$/;
/** What an INI file composes may be Python too. */
const INI_SOURCE_FILE = /\.(?:[mc]?[jt]sx?|py|ini)$/;
const IGNORED_DIRECTORY = /(?:^|[\\/])(?:node_modules|\.[^\\/]+)(?:[\\/]|$)/;
/** An editor's save may be several changes; they are one reload. */
const SETTLE_MILLISECONDS = 50;
/** How long requests may run on in a child that a change replaces. */
const REPLACE_GRACE_MILLISECONDS = 2000;

/** What no edit of a source file mends: the parent ends with the child's exit code. */
const HOPELESS: ReadonlySet<number> = new Set([
  EXIT_CODES.usage,
  EXIT_CODES.addressInUse,
  EXIT_CODES.addressUnusable,
  EXIT_CODES.fileUnusable,
]);

/**
 * Serves with reloading until SIGTERM or SIGINT.
 *
 * @returns the exit code of the process
 * @throws TargetError when the target does not exist at all
 */
export async function superviseReload(
  target: string,
  settings: Pick<Settings, "reloadExtraFile">,
  log: ErrorLog,
): Promise<number> {
  const file = isIniTarget(target) ? parseIniTarget(target, process.cwd()).file : null;
  const sourceFile = file === null ? await findSource(parseTarget(target), process.cwd()) : resolve(file);
  const pattern = file === null ? SOURCE_FILE : INI_SOURCE_FILE;
  return await new ReloadSupervisor(sourceFile, pattern, settings.reloadExtraFile, log).run();
}

class ReloadSupervisor {
  readonly #sourceFile: string;
  readonly #pattern: RegExp;
  readonly #extraFiles: readonly string[];
  readonly #log: ErrorLog;
  #child: ChildProcess | undefined;
  #addresses: readonly string[] = [];
  #isReplacing = false;
  #isStopping = false;
  #finish: (exitCode: number) => void = () => {};

  constructor(sourceFile: string, pattern: RegExp, extraFiles: readonly string[], log: ErrorLog) {
    this.#sourceFile = sourceFile;
    this.#pattern = pattern;
    this.#extraFiles = extraFiles.map((glob) => resolve(glob));
    this.#log = log;
  }

  async run(): Promise<number> {
    const finished = new Promise<number>((done) => (this.#finish = done));
    for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) process.on(signal, () => this.#stop(signal));
    process.on("SIGUSR1", () => this.#child?.kill("SIGUSR1"));
    const watcher = await this.#watch();
    this.#start();
    const exitCode = await finished;
    await watcher.close();
    return exitCode;
  }

  async #watch(): Promise<{ close(): Promise<void> }> {
    const { watch } = await import("chokidar");
    const roots = new Set([process.cwd(), dirname(this.#sourceFile), ...this.#extraFiles.map(globBase)]);
    const watcher = watch([...roots], {
      ignoreInitial: true,
      ignored: (path, stats) => this.#isIgnored(path, stats?.isFile() ?? false),
    });
    let timer: NodeJS.Timeout | undefined;
    watcher.on("all", (_event, path) => {
      if (!this.#isWatched(path)) return;
      clearTimeout(timer);
      timer = setTimeout(() => this.#replace(path), SETTLE_MILLISECONDS);
    });
    watcher.on("error", (error) => this.#log.warning(`Cannot watch all files: ${String(error)}`));
    await new Promise<void>((ready) => watcher.once("ready", () => ready()));
    return watcher;
  }

  #isIgnored(path: string, isFile: boolean): boolean {
    if (this.#extraFiles.some((glob) => glob === path || matchesGlob(path, glob))) return false;
    if (isFile) return !this.#pattern.test(path) || IGNORED_DIRECTORY.test(relative(process.cwd(), path));
    return IGNORED_DIRECTORY.test(
      relative(process.cwd(), path)
        .replaceAll(`..${sep}`, "")
        .replace(/^\.\.$/, ""),
    );
  }

  #isWatched(path: string): boolean {
    return this.#pattern.test(path) || this.#extraFiles.some((glob) => matchesGlob(path, glob));
  }

  #start(): void {
    const [, script = "", ...args] = process.argv;
    const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      env: { ...process.env, [RELOAD_VARIABLE]: JSON.stringify(this.#addresses) },
    });
    this.#child = child;
    child.on("message", (message) => {
      if (isListeningMessage(message)) this.#addresses = message.addresses;
    });
    child.once("exit", (code) => this.#onExit(code));
    child.once("error", (error) => this.#log.error(`Cannot start the serving process: ${error.message}`));
  }

  #onExit(code: number | null): void {
    this.#child = undefined;
    if (this.#isStopping) {
      this.#finish(code ?? EXIT_CODES.success);
    } else if (this.#isReplacing) {
      this.#isReplacing = false;
      this.#start();
    } else if (code !== null && HOPELESS.has(code)) {
      this.#finish(code);
    } else {
      this.#log.warning(
        `The serving process ended with ${code === null ? "a signal" : `exit code ${code}`}; waiting for a change`,
      );
    }
  }

  #replace(path: string): void {
    if (this.#isStopping) return;
    this.#log.info(`Reloading: ${relative(process.cwd(), path)} changed`);
    const child = this.#child;
    if (child === undefined) {
      this.#start();
    } else if (!this.#isReplacing) {
      this.#isReplacing = true;
      this.#endChild(child);
    }
  }

  #endChild(child: ChildProcess): void {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGTERM"), REPLACE_GRACE_MILLISECONDS);
    // A loop that never ends, for example, hears no signal but this one.
    const lastTimer = setTimeout(() => child.kill("SIGKILL"), 2 * REPLACE_GRACE_MILLISECONDS);
    child.once("exit", () => {
      clearTimeout(timer);
      clearTimeout(lastTimer);
    });
  }

  #stop(signal: NodeJS.Signals): void {
    if (this.#child === undefined) {
      this.#finish(EXIT_CODES.success);
    } else {
      this.#isStopping = true;
      this.#child.kill(signal === "SIGINT" ? "SIGTERM" : signal);
    }
  }
}
