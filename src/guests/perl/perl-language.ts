// Perl, for the lane: its interpreter, the shim, and its reports.
import { findInterpreter } from "../lane/find-interpreter.ts";
import { shimPath } from "../lane/shim-path.ts";
import type { GuestCommand, GuestLanguage, LaunchRole } from "../lane/language.ts";
import { PERL } from "./errors.ts";
import type { PerlSettings } from "./options.ts";

const SHIM = new URL("./shim/guest.pl", import.meta.url);

/** Perl with the settings of one guest. */
export class PerlLanguage implements GuestLanguage {
  readonly name = PERL;
  readonly interpreter: string;
  readonly isProgram = false;
  readonly #settings: PerlSettings;

  /**
   * @param settings - with defaults
   * @throws PerlStartError when there is no interpreter
   */
  constructor(settings: PerlSettings) {
    this.#settings = settings;
    this.interpreter = findInterpreter(PERL, settings.perl, settings);
  }

  command(environment: Readonly<Record<string, string | undefined>>): GuestCommand {
    const { memoryLimitBytes } = this.#settings;
    // What plackup calls deployment: Plack and the frameworks add nothing for developers.
    const variables = { PLACK_ENV: "deployment", ...environment };
    if (memoryLimitBytes === undefined)
      return { path: this.interpreter, arguments: [shimPath(PERL, SHIM)], environment: variables };
    // Perl cannot limit itself without a module from CPAN; the shell that does becomes Perl.
    const script = `ulimit -d ${Math.ceil(memoryLimitBytes / 1024)} && exec "$0" "$@"`;
    return {
      path: "/bin/sh",
      arguments: ["-c", script, this.interpreter, shimPath(PERL, SHIM)],
      environment: variables,
    };
  }

  launchOptions({ hasInner }: LaunchRole): Readonly<Record<string, unknown>> {
    const { target, arguments: words = [], filters = [], libraries = [] } = this.#settings;
    return {
      app: hasInner ? null : target,
      arguments: words,
      filters: filters.map((filter) => (typeof filter === "string" ? { middleware: filter } : filter)),
      libraries,
    };
  }

  stackOfThread(dump: string): string {
    return dump.trimEnd();
  }

  fatalReport(): string {
    return "";
  }
}
