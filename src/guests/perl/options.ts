// Options of a Perl guest, and their defaults.
import { guestSettings, type GuestOptions, type GuestSettings } from "../lane/guest-options.ts";
import { PERL } from "./errors.ts";

export type { GuestLogEntry as PerlLogEntry } from "../lane/guest-options.ts";

/** A middleware of Perl. */
export interface PerlFilter {
  /**
   * A class: `Runtime` is `Plack::Middleware::Runtime`, `+My::Middleware` is `My::Middleware`. Or a file that ends with a function of the
   * application and the arguments, which returns an application.
   */
  readonly middleware: string;
  /** Its arguments. @default none */
  readonly arguments?: Readonly<Record<string, string>>;
}

/** Options of a PSGI application. A Perl process answers one request at a time, so `threads` is always 1. */
export interface PerlOptions extends Omit<GuestOptions, "threads"> {
  /** The file that ends with the application, for example `app.psgi`. */
  readonly target?: string;
  /** `@ARGV` of the file. @default none */
  readonly arguments?: readonly string[];
  /** Middleware around it, outermost first. They are composed in Perl. */
  readonly filters?: readonly (string | PerlFilter)[];
  /** The interpreter: a path or a command. @default `perl` in the PATH */
  readonly perl?: string;
  /** Directories to look for modules in, before `lib` and `local/lib/perl5` of the directory. */
  readonly libraries?: readonly string[];
}

/** Options with every default filled in. */
export type PerlSettings = PerlOptions & GuestSettings;

/**
 * Fills in the defaults.
 *
 * @param options - as the user gave them
 */
export function perlSettings(options: PerlOptions): PerlSettings {
  return guestSettings({ ...options, threads: 1 }, PERL);
}
