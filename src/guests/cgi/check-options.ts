// Checks the options of programs when an application is made, so that no request meets a mistake in them.
import { OptionError } from "../../deploy/option-error.ts";
import { within } from "../../deploy/section-options.ts";
import type { ProgramOptions } from "./cgi-runner.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const KEY = /^[A-Z][A-Z0-9_]*$/;

/** @throws OptionError for the first mistake */
export function checkProgramOptions(options: ProgramOptions): void {
  const { maxProcesses, maxWaiting, headTimeout, idleTimeout, killTimeout } = options;
  if (maxProcesses !== undefined) within(maxProcesses, "maxProcesses", 1);
  if (maxWaiting !== undefined) within(maxWaiting, "maxWaiting", 0);
  for (const [name, seconds] of Object.entries({ headTimeout, idleTimeout, killTimeout }))
    // Beyond it, a timer of Node would fire at once.
    if (seconds !== undefined) within(seconds, name, 0.001, 2_000_000);
  for (const [name, value] of Object.entries(options.environment ?? {})) {
    if (!NAME.test(name))
      throw new OptionError(`Option "environment" has the name "${name}"; expected letters, digits and underscores`);
    if (value.includes("\0")) throw new OptionError(`Option "environment" has a NUL in the value of "${name}"`);
  }
  for (const key of options.passKeys ?? [])
    if (!KEY.test(key))
      throw new OptionError(`Option "passKeys" has "${key}"; expected capital letters, digits and underscores`);
}
