// Python as a guest language: its interpreter, the shim, faulthandler's reports, and the hook for processes that have exited.
import { resolve } from "node:path";
import type { GuestCommand, GuestLanguage, LaunchRole } from "../lane/language.ts";
import { PYTHON } from "./errors.ts";
import { ExitHook } from "./exit-hook.ts";
import { environmentFor, findInterpreter, type PythonInterpreter } from "./interpreter.ts";
import { isPythonProgram } from "./is-program.ts";
import type { PythonSettings } from "./options.ts";
import { pythonShim } from "./python-shim.ts";
import { fatalReport, stackOfThread } from "./stack-report.ts";

/** Python with the settings of one guest. */
export class PythonLanguage implements GuestLanguage {
  readonly name = PYTHON;
  readonly isProgram: boolean;
  readonly stackOfThread = stackOfThread;
  readonly fatalReport = fatalReport;
  readonly #settings: PythonSettings;
  readonly #interpreter: PythonInterpreter;
  readonly #exitHook: ExitHook;

  /**
   * @param settings - with defaults
   * @throws PythonStartError when there is no interpreter
   */
  constructor(settings: PythonSettings) {
    const { target, directory, python, environment } = settings;
    this.#settings = settings;
    this.isProgram = typeof target === "string" && isPythonProgram(target, directory);
    this.#interpreter = findInterpreter({
      python,
      program: typeof target === "string" && !target.includes(":") ? target : undefined,
      directory,
      environment: { ...process.env, ...environment },
    });
    this.#exitHook = new ExitHook(settings, this.#interpreter);
  }

  get interpreter(): string {
    return this.#interpreter.path;
  }

  command(environment: Readonly<Record<string, string | undefined>>): GuestCommand {
    const { path, arguments: words = [] } = this.#interpreter;
    return { path, arguments: [...words, pythonShim()], environment: environmentFor(this.#interpreter, environment) };
  }

  launchOptions({ hasInner }: LaunchRole): Readonly<Record<string, unknown>> {
    const settings = this.#settings;
    return {
      app: hasInner ? null : settings.target,
      arguments: settings.arguments ?? [],
      filters: settings.filters ?? [],
      pythonPath: settings.pythonPath ?? [],
      workerClass: settings.workerClass,
      hooks: settings.hooks === undefined ? null : resolve(settings.directory, settings.hooks),
      logging: settings.logging ?? null,
    };
  }

  processEnded(pid: number, hooks: readonly string[]): void {
    if (hooks.includes("child_exit")) this.#exitHook.call(pid);
  }

  whenSettled(until: number): Promise<void> {
    return this.#exitHook.whenDone(until);
  }
}
