// Python in INI files by the name of a file: `egg:tsgi#wsgi`, for what mod_wsgi and uWSGI call a script. Factories of PasteDeploy are named as
// they always were. Source: mod_wsgi's WSGIDaemonProcess for the keys.
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import {
  fileIn,
  fromSection,
  integer,
  lines,
  oneOf,
  required,
  text,
  type Configuration,
} from "../../deploy/section-options.ts";
import { closing, guestReaders, sectionDirectory, type GuestSection } from "../lane/guest-section.ts";
import type { PythonOptions } from "./options.ts";
import { pythonApplication, type PythonGuest } from "./python-application.ts";

/** The keys of the section. */
interface PythonSection extends GuestSection, Pick<PythonOptions, "python" | "threads" | "pythonPath" | "workerClass"> {
  /** The target: `wsgi.py`, `shop/wsgi.py:application`, `shop.wsgi:application`. */
  readonly app?: string;
  readonly arguments?: readonly string[];
}

/**
 * A WSGI application in Python, of an INI file.
 *
 * @param globalConf - `here` is the directory of the file
 * @param localConf - `app`, the file or module of the application; `python`, `python_path` (one on a line), `threads`, `processes`, …
 * @throws OptionError for a key that it does not have, or when `app` is missing
 * @throws PythonStartError when the application does not load
 */
export async function appFactory(globalConf: Configuration, localConf: Configuration): Promise<ClosingApplication> {
  const file = fileIn(globalConf);
  const guest = await fromSection<PythonSection, Promise<PythonGuest>>(
    ({ app, ...options }) =>
      pythonApplication({
        ...sectionDirectory(globalConf),
        ...options,
        target: required(app, "app", 'a file or a module, such as "shop/wsgi.py:application"'),
      }),
    localConf,
    {
      ...guestReaders(globalConf),
      app: text,
      arguments: lines,
      python: text,
      pythonPath: (value, key) => lines(value, key).map((line) => file(line, key)),
      threads: integer,
      workerClass: oneOf("thread", "gevent"),
    },
  );
  return closing(guest.application, guest);
}
