// The keys that sections of INI files have for guests of every language. Source: the names of the settings.
import {
  bytes,
  decimal,
  fileIn,
  flag,
  integer,
  pairs,
  type Configuration,
  type OptionReaders,
} from "../../deploy/section-options.ts";
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
