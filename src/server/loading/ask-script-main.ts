// The entry of a process that runs a script to hear where it would serve, as the user that the workers become.
import { askScript } from "./ask-script.ts";
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import { takeIdentity } from "./privileges.ts";
import { ASKED_VARIABLE } from "./script-address.ts";

/** Without the arbiter nobody wants to know. */
const exit = (): never => process.exit(0);

async function answer(): Promise<void> {
  const options = JSON.parse(process.env[ASKED_VARIABLE] ?? "null") as ArbiterOptions; // of ScriptAddress
  delete process.env[ASKED_VARIABLE];
  if (options.umask !== null) process.umask(options.umask);
  takeIdentity(options);
  process.send?.(await askScript(options), exit);
}

process.on("disconnect", exit);
void answer();
