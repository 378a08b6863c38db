// Sections of INI files for guests of every language: their keys, and what is made of them. Source: the names of the settings.
import type { ClosingApplication } from "../../deploy/closing-application.ts";
import {
  bytes,
  decimal,
  fileIn,
  flag,
  integer,
  pairs,
  readOptions,
  required,
  text,
  type Configuration,
  type OptionReaders,
} from "../../deploy/section-options.ts";
import type { WSGIApplication } from "../../wsgi/types.ts";
import type { GuestMiddleware, GuestProcesses } from "./guest.ts";
import type { GuestOptions } from "./guest-options.ts";

/** The options of a guest that a section can have. */
export type GuestSection = Pick<
  GuestOptions,
  | "directory"
  | "environment"
  | "processes"
  | "preload"
  | "memoryLimitBytes"
  | "deadlineSeconds"
  | "queueLimit"
  | "queueSeconds"
>;

/**
 * A reader for each of them.
 *
 * @param globalConf - `here` is the directory of the file, for relative paths
 */
export function guestReaders(globalConf: Configuration): OptionReaders<GuestSection> {
  return {
    directory: fileIn(globalConf),
    environment: pairs,
    processes: integer,
    preload: flag,
    memoryLimitBytes: bytes,
    deadlineSeconds: decimal,
    queueLimit: integer,
    queueSeconds: decimal,
  };
}

/**
 * Where a guest of a section runs: where the section says, otherwise where its file is.
 *
 * @param globalConf - `here` is that directory
 */
export function sectionDirectory(globalConf: Configuration): { readonly directory?: string } {
  const here = globalConf["here"];
  return here === undefined ? {} : { directory: here };
}

/** The options of a filter that a section can have, beside those of its language; all other keys are the middleware's. */
export interface FilterSection extends Pick<GuestOptions, "directory" | "processes"> {
  /** The name of the middleware. */
  readonly middleware?: string;
}

/** An application of a guest that is ended with the worker, and whose files are watched. */
export function closing(application: WSGIApplication, processes: GuestProcesses): ClosingApplication {
  return Object.assign(application, {
    close: (graceSeconds?: number) => processes.close(graceSeconds),
    files: () => processes.modules(),
  });
}

/**
 * Makes a filter of a section. Its processes start when it gets its application.
 *
 * @param make - from the section's own options and the arguments of the middleware
 * @param globalConf - `here` is the directory of the file
 * @param readers - for the keys that the language has for itself
 * @param example - of a name of a middleware, for the message
 * @throws OptionError when there is no `middleware`
 */
export function filterFromSection<Options extends FilterSection>(
  make: (
    options: Options & { readonly middleware: string },
    given: Readonly<Record<string, string>>,
  ) => GuestMiddleware,
  globalConf: Configuration,
  localConf: Configuration,
  readers: OptionReaders<Omit<Options, keyof FilterSection>>,
  example: string,
): (application: WSGIApplication) => Promise<ClosingApplication> {
  const known = { ...readers, middleware: text, processes: integer, directory: fileIn(globalConf) };
  const entries = Object.entries(localConf);
  const own = entries.filter(([key]) => Object.hasOwn(known, key));
  const others = Object.fromEntries(entries.filter(([key]) => !Object.hasOwn(known, key)));
  const options = readOptions<Options>(Object.fromEntries(own), known);
  const middleware = required(options.middleware, "middleware", `the name of a class, such as "${example}"`);
  return async function guestFilter(application) {
    const filter = make({ ...sectionDirectory(globalConf), ...options, middleware }, others);
    await filter.ready;
    return closing(filter(application), filter);
  };
}
