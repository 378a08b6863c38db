// Lines of guests in the error log.
import type { GuestLogEntry } from "../../guests/lane/guest-options.ts";
import type { ErrorLog } from "../logging/error-log.ts";

/**
 * Writes what a guest tells: which language, process and request, and the message.
 *
 * @param log - of this process
 * @param source - the language, in small letters
 */
export function logGuest(log: Pick<ErrorLog, "log">, entry: GuestLogEntry, source: string): void {
  const request = entry.request === undefined ? "" : ` (${entry.request})`;
  log.log(entry.level, `${source} [${entry.pid ?? "-"}]${request}: ${entry.message}`);
}
