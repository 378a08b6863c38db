// Guests of any language in INI files: `egg:tsgi#guest` is an application, `egg:tsgi#guest-middleware` a filter. Source: PasteDeploy, "Factories".
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import { integer, readOptions, required, text, type Configuration } from "../../deploy/section-options.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { closing, guestReaders, sectionDirectory, type GuestSection } from "../lane/guest-section.ts";
import { commandApplication } from "./command-application.ts";
import { commandMiddleware } from "./command-middleware.ts";
import type { CommandOptions } from "./options.ts";

/** The keys that are not the guest's own. */
interface CommandSection extends GuestSection {
  /** The program and its arguments, with blanks in between. */
  readonly command?: readonly string[];
  readonly name?: string;
  readonly threads?: number;
}

/**
 * An application of a guest that somebody has written.
 *
 * @param globalConf - `here` is the directory of the file
 * @param localConf - `command`, the program and its arguments; `name`, `threads`, `processes`, …; all others go to the guest
 * @throws OptionError when there is no `command`
 * @throws GuestStartError when the application does not load
 */
export async function appFactory(globalConf: Configuration, localConf: Configuration): Promise<ClosingApplication> {
  const guest = await commandApplication(optionsOf(globalConf, localConf));
  return closing(guest.application, guest);
}

/**
 * A guest that somebody has written, as a middleware around whatever stands inside of it.
 *
 * @param globalConf - `here` is the directory of the file
 * @param localConf - as for an application
 * @returns what starts the processes when it gets its application
 * @throws OptionError when there is no `command`
 */
export function filterFactory(
  globalConf: Configuration,
  localConf: Configuration,
): (application: WSGIApplication) => Promise<ClosingApplication> {
  const options = optionsOf(globalConf, localConf);
  return async function guestFilter(application) {
    const filter = commandMiddleware(options);
    await filter.ready;
    return closing(filter(application), filter);
  };
}

function optionsOf(globalConf: Configuration, localConf: Configuration): CommandOptions {
  const known = {
    ...guestReaders(globalConf),
    command: (value: string) => value.split(/\s+/).filter((word) => word !== ""),
    name: text,
    threads: integer,
  };
  const names = new Set(
    Object.keys(known).map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
  );
  const entries = Object.entries(localConf);
  const own = readOptions<CommandSection>(Object.fromEntries(entries.filter(([key]) => names.has(key))), known);
  const language = Object.fromEntries(entries.filter(([key]) => !names.has(key)));
  const command = required(own.command, "command", 'a program and its arguments, such as "php guest.php"');
  return { ...sectionDirectory(globalConf), ...own, command, language };
}
