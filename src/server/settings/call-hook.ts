// Calls the hooks of the configuration file. One that fails is logged and does not stop the server; only onStarting may do that, because
// nothing serves yet. Source: gunicorn's server hooks.
import { messageOf } from "../errors.ts";
import type { HookLog } from "./hooks.ts";

/**
 * Calls a hook and waits for it.
 *
 * @param hook - undefined when the configuration has none
 * @param name - for the log
 * @returns false when it failed
 */
export async function callHook<Arguments extends unknown[]>(
  hook: ((...given: Arguments) => unknown) | undefined,
  name: string,
  log: HookLog,
  ...given: Arguments
): Promise<boolean> {
  if (hook === undefined) return true;
  try {
    await hook(...given);
    return true;
  } catch (error) {
    log.error(`The hook ${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`);
    return false;
  }
}
