// Options of a Ruby guest, and their defaults.
import { guestSettings, type GuestOptions, type GuestSettings } from "../lane/guest-options.ts";
import { RUBY } from "./errors.ts";

export type { GuestLogEntry as RubyLogEntry } from "../lane/guest-options.ts";

/** A middleware of Ruby. */
export interface RubyFilter {
  /** Its class, for example `Rack::Runtime`. It is made with the application, and the arguments as keywords. */
  readonly middleware: string;
  /** What to require first: a gem's file, or a path that starts with a dot. @default nothing; Rack's own are loaded when they are named */
  readonly require?: string;
  /** Its arguments. @default none */
  readonly arguments?: Readonly<Record<string, string>>;
}

/** Options of a Rack application. */
export interface RubyOptions extends GuestOptions {
  /** The file that describes the application, for example `config.ru`. */
  readonly target?: string;
  /** `ARGV`. @default none */
  readonly arguments?: readonly string[];
  /** Middleware around it, outermost first. They are composed in Ruby. */
  readonly filters?: readonly (string | RubyFilter)[];
  /** The interpreter: a path or a command. @default `ruby` in the PATH */
  readonly ruby?: string;
}

/** Options with every default filled in. */
export type RubySettings = RubyOptions & GuestSettings;

/**
 * Fills in the defaults.
 *
 * @param options - as the user gave them
 */
export function rubySettings(options: RubyOptions): RubySettings {
  return guestSettings(options, RUBY);
}
