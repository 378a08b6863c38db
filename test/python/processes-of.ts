// The processes of a project, as the system sees them, and the shared directories that they use.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The processes that belong to one server. */
export interface ProjectProcesses {
  /** Node workers. */
  readonly workers: readonly number[];
  /** Python interpreters. */
  readonly interpreters: readonly number[];
}

/**
 * Finds the processes whose working directory is that of a project.
 *
 * @param directory - of the project
 * @param arbiter - its process id, which is not listed
 */
export function processesOf(directory: string, arbiter: number): ProjectProcesses {
  const workers: number[] = [];
  const interpreters: number[] = [];
  for (const pid of allProcesses()) {
    if (pid === arbiter || ifThere(() => readlinkSync(`/proc/${pid}/cwd`)) !== directory) continue;
    if (isZombie(pid)) continue;
    const command = ifThere(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    if (command.includes("shim/__main__.py")) interpreters.push(pid);
    else workers.push(pid);
  }
  return { workers, interpreters };
}

/** The directories in which a guest keeps its socket and its status file, of those processes that run now. */
export function guestDirectories(interpreters: readonly number[]): string[] {
  return interpreters.flatMap((pid) => {
    const maps = ifThere(() => readFileSync(`/proc/${pid}/maps`, "utf8"));
    return /\S+\/tsgi-[\w-]+(?=\/status)/.exec(maps)?.[0] ?? [];
  });
}

/** Whether a process is there and has not ended. */
export function isRunning(pid: number): boolean {
  return ifThere(() => readFileSync(`/proc/${pid}/stat`, "utf8")) !== "" && !isZombie(pid);
}

/** Sends a signal; false when the process has just ended, which is not yet known to whoever listed it. */
export function killIfThere(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

function allProcesses(): number[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** A process that has ended and was not collected yet. */
function isZombie(pid: number): boolean {
  return /\) Z /.test(ifThere(() => readFileSync(`/proc/${pid}/stat`, "utf8")));
}

/** What /proc says; empty once the process has gone. */
function ifThere(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
