// A language of which nothing is known but the command that speaks the lane protocol. Source: docs/lane-protocol.md.
import { GuestStartError } from "../lane/errors.ts";
import { findInterpreter } from "../lane/find-interpreter.ts";
import type { GuestCommand, GuestLanguage } from "../lane/language.ts";
import type { CommandSettings } from "./options.ts";

/** The language of one guest. */
export class CommandLanguage implements GuestLanguage {
  readonly name: string;
  readonly interpreter: string;
  readonly isProgram = false;
  readonly #settings: CommandSettings;

  /**
   * @param settings - with defaults
   * @throws GuestStartError when the name is not one word, or there is no such program
   */
  constructor(settings: CommandSettings) {
    const { name, command } = settings;
    const [program = ""] = command;
    if (!/^[A-Za-z][A-Za-z\d]*$/.test(name))
      throw new GuestStartError("Guest", `The name is "${name}"; expected one word`);
    if (program === "") throw new GuestStartError(name, "Expected a command, such as php guest.php");
    this.name = name;
    this.interpreter = findInterpreter(name, program, settings);
    this.#settings = settings;
  }

  command(environment: Readonly<Record<string, string | undefined>>): GuestCommand {
    return { path: this.interpreter, arguments: this.#settings.command.slice(1), environment };
  }

  launchOptions(): Readonly<Record<string, unknown>> {
    return this.#settings.language;
  }

  stackOfThread(dump: string): string {
    return dump;
  }

  fatalReport(report: string): string {
    return report;
  }
}
