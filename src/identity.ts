// Users and groups by name or number: whom a process shall belong to.
import { readFileSync } from "node:fs";
import { TSGIError } from "./errors.ts";

/** User and group to change to, as numbers. */
export interface Identity {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Name of the user, for its supplementary groups. */
  readonly userName: string | undefined;
}

/** The system knows no such user or group. */
export class IdentityError extends TSGIError {
  /** With what a command ends that was told to use it. */
  readonly exitCode = 2;

  /** @param message - which, and what it was needed for */
  constructor(message: string) {
    super("configuration", "ERR_TSGI_IDENTITY", message);
  }
}

/** The group of a number without an account: nogroup, to which no file belongs. It must not stay root's. Source: user_namespaces(7). */
const NO_GROUP = 65_534;

/**
 * Looks user and group up.
 *
 * @param user - name or number; null for no change
 * @param group - name or number; null for the primary group of the user, or for nogroup (65534) where the user has no account
 * @throws IdentityError when the system knows no such name
 */
export function findIdentity(user: string | number | null, group: string | number | null): Identity {
  const account = user === null ? undefined : findAccount(String(user));
  const gid = group === null ? account?.gid : findGroup(String(group));
  return { uid: account?.uid, gid, userName: account?.name };
}

interface Account {
  readonly name: string | undefined;
  readonly uid: number;
  readonly gid: number;
}

function findAccount(user: string): Account {
  const isNumber = /^\d+$/.test(user);
  const [name, , uid = "", gid = ""] =
    readDatabase("/etc/passwd").find(([each, , number]) => (isNumber ? number === user : each === user)) ?? [];
  if (/^\d+$/.test(uid) && /^\d+$/.test(gid)) return { name, uid: Number(uid), gid: Number(gid) };
  if (isNumber) return { name: undefined, uid: Number(user), gid: NO_GROUP };
  // Accounts of a directory service are in no file.
  const [foundUid, foundGid] = [ask("id", ["-u", "--", user]), ask("id", ["-g", "--", user])];
  if (foundUid !== null && foundGid !== null) return { name: user, uid: foundUid, gid: foundGid };
  throw new IdentityError(`Cannot run as user "${user}": the system knows no such user`);
}

function findGroup(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  const gid = readDatabase("/etc/group").find(([name]) => name === group)?.[2] ?? "";
  const found = /^\d+$/.test(gid) ? Number(gid) : ask("getent", ["group", "--", group]);
  if (found !== null) return found;
  throw new IdentityError(`Cannot run as group "${group}": the system knows no such group`);
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

/** The number that a program of the system prints, alone or as the third part of a line; null when there is none. */
function ask(program: string, args: readonly string[]): number | null {
  // Nearly nobody gets here, and everybody would load the module.
  const { execFileSync } = process.getBuiltinModule("node:child_process");
  try {
    const text = execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const number = text.split(":")[2] ?? text;
    return /^\d+$/.test(number) ? Number(number) : null;
  } catch {
    return null;
  }
}
