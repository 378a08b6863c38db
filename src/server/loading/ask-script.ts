// Runs a Python script that starts a server itself, once, to hear where it would serve.
import { pythonApplication } from "../../guests/python/python-application.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import { pythonOptions } from "./load-application.ts";

/** Where a script would serve. */
export type ScriptPlace = readonly [host: string, port: number];

/** What the script prints here is left out: each worker's own run prints it again. */
const SILENT = { log: () => {}, output: () => {} };

/**
 * Runs the script in a Python process of its own.
 *
 * @param options - of the server
 * @returns null when it does not say
 * @throws PythonStartError when it does not come up
 */
export async function askScript(options: ArbiterOptions): Promise<ScriptPlace | null> {
  const guest = await pythonApplication({
    ...pythonOptions({ ...options, preload: false }, SILENT),
    output: SILENT.output,
    target: options.target,
    processes: 1,
    threads: 1,
    environment: Object.fromEntries(options.env.map(assignment)),
    startupSeconds: options.bootTimeout,
  });
  const { address } = guest;
  await guest.close(0);
  return address;
}

function assignment(text: string): [name: string, value: string] {
  const index = text.indexOf("=");
  return index === -1 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}
