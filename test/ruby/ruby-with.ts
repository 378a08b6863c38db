// The Ruby of this machine, where it has what a test needs.
import { spawnSync } from "node:child_process";
import { program } from "../needs.ts";

/**
 * Ruby, with some libraries.
 *
 * @param libraries - what is required
 * @returns its path; undefined where it or one of them is missing
 * @throws Error where CI=true and something is missing
 */
export function rubyWith(...libraries: readonly string[]): string | undefined {
  const ruby = program("ruby");
  if (ruby === undefined) return undefined;
  const missing = libraries.filter((name) => spawnSync(ruby, ["-r", name, "-e", "1"]).status !== 0);
  if (missing.length > 0 && process.env["CI"] === "true")
    throw new Error(`Ruby lacks ${missing.join(", ")}, and CI=true allows no skipped test`);
  return missing.length === 0 ? ruby : undefined;
}
