// `--reload`: the server as it always is, and a watcher that lets it reload when a file changes. New code that does not come up leaves
// the old code serving; when there is no old code yet, the server waits for the edit that mends it.
import { relative, resolve } from "node:path";
import { findSource } from "../guests/typescript/find-source.ts";
import { parseTarget } from "../guests/typescript/parse-target.ts";
import type { Arbiter } from "../server/arbiter.ts";
import { BootError } from "../server/errors.ts";
import { isIniTarget, parseIniTarget } from "../server/ini-target.ts";
import { isPythonTarget } from "../server/load-application.ts";
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
 * @throws TargetError when the target does not exist at all
 */
export async function watchedSource(target: string, python: string | null): Promise<string> {
  const file = isIniTarget(target) ? parseIniTarget(target, process.cwd()).file : null;
  if (file !== null) return resolve(file);
  const [name = ""] = target.split(":", 1);
  return isPythonTarget(target, python) ? resolve(name) : await findSource(parseTarget(target), process.cwd());
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
  for (;;) {
    const change = watcher.nextChange();
    const arbiter = await makeArbiter();
    watcher.onChange = (path) => {
      log.info(`Reloading: ${relative(process.cwd(), path)} changed`);
      void arbiter.reload({ isSuperseding: true });
    };
    try {
      return await arbiter.run();
    } catch (error) {
      if (!(error instanceof BootError) || HOPELESS.has(error.exitCode)) throw error;
      log.error(`${error.message}${error.detail === "" ? "" : `\n${error.detail}`}`);
      log.warning("Nothing serves; waiting for a change");
    }
    if (!(await isBeforeStop(change))) return EXIT_CODES.success;
  }
}

/** Waits for a change. @returns false when a signal asked for the end first */
async function isBeforeStop(change: Promise<void>): Promise<boolean> {
  const signals = ["SIGTERM", "SIGINT", "SIGQUIT"] as const;
  let stop: () => void = () => {};
  const stopped = new Promise<boolean>((decide) => (stop = () => decide(false)));
  for (const signal of signals) process.on(signal, stop);
  const isChanged = await Promise.race([change.then(() => true), stopped]);
  for (const signal of signals) process.off(signal, stop);
  return isChanged;
}
