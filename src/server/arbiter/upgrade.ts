// A new arbiter on the same sockets (USR2). Node cannot execute another program in its place without losing the sockets, so the new
// arbiter is a child that inherits them. Source: gunicorn's "Upgrading to a new binary on the fly"; the variables are ours.
import { type ChildProcess, spawn } from "node:child_process";
import type { InheritedSocket, Listener } from "../sockets/listeners.ts";

const SOCKETS_VARIABLE = "TSGI_INHERITED_SOCKETS";
const FROM_VARIABLE = "TSGI_UPGRADE_FROM";
const FIRST_FD = 3;

/** What a new arbiter has from the old one. */
export interface Inheritance {
  readonly sockets: readonly InheritedSocket[];
  /** Process id of the old arbiter; null when there is none. */
  readonly from: number | null;
}

/** Whether this process was started to replace an arbiter; to be asked before the inheritance is taken. */
export function isUpgrade(env: NodeJS.ProcessEnv = process.env): boolean {
  return env[FROM_VARIABLE] !== undefined;
}

/** Takes the inheritance out of the environment. */
export function takeInheritance(env: NodeJS.ProcessEnv = process.env): Inheritance {
  const sockets = env[SOCKETS_VARIABLE];
  const from = env[FROM_VARIABLE];
  delete env[SOCKETS_VARIABLE];
  delete env[FROM_VARIABLE];
  if (sockets === undefined || from === undefined) return { sockets: [], from: null };
  return { sockets: JSON.parse(sockets) as InheritedSocket[], from: Number(from) };
}

/**
 * Starts a new arbiter.
 *
 * @param command - script and arguments of this process
 * @param directory - where this process was started
 * @param listeners - to hand over
 */
export function startSuccessor(
  command: readonly string[],
  directory: string,
  listeners: readonly Listener[],
): ChildProcess {
  const sockets = listeners.map(({ bind }, index) => ({ bind, fd: FIRST_FD + index }));
  return spawn(process.execPath, [...process.execArgv, ...command], {
    cwd: directory,
    stdio: ["ignore", "inherit", "inherit", ...listeners.map(({ fd }) => fd)],
    env: { ...process.env, [SOCKETS_VARIABLE]: JSON.stringify(sockets), [FROM_VARIABLE]: String(process.pid) },
  });
}
