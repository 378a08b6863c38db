// Serves what the command line of pserve says.
import { iniArguments } from "../ini-arguments.ts";
import { serve } from "../serve.ts";
import { parsePserveArguments } from "./pserve-arguments.ts";

/**
 * Serves until a signal ends it.
 *
 * @param words - after `pserve`
 * @param version - of this package
 * @returns the exit code of the process
 * @throws UsageError for words that pserve does not know; what `serve` throws
 */
export async function serveAsPserve(words: readonly string[], version: string): Promise<number> {
  const directory = process.cwd();
  const { target, variables, settings, serverName, remarks } = parsePserveArguments(words);
  for (const remark of remarks) process.stderr.write(`tsgi: pserve's ${remark}\n`);
  return await serve(() => iniArguments(target, variables, settings, serverName, directory), version);
}
