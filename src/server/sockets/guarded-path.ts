// Files that root writes in directories which others may own: a link there could lead it to any file of the system.
// Source: the kernel's rule for links in /tmp (proc(5), protected_symlinks), for all directories and on the whole way; path_resolution(7).
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { isAbsolute } from "node:path";

/** Linux's flag to open what a name stands for, without reading it. Source: open(2); Node does not list it. */
export const O_PATH = 0o10000000;
/** Source: path_resolution(7), "maximum number of symbolic links". */
const MAX_LINKS = 40;

/** The last name of a path, in a directory that stays the same whatever others do to the names on the way to it. */
export interface GuardedPlace {
  /** Names the file as long as the place is in use. */
  readonly path: string;
  /** O_NOFOLLOW, where the name has been followed already. */
  readonly noFollow: number;
  /** Whether the directory belongs to somebody else, who may put there what he likes. */
  readonly isForeign: boolean;
}

/** A user who may be at work against this process, anyone but root and its own user, or nobody that is known. */
export type Stranger = number | "anyone" | undefined;

/**
 * Follows a path and uses what is there. Links are followed when they belong to root or to this process's user, or to the owner of
 * their directory, if that one is no stranger and nobody else may write there. Others end it, but one that is the last name itself
 * is left to whoever uses the place.
 *
 * @param stranger - whom this process is protected from
 * @param use - must not follow a link in place of the last name: opens with `noFollow` or O_EXCL, renames, unlinks
 * @throws an Error that names a link on the way; what the system says of missing files
 */
export function atGuarded<T>(path: string, stranger: Stranger, use: (place: GuardedPlace) => T): T {
  const names = namesOf(isAbsolute(path) ? path : `${process.cwd()}/${path}`);
  if (process.platform !== "linux" || names[0] === "proc" || !existsSync("/proc/self/fd")) return use(unguarded(path));
  let directory = openDirectory("/");
  let links = 0;
  try {
    for (;;) {
      const name = names.shift() ?? ".";
      const here = `/proc/self/fd/${directory}/${name}`;
      const link = lstatSync(here, { throwIfNoEntry: false });
      const holder = fstatSync(directory);
      if (link?.isSymbolicLink() === true && (names.length > 0 || isTrusted(link, holder, stranger))) {
        if (!isTrusted(link, holder, stranger))
          throw new Error(`the link "${name}" is user ${link.uid}'s, and may lead anywhere`);
        links += 1;
        if (links > MAX_LINKS) throw new Error("too many links lead to each other");
        const target = readlinkSync(here);
        names.unshift(...namesOf(target));
        if (!target.startsWith("/")) continue;
        // The links of /proc are none that can be read: they stand for open files.
        if (names[0] === "proc") return use(unguarded(`/${names.join("/")}`));
        directory = exchange(directory, "/");
      } else if (names.length === 0) {
        return use({ path: here, noFollow: constants.O_NOFOLLOW, isForeign: isForeign(holder) });
      } else {
        directory = exchange(directory, here);
      }
    }
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replace(/'\/proc\/self\/fd\/[^']*'/, `'${path}'`);
    throw error;
  } finally {
    closeSync(directory);
  }
}

/**
 * Writes a file that takes the place of what has its name: a link is replaced, and what it leads to stays as it is.
 *
 * @param mode - of the file, as far as the process's mask leaves it
 */
export function replaceFile(path: string, text: string, mode = 0o666): void {
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(fresh, text, { flag: "wx", mode });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** Where no directory can be held, only the last name is looked at. */
function unguarded(path: string): GuardedPlace {
  const link = path.startsWith("/proc/") ? undefined : lstatSync(path, { throwIfNoEntry: false });
  const isTheirs = link?.isSymbolicLink() === true && !isOurs(link.uid);
  return { path, noFollow: isTheirs ? constants.O_NOFOLLOW : 0, isForeign: false };
}

function openDirectory(path: string): number {
  return openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

function exchange(directory: number, next: string): number {
  const opened = openDirectory(next);
  closeSync(directory);
  return opened;
}

function isTrusted(link: Stats, directory: Stats, stranger: Stranger): boolean {
  if (isOurs(link.uid)) return true;
  return stranger !== "anyone" && link.uid === directory.uid && link.uid !== stranger && (directory.mode & 0o002) === 0;
}

function isForeign({ uid, mode }: Stats): boolean {
  return !isOurs(uid) || (mode & 0o002) !== 0;
}

function isOurs(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
