// Opens a file below a root, once: what is checked is what is sent, because every check is made on the open descriptor.
// Source: the traversal advisories of Rack, send and Python's http.server for what to refuse; open(2) and proc(5) for how.
import * as fs from "node:fs";
import { join, sep } from "node:path";
import { decodeNative } from "../../wsgi/native-string.ts";

/** Who may lie outside of the root. */
export type SymlinkPolicy = "inside" | "anywhere";

/** What is done with names that begin with a dot. */
export type DotfilePolicy = "ignore" | "deny" | "allow";

/** An open file or directory. Its holder closes the descriptor. */
export interface OpenFile {
  readonly descriptor: number;
  readonly path: string;
  readonly stats: fs.Stats;
  /** Whether it was opened a moment ago too, so that the system has it in memory. */
  readonly isRecent: boolean;
}

// A file that was opened a moment ago is opened and read without the thread pool, which halves the cost: the system answers from memory.
// One that may have to come from a disk is waited for in the pool, and others are served meanwhile.
const RECENT_MILLISECONDS = 5000;
const RECENT_PATHS = 1000;

// A named pipe would otherwise keep a thread waiting for its writer; regular files do not know the flag. Absent on Windows.
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

/** Names that are no file: absent, not allowed, too long, a loop. Anything else is a fault of the machine. */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "EACCES", "EPERM", "ELOOP", "EINVAL", "ENXIO", "EISDIR"]);

/**
 * Splits a path of a request into names.
 *
 * @param pathInfo - native string, percent-decoded once by the server; it is not decoded again
 * @returns the names; null for a path that may mean something else to the file system than to us: with `..`, `.` or empty names, NUL,
 *   backslashes, or bytes that are not UTF-8
 */
export function segmentsOf(pathInfo: string): string[] | null {
  const path = decodeNative(pathInfo);
  if (path === "" || path === "/") return [];
  if (!path.startsWith("/") || /[\0\\\uFFFD]/.test(path)) return null;
  const segments = path.slice(1).split("/");
  if (segments.at(-1) === "") segments.pop(); // a slash at the end asks for a directory
  return segments.some((segment) => segment === "" || segment === "." || segment === "..") ? null : segments;
}

/**
 * Tells whether names lead to what a dot hides. The first one may be `.well-known`, which is there to be found (RFC 8615).
 *
 * @param names - below the root
 */
export function leadsToDotfile(names: readonly string[]): boolean {
  return names.some((name, index) => name.startsWith(".") && (index > 0 || name !== ".well-known"));
}

/** Opens files below one directory. */
export class Root {
  readonly #directory: string;
  readonly #symlinks: SymlinkPolicy;
  readonly #hidesDotfiles: boolean;
  /** The directory with its own symbolic links followed; found out when it is first needed. */
  #real: string | null = null;
  /** When each path was opened, the oldest first. */
  readonly #recent = new Map<string, number>();

  /** @param hidesDotfiles - whether a link inside of the root must not lead to a name that a dot hides */
  constructor(directory: string, symlinks: SymlinkPolicy, hidesDotfiles: boolean) {
    this.#directory = directory;
    this.#symlinks = symlinks;
    this.#hidesDotfiles = hidesDotfiles;
  }

  /**
   * Opens a regular file or a directory.
   *
   * @returns null when there is none, or when it may not be seen: then nothing stays open
   * @throws when the machine fails (EMFILE, EIO)
   */
  async open(segments: readonly string[], suffix = ""): Promise<OpenFile | null> {
    const path = join(this.#directory, ...segments) + suffix;
    const isRecent = this.#isRecent(path);
    let descriptor: number;
    try {
      descriptor = isRecent ? fs.openSync(path, FLAGS) : await openDescriptor(path);
    } catch (error) {
      if (ABSENT.has((error as NodeJS.ErrnoException).code ?? "")) return null;
      throw error;
    }
    try {
      // The inode is in memory since open(2), so asking for it does not wait for the disk.
      const stats = fs.fstatSync(descriptor);
      const isKind = stats.isFile() || stats.isDirectory();
      if (isKind && this.#mayBeSeen(descriptor, path, stats)) {
        this.#remember(path);
        return { descriptor, path, stats, isRecent };
      }
    } catch (error) {
      fs.closeSync(descriptor);
      throw error;
    }
    fs.closeSync(descriptor);
    return null;
  }

  #isRecent(path: string): boolean {
    return performance.now() - (this.#recent.get(path) ?? -Infinity) < RECENT_MILLISECONDS;
  }

  #remember(path: string): void {
    this.#recent.delete(path);
    this.#recent.set(path, performance.now());
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > RECENT_PATHS && oldest !== undefined) this.#recent.delete(oldest);
  }

  #mayBeSeen(descriptor: number, path: string, stats: fs.Stats): boolean {
    const isAnywhere = this.#symlinks === "anywhere";
    if (isAnywhere && !this.#hidesDotfiles) return true;
    const real = realPathOf(descriptor, path, stats);
    if (real === null) return false;
    const names = this.#namesBelow(real);
    if (names === null) return isAnywhere;
    // Two dots hide nothing: Kubernetes mounts a volume as links through "..data".
    return !this.#hidesDotfiles || !leadsToDotfile(names.filter((name) => !name.startsWith("..")));
  }

  /** The names that lead from the root to a file; null when it lies outside. */
  #namesBelow(real: string): string[] | null {
    if (this.#real === null || !isBelow(real, this.#real)) {
      // The root may itself be a link that a deployment has turned elsewhere since.
      this.#real = fs.realpathSync.native(this.#directory);
      if (!isBelow(real, this.#real)) return null;
    }
    return real.slice(this.#real.length).split(sep).filter(Boolean);
  }
}

/** Where the open file lies. Linux knows; elsewhere the path is followed again and must lead to the same file. */
function realPathOf(descriptor: number, path: string, stats: fs.Stats): string | null {
  try {
    return fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    const real = fs.realpathSync.native(path);
    const { dev, ino } = fs.statSync(real);
    return dev === stats.dev && ino === stats.ino ? real : null;
  }
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function openDescriptor(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, FLAGS, (error, descriptor) => {
      if (error === null) resolve(descriptor);
      else reject(error);
    });
  });
}
