// What the arbiter needs beside its options.
import type { ArbiterOptions } from "../settings/arbiter-options.ts";
import type { ErrorLog } from "../logging/error-log.ts";
import type { Services } from "./services.ts";
import type { Hooks } from "../settings/hooks.ts";

/** Given by the creator of an arbiter. */
export interface ArbiterContext {
  readonly log: ErrorLog;
  /** Of this package. */
  readonly version: string;
  /** Script and arguments that start this server again, and where. */
  readonly command: readonly string[];
  readonly directory: string;
  /** Hooks of the configuration file. */
  readonly hooks?: Hooks | undefined;
  /** Reads the configuration again, for a reload. @default everything stays as it is */
  readonly reread?: (() => Promise<{ options: ArbiterOptions; hooks: Hooks }>) | undefined;
  readonly services?: Services | undefined;
  /** Told once the first worker serves. */
  readonly whenReady?: (() => void | Promise<void>) | undefined;
  /** Told which files a worker has loaded, when the setting `reload` is on and it can tell. */
  readonly whenLoaded?: ((files: readonly string[]) => void) | undefined;
}
