// Gives up root for good. Source: gunicorn's settings user, group, initgroups and umask; the order is that of POSIX programs: groups
// first, because without root they cannot be changed any more.
import { findIdentity, type Identity } from "../../identity.ts";
import { SettingError, messageOf } from "../errors.ts";
import type { Settings } from "../settings/table.ts";

/** Missing in the types of Node 20, present in the program. */
type InitGroups = typeof process & { initgroups?(user: string, group: number): void };

/**
 * Changes to the user and group of the settings, if they name any: what is of the application is run after this.
 *
 * @throws IdentityError when the system does not know them, SettingError when it refuses
 */
export function takeIdentity({ user, group, initgroups }: Pick<Settings, "user" | "group" | "initgroups">): void {
  if (user !== null || group !== null) dropPrivileges(findIdentity(user, group), initgroups);
}

/**
 * Changes to the identity. Without root this does nothing when the process has it already, and fails otherwise.
 *
 * @param withGroups - take the user's supplementary groups; otherwise all are given up
 * @throws SettingError when the system refuses, or when root could be regained
 */
function dropPrivileges(identity: Identity, withGroups: boolean): void {
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
    throw new SettingError(`Cannot give up root for user ${uid}: the system would let it become root again`);
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
