// What the arbiter and its workers are configured with: the settings, as plain data which travels to a worker as JSON.
import type { Settings } from "./table.ts";

/** The settings of a server that has something to serve. */
export interface ArbiterOptions extends Settings {
  /** What to serve, as `loadTarget` takes it. */
  readonly target: string;
}

/** How connections reach the workers, from the two settings that say so. */
export function dispatchOf(options: Pick<Settings, "dispatch" | "reusePort">): Settings["dispatch"] {
  return options.reusePort ? "reuse-port" : options.dispatch;
}
