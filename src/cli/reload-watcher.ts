// Watches the files that an application is made of, for --reload. Source: gunicorn's setting `reload`.
import { dirname, relative, resolve, sep } from "node:path";
import type { ErrorLog } from "../server/logging/error-log.ts";
import { globBase, matchesGlob } from "./glob.ts";

/** What applications and their configuration are written in. */
const SOURCE_FILE = /\.(?:[mc]?[jt]sx?|py|rb|ru|p[lm]|psgi|ini)$/;
const IGNORED_DIRECTORY = /(?:^|[\\/])(?:node_modules|\.[^\\/]+)(?:[\\/]|$)/;
/** Python's own library and what is installed beside it: as many files as those of node_modules, and as rarely edited. */
const INSTALLED_PYTHON = /[\\/](?:site-packages|dist-packages|lib\d*[\\/]python[\d.]+t?)[\\/]/;
/** An editor's save may be several changes; they are one. */
const SETTLE_MILLISECONDS = 50;

/** Which files to watch beside the sources below the working directory. */
export interface WatchedFiles {
  /** The file that the target names: the sources around it are watched too. Null when it names none. */
  readonly sourceFile: string | null;
  /** The configuration file; null when there is none. */
  readonly configFile: string | null;
  /** Values of --reload-extra-file. */
  readonly globs: readonly string[];
}

interface Watching {
  add(paths: string[]): unknown;
  close(): Promise<void>;
}

/** Tells of changed files. */
export class ReloadWatcher {
  /** Called with the path of a changed file; of several changes at once with the last. */
  onChange: (path: string) => void = () => {};
  readonly #directory = process.cwd();
  readonly #globs: readonly string[];
  readonly #files: Set<string>;
  #watching: Watching | null = null;
  #settling: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];

  private constructor({ configFile, globs }: WatchedFiles) {
    this.#globs = globs.map((glob) => resolve(glob));
    this.#files = new Set(configFile === null ? [] : [configFile]);
  }

  /** Begins to watch. Resolves when a change from now on is noticed. */
  static async open(files: WatchedFiles, log: ErrorLog): Promise<ReloadWatcher> {
    const watcher = new ReloadWatcher(files);
    const { watch } = await import("chokidar");
    const { sourceFile } = files;
    const around = sourceFile === null ? [] : [dirname(sourceFile)];
    const roots = [watcher.#directory, ...around, ...watcher.#globs.map(globBase), ...watcher.#files];
    const watching = watch([...new Set(roots)], {
      ignoreInitial: true,
      ignored: (path, stats) => watcher.#isIgnored(path, stats?.isFile() ?? false),
    });
    watcher.#watching = watching;
    watching.on("all", (_event, path) => watcher.#changed(path));
    watching.on("error", (error) => log.warning(`Cannot watch all files: ${String(error)}`));
    await new Promise<void>((ready) => watching.once("ready", () => ready()));
    return watcher;
  }

  /** Watches these files too, wherever they are, unless they were installed. */
  add(files: readonly string[]): void {
    const added = files.filter((file) => !this.#files.has(file) && !INSTALLED_PYTHON.test(file));
    for (const file of added) this.#files.add(file);
    if (added.length > 0) this.#watching?.add(added);
  }

  /** Resolves when something changes from now on. */
  nextChange(): Promise<void> {
    return new Promise((resolveWith) => this.#waiting.push(resolveWith));
  }

  async close(): Promise<void> {
    clearTimeout(this.#settling);
    await this.#watching?.close();
  }

  #changed(path: string): void {
    if (!SOURCE_FILE.test(path) && !this.#isNamed(path)) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#tell(path), SETTLE_MILLISECONDS);
  }

  #tell(path: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolveWith of waiting) resolveWith();
    this.onChange(path);
  }

  #isNamed(path: string): boolean {
    return this.#files.has(path) || this.#globs.some((glob) => glob === path || matchesGlob(path, glob));
  }

  #isIgnored(path: string, isFile: boolean): boolean {
    if (this.#isNamed(path)) return false;
    const below = relative(this.#directory, path);
    if (isFile) return !SOURCE_FILE.test(path) || IGNORED_DIRECTORY.test(below);
    return IGNORED_DIRECTORY.test(below.replaceAll(`..${sep}`, "").replace(/^\.\.$/, ""));
  }
}
