// Cleans up after hosts that were killed. They leave directories with a socket and a status file, which take memory. A guest exits by
// itself when its host is gone, unless it cannot run: stopped by a signal or a debugger, or stuck in C. Such guests are killed here.
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { basename, join } from "node:path";

/** Files of such a directory. */
export const SOCKET_NAME = "lanes";
export const STATUS_NAME = "status";

const NAME = /^tsgi-(\d+)-\w+$/;
const PROCESS_NAME = /^process-([1-9]\d*)$/;
/** How long a guest may take to exit after its host is gone, in milliseconds. One that can run exits at once. */
const GRACE_MILLISECONDS = 1000;
/** How long a new directory may lack its socket, in milliseconds. */
const NEW_MILLISECONDS = 60_000;

/** Prefix of the directory names of this process; `mkdtemp` adds the rest. */
export function directoryPrefix(): string {
  return `tsgi-${process.pid}-`;
}

/** Name of the empty file that records which guest process belongs to a directory. */
export function processName(pid: number): string {
  return `process-${pid}`;
}

/**
 * Removes the directories of hosts that are gone: no process has the id in the name, and nobody listens on the socket. Both are checked,
 * because containers may share a directory but not process ids. Returns at once; anything that cannot be removed stays.
 *
 * Kills their guests if they do not exit by themselves, but only if the system shows that they use the directory's status file (Linux
 * does): the id may have been reused.
 *
 * @param parent - the directory in which guests make theirs
 */
export function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(NAME.exec(name)?.[1] ?? 0);
    if (pid === 0 || isAlive(pid)) continue;
    const directory = join(parent, name);
    if (!isOwn(directory)) continue;
    const socket = connect(join(directory, SOCKET_NAME), () => socket.destroy());
    socket.unref();
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED" || (code === "ENOENT" && isLeft(directory))) clearUp(directory);
    });
  }
}

/**
 * Whether a directory without a socket is no new one: a guest that could run has removed the socket, but not what belongs to one that
 * could not, or the socket was never made.
 */
function isLeft(directory: string): boolean {
  const status = lstatSync(directory, { throwIfNoEntry: false });
  if (status === undefined) return false;
  return processesOf(directory).length > 0 || Date.now() - status.mtimeMs > NEW_MILLISECONDS;
}

function clearUp(directory: string): void {
  if (!processesOf(directory).some((pid) => usesStatus(pid, directory))) {
    removeDirectory(directory);
    return;
  }
  const timer = setTimeout(() => {
    for (const pid of processesOf(directory)) if (usesStatus(pid, directory)) kill(pid);
    removeDirectory(directory);
  }, GRACE_MILLISECONDS);
  timer.unref();
}

/** The processes recorded for a directory; none if it is gone. */
function processesOf(directory: string): number[] {
  try {
    return readdirSync(directory).flatMap((name) => {
      const pid = PROCESS_NAME.exec(name)?.[1];
      return pid === undefined ? [] : [Number(pid)];
    });
  } catch {
    return [];
  }
}

/**
 * Whether a process has the status file of a directory in its memory, or open, as a guest has until its end, forked ones too. By the names
 * of both only: links and mounts may give the rest of the path another form. One that does not use the file is not known again.
 */
function usesStatus(pid: number, directory: string): boolean {
  const name = new RegExp(`/${basename(directory)}/${STATUS_NAME}(?: \\(deleted\\))?$`, "m");
  try {
    return name.test(readFileSync(`/proc/${pid}/maps`, "utf8")) || openFiles(pid).some((path) => name.test(path));
  } catch {
    return false;
  }
}

function openFiles(pid: number): string[] {
  const descriptors = `/proc/${pid}/fd`;
  return readdirSync(descriptors).map((descriptor) => {
    try {
      return readlinkSync(join(descriptors, descriptor));
    } catch {
      return ""; // It was closed meanwhile.
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just exited.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function isOwn(directory: string): boolean {
  const status = lstatSync(directory, { throwIfNoEntry: false });
  return status !== undefined && status.isDirectory() && status.uid === process.getuid?.();
}

/** By name, not recursively: anything else in there is not ours. */
function removeDirectory(directory: string): void {
  const names = [SOCKET_NAME, STATUS_NAME, ...processesOf(directory).map(processName)];
  try {
    for (const name of names) rmSync(join(directory, name), { force: true });
    rmdirSync(directory);
  } catch {
    // One of its own processes has removed it in the meantime.
  }
}
