// Ruby in INI files: `egg:tsgi#rack` is an application, `egg:tsgi#rack-middleware` a filter. Source: PasteDeploy, "Factories".
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import { fromSection, integer, lines, text, type Configuration } from "../../deploy/section-options.ts";
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
import { rubyApplication } from "./ruby-application.ts";
import { rubyMiddleware } from "./ruby-middleware.ts";

/** The keys of both kinds of section. */
interface RubySection {
  readonly ruby?: string;
  readonly threads?: number;
}

/** The keys of an application. */
interface ApplicationSection extends GuestSection, RubySection {
  /** The file, for example `config.ru`. */
  readonly app?: string;
  readonly arguments?: readonly string[];
}

/** The keys of a filter. */
interface MiddlewareSection extends FilterSection, RubySection {
  /** What to require first. */
  readonly require?: string;
}

const RUBY_READERS = { ruby: text, threads: integer } as const;

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
  const guest = await fromSection<ApplicationSection, Promise<Guest>>(
    ({ app = "config.ru", ...options }) =>
      rubyApplication({ ...sectionDirectory(globalConf), ...options, target: app }),
    localConf,
    readers,
  );
  return closing(guest.application, guest);
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
  return filterFromSection<MiddlewareSection>(
    ({ middleware, require: needed, ...options }, given) => {
      const file = needed === undefined ? {} : { require: needed };
      return rubyMiddleware({ ...options, filter: { middleware, ...file, arguments: given } });
    },
    globalConf,
    localConf,
    { ...RUBY_READERS, require: text },
    "Rack::Runtime",
  );
}
