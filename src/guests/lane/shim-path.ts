// Where the guest's side of a lane is: next to the code of its language, in the sources and in the built package.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GuestStartError } from "./errors.ts";

/**
 * The path of the program that an interpreter runs.
 *
 * @param language - for the message
 * @param url - of the program
 * @throws GuestStartError if the package is incomplete
 */
export function shimPath(language: string, url: URL): string {
  const path = fileURLToPath(url);
  if (existsSync(path)) return path;
  throw new GuestStartError(language, `The file ${path} is missing from the installed package`);
}
