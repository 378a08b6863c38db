// `--reload`: the server as it always is, and a watcher that lets it reload when a file changes. New code that does not come up leaves
// the old code serving; when there is no old code yet, the server waits for the edit that mends it.
import { relative, resolve } from "node:path";
import { findSource } from "../guests/typescript/find-source.ts";
import { parseTarget } from "../guests/typescript/parse-target.ts";
import type { Arbiter } from "../server/arbiter/arbiter.ts";
import { BootError } from "../server/errors.ts";
import { isIniTarget, parseIniTarget } from "../server/loading/ini-target.ts";
import { guestLanguageOf } from "../server/loading/guest-language.ts";
import { isSchemeTarget } from "../server/loading/target-schemes.ts";
import type { ErrorLog } from "../server/logging/error-log.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import type { ReloadWatcher } from "./reload-watcher.ts";

/** What no edit of a source file mends. */
const HOPELESS: ReadonlySet<number> = new Set([
  EXIT_CODES.usage,
  EXIT_CODES.addressInUse,
  EXIT_CODES.addressUnusable,
  EXIT_CODES.fileUnusable,
]);

/**
 * The file whose surroundings are watched.
 *
 * @param target - as `loadApplication` takes it
 * @param python - the setting
 * @returns null when the target is no file of ours: a server that runs elsewhere, or programs that start anew for each request
 * @throws TargetError when the target does not exist at all
 */
export async function watchedSource(target: string, python: string | null): Promise<string | null> {
  const file = isIniTarget(target) ? parseIniTarget(target, process.cwd()).file : null;
  if (file !== null) return resolve(file);
  if (isSchemeTarget(target)) return null;
  const [name = ""] = target.split(":", 1);
  return guestLanguageOf(target, python) !== null
    ? resolve(name)
    : await findSource(parseTarget(target), process.cwd());
}

/**
 * Serves until a signal ends it, and reloads whenever a file changes.
 *
 * @param makeArbiter - called again when the first version did not come up
 * @param watcher - of the files
 * @returns the exit code of the process
 * @throws what no edit can mend
 */
export async function serveAndWatch(
  makeArbiter: () => Promise<Arbiter>,
  watcher: ReloadWatcher,
  log: ErrorLog,
): Promise<number> {
  const stop = new StopSignal();
  try {
    for (;;) {
      const change = watcher.nextChange();
      const arbiter = await makeArbiter();
      if (stop.isAsked) return EXIT_CODES.success;
      watcher.onChange = (path) => {
        log.info(`Reloading: ${relative(process.cwd(), path)} changed`);
        void arbiter.reload({ isSuperseding: true });
      };
      try {
        return await arbiter.run();
      } catch (error) {
        if (!(error instanceof BootError) || HOPELESS.has(error.exitCode)) throw error;
        log.error(`${error.message}${error.detail === "" ? "" : `\n${error.detail}`}`);
        if (!stop.isAsked) log.warning("No worker serves; waiting for a change");
      }
      await Promise.race([change, stop.asked]);
      if (stop.isAsked) return EXIT_CODES.success;
    }
  } finally {
    stop.close();
  }
}

const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;

/** Hears that the server should end, also while no arbiter listens. */
class StopSignal {
  isAsked = false;
  readonly asked: Promise<void>;
  #listener: () => void = () => {};

  constructor() {
    this.asked = new Promise((tell) => {
      this.#listener = () => {
        this.isAsked = true;
        tell();
      };
    });
    for (const signal of STOP_SIGNALS) process.on(signal, this.#listener);
  }

  close(): void {
    for (const signal of STOP_SIGNALS) process.off(signal, this.#listener);
  }
}
