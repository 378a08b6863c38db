// Perl in INI files: `egg:tsgi#psgi` is an application, `egg:tsgi#plack` a filter. Source: PasteDeploy, "Factories".
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import { fromSection, lines, text, words, type Configuration } from "../../deploy/section-options.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import type { Guest } from "../lane/guest.ts";
import {
  closing,
  filterFromSection,
  guestReaders,
  sectionDirectory,
  type FilterSection,
  type GuestSection,
} from "../lane/guest-section.ts";
import { perlApplication } from "./perl-application.ts";
import { perlMiddleware } from "./perl-middleware.ts";

/** The keys of both kinds of section. */
interface PerlSection {
  readonly perl?: string;
  readonly libraries?: readonly string[];
}

/** The keys of an application. */
interface ApplicationSection extends GuestSection, PerlSection {
  /** The file, for example `app.psgi`. */
  readonly app?: string;
  readonly arguments?: readonly string[];
}

const PERL_READERS = { perl: text, libraries: words } as const;

/**
 * A PSGI application of an INI file.
 *
 * @param globalConf - `here` is the directory of the file
 * @param localConf - `app`, the file of the application; `arguments`, one on a line; `perl`, `libraries`, `processes`, …
 * @throws OptionError for a key that it does not have
 * @throws PerlStartError when the application does not load
 */
export async function appFactory(globalConf: Configuration, localConf: Configuration): Promise<ClosingApplication> {
  const readers = { ...guestReaders(globalConf), ...PERL_READERS, app: text, arguments: lines };
  const guest = await fromSection<ApplicationSection, Promise<Guest>>(
    ({ app = "app.psgi", ...options }) => perlApplication({ ...sectionDirectory(globalConf), ...options, target: app }),
    localConf,
    readers,
  );
  return closing(guest.application, guest);
}

/**
 * A middleware of Plack around whatever stands inside of it, in any language.
 *
 * @param globalConf - `here` is the directory of the file
 * @param localConf - `middleware`, the name of the class; `perl`, `libraries`, `processes`, `directory`; all others are its arguments
 * @returns what starts the processes when it gets its application
 * @throws OptionError when there is no `middleware`
 */
export function filterFactory(
  globalConf: Configuration,
  localConf: Configuration,
): (application: WSGIApplication) => Promise<ClosingApplication> {
  return filterFromSection<FilterSection & PerlSection>(
    ({ middleware, ...options }, given) => perlMiddleware({ ...options, filter: { middleware, arguments: given } }),
    globalConf,
    localConf,
    PERL_READERS,
    "Runtime",
  );
}
