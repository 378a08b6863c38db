// Ruby, for the lane: its interpreter, the shim, and its reports.
import { findInterpreter } from "../lane/find-interpreter.ts";
import { shimPath } from "../lane/shim-path.ts";
import type { GuestCommand, GuestLanguage, LaunchRole } from "../lane/language.ts";
import { RUBY } from "./errors.ts";
import type { RubySettings } from "./options.ts";

const SHIM = new URL("./shim/guest.rb", import.meta.url);

/** Ruby with the settings of one guest. */
export class RubyLanguage implements GuestLanguage {
  readonly name = RUBY;
  readonly interpreter: string;
  readonly isProgram = false;
  readonly #settings: RubySettings;

  /**
   * @param settings - with defaults
   * @throws RubyStartError when there is no interpreter
   */
  constructor(settings: RubySettings) {
    this.#settings = settings;
    this.interpreter = findInterpreter(RUBY, settings.ruby, settings);
  }

  command(environment: Readonly<Record<string, string | undefined>>): GuestCommand {
    // Frameworks look at either of them, and one that is set counts for the other.
    const mode = environment["RACK_ENV"] ?? environment["RAILS_ENV"] ?? "production";
    return {
      path: this.interpreter,
      arguments: [shimPath(RUBY, SHIM)],
      environment: { RACK_ENV: mode, RAILS_ENV: mode, ...environment },
    };
  }

  launchOptions({ hasInner }: LaunchRole): Readonly<Record<string, unknown>> {
    const { target, arguments: words = [], filters = [] } = this.#settings;
    return {
      app: hasInner ? null : target,
      arguments: words,
      filters: filters.map((filter) => (typeof filter === "string" ? { middleware: filter } : filter)),
    };
  }

  stackOfThread(dump: string, thread: string): string {
    const lines = dump.trimEnd().split("\n");
    const start = lines.findLastIndex((line) => line === `Thread tsgi-${thread.replace(" ", "-")}:`);
    if (start === -1) return lines.join("\n");
    const end = lines.findIndex((line, index) => index > start && !line.startsWith("  "));
    return lines.slice(start, end === -1 ? undefined : end).join("\n");
  }

  fatalReport(): string {
    return "";
  }
}
