// Ruby in INI files: `egg:tsgi#rack` is an application, `egg:tsgi#rack-middleware` a filter. Source: PasteDeploy, "Factories".
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import {
  fromSection,
  integer,
  lines,
  readOptions,
  required,
  text,
  type Configuration,
} from "../../deploy/section-options.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import { guestReaders, sectionDirectory, type GuestSection } from "../lane/guest-section.ts";
import type { RubyFilter } from "./options.ts";
import { rubyApplication } from "./ruby-application.ts";
import { rubyMiddleware } from "./ruby-middleware.ts";

/** The keys of both kinds of section. */
interface RubySection extends GuestSection {
  readonly ruby?: string;
  readonly threads?: number;
}

/** The keys of an application: those of every Ruby section, and what is run. */
interface ApplicationSection extends RubySection {
  /** The file, for example `config.ru`. */
  readonly app?: string;
  readonly arguments?: readonly string[];
}

const RUBY_READERS = { ruby: text, threads: integer } as const;
/** What a section of a filter has for itself; all its other keys are the middleware's. */
const FILTER_KEYS: ReadonlySet<string> = new Set([
  "middleware",
  "require",
  "ruby",
  "threads",
  "processes",
  "directory",
]);

/**
 * A Rack application of an INI file.
 *
 * @param globalConf - `here` is the directory of the file
 * @param localConf - `app`, the file of the application; `arguments`, one on a line; `ruby`, `threads`, `processes`, …
 * @throws OptionError for a key that it does not have
 * @throws RubyStartError when the application does not load
 */
export async function appFactory(globalConf: Configuration, localConf: Configuration): Promise<ClosingApplication> {
  const readers = { ...guestReaders(globalConf), ...RUBY_READERS, app: text, arguments: lines };
  const guest = await fromSection<ApplicationSection, ReturnType<typeof rubyApplication>>(
    ({ app = "config.ru", ...options }) =>
      rubyApplication({ ...sectionDirectory(globalConf), ...options, target: app }),
    localConf,
    readers,
  );
  return Object.assign(guest.application, { close: (graceSeconds?: number) => guest.close(graceSeconds) });
}

/**
 * A Ruby middleware around whatever stands inside of it, in any language.
 *
 * @param globalConf - `here` is the directory of the file
 * @param localConf - `middleware`, the name of the class; `require`, `ruby`, `threads`, `processes`, `directory`; all others are its arguments
 * @returns what starts the processes when it gets its application
 * @throws OptionError when there is no `middleware`
 */
export function filterFactory(
  globalConf: Configuration,
  localConf: Configuration,
): (application: WSGIApplication) => Promise<ClosingApplication> {
  const own = Object.entries(localConf).filter(([key]) => FILTER_KEYS.has(key));
  const others = Object.entries(localConf).filter(([key]) => !FILTER_KEYS.has(key));
  const {
    middleware,
    require: needed,
    ...options
  } = readOptions<RubySection & Partial<Pick<RubyFilter, "middleware" | "require">>>(Object.fromEntries(own), {
    ...guestReaders(globalConf),
    ...RUBY_READERS,
    middleware: text,
    require: text,
  });
  const name = required(middleware, "middleware", 'the name of a class, such as "Rack::Runtime"');
  return async function rubyFilter(application) {
    const filter = rubyMiddleware({
      ...sectionDirectory(globalConf),
      ...options,
      filter: {
        middleware: name,
        ...(needed === undefined ? {} : { require: needed }),
        arguments: Object.fromEntries(others),
      },
    });
    await filter.ready;
    return Object.assign(filter(application), { close: (graceSeconds?: number) => filter.close(graceSeconds) });
  };
}
