// Finds the interpreter of a language that has no environments of its own.
import { resolve } from "node:path";
import { findInPath, isExecutable } from "../../is-file.ts";
import { GuestStartError } from "./errors.ts";
import type { GuestSettings } from "./guest-options.ts";

/**
 * The interpreter that a guest's processes run.
 *
 * @param language - as messages write it; its command is the same in small letters
 * @param name - the setting: a path, or a command of the PATH
 * @param settings - with the directory that relative paths start from, and the PATH
 * @returns an absolute path
 * @throws GuestStartError when there is no such executable
 */
export function findInterpreter(
  language: string,
  name: string | undefined,
  { directory, environment }: Pick<GuestSettings, "directory" | "environment">,
): string {
  const path = { ...process.env, ...environment }["PATH"];
  const found = lookUp(name ?? language.toLowerCase(), directory, path);
  if (found !== null) return found;
  throw new GuestStartError(
    language,
    name === undefined
      ? `No ${language} was found in the PATH`
      : `The interpreter "${name}" does not exist or is not executable`,
  );
}

function lookUp(name: string, directory: string, path: string | undefined): string | null {
  if (!name.includes("/")) return findInPath(name, path);
  const place = resolve(directory, name);
  return isExecutable(place) ? place : null;
}
