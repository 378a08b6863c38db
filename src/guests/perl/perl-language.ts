// Perl, for the lane: its interpreter, the shim, and its reports.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findInterpreter } from "../lane/find-interpreter.ts";
import type { GuestCommand, GuestLanguage, LaunchRole } from "../lane/language.ts";
import { PERL, perlStartError } from "./errors.ts";
import type { PerlSettings } from "./options.ts";

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
    const { perl, directory, environment } = settings;
    const path = { ...process.env, ...environment }["PATH"];
    const found = findInterpreter(perl ?? "perl", directory, path);
    if (found === null)
      throw perlStartError(
        perl === undefined
          ? "No Perl was found in the PATH"
          : `The interpreter "${perl}" does not exist or is not executable`,
      );
    this.#settings = settings;
    this.interpreter = found;
  }

  command(environment: Readonly<Record<string, string | undefined>>): GuestCommand {
    const { memoryLimitBytes } = this.#settings;
    // What plackup calls deployment: Plack and the frameworks add nothing for developers.
    const variables = { PLACK_ENV: "deployment", ...environment };
    if (memoryLimitBytes === undefined)
      return { path: this.interpreter, arguments: [shimPath()], environment: variables };
    // Perl cannot limit itself without a module from CPAN; the shell that does becomes Perl.
    const script = `ulimit -d ${Math.ceil(memoryLimitBytes / 1024)} && exec "$0" "$@"`;
    return { path: "/bin/sh", arguments: ["-c", script, this.interpreter, shimPath()], environment: variables };
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

/** The path of the program that Perl runs: beside this file, in the sources and in the built package alike. */
function shimPath(): string {
  const path = fileURLToPath(new URL("./shim/guest.pl", import.meta.url));
  if (existsSync(path)) return path;
  throw perlStartError(`The file ${path} is missing from the installed package`);
}
