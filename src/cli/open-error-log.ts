// Opens the error log that the settings name.
import { ErrorLog } from "../server/logging/error-log.ts";
import { LogFile } from "../server/logging/log-file.ts";
import type { Settings } from "../server/settings/table.ts";

/** The error log of the settings. */
export function openErrorLog(settings: Pick<Settings, "errorLogfile" | "logLevel">): ErrorLog {
  const { errorLogfile, logLevel } = settings;
  return new ErrorLog(LogFile.open(errorLogfile === "-" ? 2 : errorLogfile), logLevel);
}
