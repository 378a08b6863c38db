// An application behind a guest that somebody has written. Source: docs/guests/your-language.md.
import { startGuest, type Guest } from "../lane/guest.ts";
import { CommandLanguage } from "./command-language.ts";
import { commandSettings, type CommandOptions } from "./options.ts";

/**
 * Starts a guest of any language, by the command that speaks the lane protocol.
 *
 * @param options - what to run, and how
 * @returns the guest, once all its processes have loaded the application
 * @throws GuestStartError with what the guest says when the application does not load, or there is no such program
 * @example
 * const guest = await commandApplication({ name: "PHP", command: ["php", "guest.php"], language: { app: "app.php" } });
 * makeServer("127.0.0.1", 8000, guest.application);
 */
export async function commandApplication(options: CommandOptions): Promise<Guest> {
  const settings = commandSettings(options);
  return startGuest(settings, new CommandLanguage(settings));
}
