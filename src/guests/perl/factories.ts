// Perl in INI files: `egg:tsgi#psgi` is an application, `egg:tsgi#plack` a filter. Source: PasteDeploy, "Factories".
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import {
  fromSection,
  lines,
  readOptions,
  required,
  text,
  words,
  type Configuration,
} from "../../deploy/section-options.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { guestReaders, sectionDirectory, type GuestSection } from "../lane/guest-section.ts";
import { perlApplication } from "./perl-application.ts";
import { perlMiddleware } from "./perl-middleware.ts";
import type { PerlFilter } from "./options.ts";

/** The keys of both kinds of section. */
interface PerlSection extends GuestSection {
  readonly perl?: string;
  readonly libraries?: readonly string[];
}

/** The keys of an application: those of every Perl section, and what is run. */
interface ApplicationSection extends PerlSection {
  /** The file, for example `app.psgi`. */
  readonly app?: string;
  readonly arguments?: readonly string[];
}

const PERL_READERS = { perl: text, libraries: words } as const;
/** What a section of a filter has for itself; all its other keys are the middleware's. */
const FILTER_KEYS: ReadonlySet<string> = new Set(["middleware", "perl", "libraries", "processes", "directory"]);

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
  const guest = await fromSection<ApplicationSection, ReturnType<typeof perlApplication>>(
    ({ app = "app.psgi", ...options }) => perlApplication({ ...sectionDirectory(globalConf), ...options, target: app }),
    localConf,
    readers,
  );
  return Object.assign(guest.application, { close: (graceSeconds?: number) => guest.close(graceSeconds) });
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
  const own = Object.entries(localConf).filter(([key]) => FILTER_KEYS.has(key));
  const others = Object.entries(localConf).filter(([key]) => !FILTER_KEYS.has(key));
  const { middleware, ...options } = readOptions<PerlSection & Partial<Pick<PerlFilter, "middleware">>>(
    Object.fromEntries(own),
    {
      ...guestReaders(globalConf),
      ...PERL_READERS,
      middleware: text,
    },
  );
  const name = required(middleware, "middleware", 'the name of a class, such as "Runtime"');
  return async function perlFilter(application) {
    const filter = perlMiddleware({
      ...sectionDirectory(globalConf),
      ...options,
      filter: { middleware: name, arguments: Object.fromEntries(others) },
    });
    await filter.ready;
    return Object.assign(filter(application), { close: (graceSeconds?: number) => filter.close(graceSeconds) });
  };
}
