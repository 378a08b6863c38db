// Gives up root for good. Source: gunicorn's settings user, group, initgroups and umask; the order is that of POSIX programs: groups
// first, because without root they cannot be changed any more.
import { readFileSync } from "node:fs";
import { SettingError, messageOf } from "./errors.ts";

/** User and group to change to, as numbers. */
export interface Identity {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Name of the user, for its supplementary groups. */
  readonly userName: string | undefined;
}

/** Missing in the types of Node 20, present in the program. */
type InitGroups = typeof process & { initgroups?(user: string, group: number): void };

/**
 * Looks user and group up.
 *
 * @param user - name or number; null for no change
 * @param group - name or number; null for the primary group of the user
 * @throws SettingError when the system knows no such name
 */
export function findIdentity(user: string | null, group: string | null): Identity {
  const account = user === null ? undefined : findAccount(user);
  const gid = group === null ? account?.gid : findGroup(group);
  return { uid: account?.uid, gid, userName: account?.name };
}

/**
 * Changes to the identity. Without root this does nothing when the process has it already, and fails otherwise.
 *
 * @param withGroups - take the user's supplementary groups; otherwise all are given up
 * @throws SettingError when the system refuses, or when root could be regained
 */
export function dropPrivileges(identity: Identity, withGroups: boolean): void {
  const { uid, gid, userName } = identity;
  if ((uid === undefined || uid === process.geteuid?.()) && (gid === undefined || gid === process.getegid?.())) return;
  try {
    if (gid !== undefined) {
      if (withGroups && userName !== undefined) (process as InitGroups).initgroups?.(userName, gid);
      else process.setgroups?.([gid]);
      process.setgid?.(gid);
    }
    if (uid !== undefined) process.setuid?.(uid);
  } catch (error) {
    throw new SettingError(`Cannot change to another user or group: ${messageOf(error)}`, { cause: error });
  }
  if (uid !== undefined && uid !== 0 && canRegainRoot()) {
    throw new SettingError(`Cannot give up root for user ${uid}: the system lets it be regained`);
  }
}

function canRegainRoot(): boolean {
  try {
    process.setuid?.(0);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

interface Account {
  readonly name: string | undefined;
  readonly uid: number;
  readonly gid: number | undefined;
}

function findAccount(user: string): Account {
  const rows = readDatabase("/etc/passwd");
  const row = rows.find(([name, , uid]) => name === user || uid === user);
  if (row !== undefined) return { name: row[0], uid: Number(row[2]), gid: Number(row[3]) };
  if (/^\d+$/.test(user)) return { name: undefined, uid: Number(user), gid: undefined };
  throw new SettingError(`Cannot run as user "${user}": the system knows no such user`);
}

function findGroup(group: string): number {
  const row = readDatabase("/etc/group").find(([name]) => name === group);
  if (row !== undefined) return Number(row[2]);
  if (/^\d+$/.test(group)) return Number(group);
  throw new SettingError(`Cannot run as group "${group}": the system knows no such group`);
}

function readDatabase(path: string): string[][] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.split(":"));
  } catch {
    return [];
  }
}
