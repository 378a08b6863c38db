// --print-config and --check-config: what the settings are, and whether they and the application hold, without serving.
import { enterDirectory } from "../server/settings/enter-directory.ts";
import { loadApplication } from "../server/loading/load-application.ts";
import { takeIdentity } from "../server/loading/privileges.ts";
import { printConfig } from "../server/settings/print-config.ts";
import type { ResolvedSettings } from "../server/settings/resolve.ts";
import { openErrorLog } from "./open-error-log.ts";
import { EXIT_CODES } from "./exit-codes.ts";

/**
 * Prints the settings when that was asked for, and loads the application as a worker would.
 *
 * @param resolved - the settings, already checked one by one
 * @param target - what to load; null to load nothing, which is enough to print
 * @param write - takes the text. @default standard output
 * @returns the exit code of the process
 * @throws what keeps the application from loading, with its exit code
 */
export async function showConfig(
  resolved: ResolvedSettings,
  target: string | null,
  write: (text: string) => void = (text) => process.stdout.write(text),
): Promise<number> {
  const { settings } = resolved;
  if (settings.printConfig) write(printConfig(resolved));
  if (target === null) return EXIT_CODES.success;
  if (settings.chdir !== null) enterDirectory(settings.chdir);
  for (const assignment of settings.env) {
    const end = assignment.indexOf("=");
    process.env[assignment.slice(0, end)] = assignment.slice(end + 1);
  }
  const log = openErrorLog(settings);
  takeIdentity(settings);
  const application = await loadApplication(target, settings, log);
  await application.close(0);
  return EXIT_CODES.success;
}
