// Opens the error log that the settings name.
import type { ErrorLog } from "../server/logging/error-log.ts";
import { openErrorOutput } from "../server/logging/open-logs.ts";
import type { Settings } from "../server/settings/table.ts";

/** The error log of the settings. */
export function openErrorLog(settings: Settings): ErrorLog {
  return openErrorOutput(settings).log;
}
