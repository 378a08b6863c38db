// Where compiled code of an application is kept for the next start. It is run from there, so nobody else may be able to write to it.
import { existsSync, lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/**
 * The directory for what is compiled of an application: beside its dependencies, otherwise in the user's cache. Never the shared
 * directory for temporary files, which is jiti's default.
 *
 * @param sourceFile - absolute path
 * @returns false where there is no directory that is ours alone: nothing is kept then
 */
export function codeCacheOf(sourceFile: string): string | false {
  const modules = findUpwards(dirname(sourceFile), "node_modules");
  const cache = modules === undefined ? userCache() : join(modules, ".cache");
  return cache !== null && makePrivate(join(cache, "tsgi"));
}

/** The nearest file or directory of a name, in a directory or above it. */
export function findUpwards(directory: string, name: string): string | undefined {
  for (let current = directory; ; current = dirname(current)) {
    const path = join(current, name);
    if (existsSync(path)) return path;
    if (dirname(current) === current) return undefined;
  }
}

/** A user without an account and without HOME has none. */
function userCache(): string | null {
  const set = process.env["XDG_CACHE_HOME"] ?? "";
  if (isAbsolute(set)) return set;
  try {
    return join(homedir(), ".cache");
  } catch {
    return null;
  }
}

function makePrivate(path: string): string | false {
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
    return isPrivate(path) && isKept(dirname(path)) ? path : false;
  } catch {
    return false;
  }
}

/** A directory of ours, itself and no link, that nobody else can write to. */
function isPrivate(path: string): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o022) === 0;
}

/** A directory in which nobody else can put another one in the place of ours. Its group may be this process's own. */
function isKept(path: string): boolean {
  const found = lstatSync(path);
  const isOwn = found.uid === 0 || found.uid === process.geteuid?.();
  const isClosed = (found.mode & 0o002) === 0 && ((found.mode & 0o020) === 0 || found.gid === process.getegid?.());
  return found.isDirectory() && isOwn && isClosed;
}
