// The Perl of this machine, where it has what a test needs.
import { spawnSync } from "node:child_process";
import { program } from "../needs.ts";

/**
 * Perl, with some modules.
 *
 * @param modules - their names
 * @returns its path; undefined where it or one of them is missing
 * @throws Error where CI=true and something is missing
 */
export function perlWith(...modules: readonly string[]): string | undefined {
  const perl = program("perl");
  if (perl === undefined) return undefined;
  const missing = modules.filter((name) => spawnSync(perl, [`-M${name}`, "-e", "1"]).status !== 0);
  if (missing.length > 0 && process.env["CI"] === "true")
    throw new Error(`Perl lacks ${missing.join(", ")}, and CI=true allows no skipped test`);
  return missing.length === 0 ? perl : undefined;
}
