// Asks Python where the factories of a configuration file are. One process answers all questions; the first question starts it.
// Source: PasteDeploy's call: and egg: loaders; importlib.metadata for what is installed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PythonStartError, pythonStartError } from "../errors.ts";
import { environmentFor, findInterpreter, type PythonInterpreter } from "../interpreter.ts";
import { helperPath } from "./helper-path.ts";

/** Maximum length of the process's last output in an error, in characters. */
const MAX_LAST_WORDS = 2000;

/** Which Python to ask, and whether it imports modules. */
export interface FactoryFinderOptions {
  /** Executable, virtual environment or command. @default VIRTUAL_ENV, `.venv`, `venv`, then `python3` */
  readonly python?: string;
  /** Working directory, and an entry of `sys.path`. @default the current one */
  readonly directory?: string;
  /** Import modules, so that a missing attribute is found before the application is loaded. @default false */
  readonly isImporting?: boolean;
}

/** A factory that was found: its place, and any known problem with it. */
export interface FoundFactory {
  readonly module: string;
  readonly attribute: string | null;
  /** The attribute that the module lacks; absent if it exists or was not looked up. */
  readonly missing?: string;
  /** The names in the module, if one is missing. */
  readonly names?: readonly string[];
  /** The type of the attribute, if it is not callable. */
  readonly type?: string;
}

/** An entry point that was found. */
export interface FoundEntryPoint extends FoundFactory {
  readonly protocol: string;
}

interface FinderAnswer {
  readonly found?: unknown;
  readonly error?: string;
  readonly stack?: string;
}

/** A process, and the pending questions in order. */
interface Conversation {
  readonly stdin: Socket;
  /** Whether the process keeps this one alive: only while questions are pending. */
  hold(isHeld: boolean): void;
  readonly waiting: { resolve(answer: FinderAnswer): void; reject(error: Error): void }[];
}

/** Finds factories in Python. Call `close` after the search; a later question starts a new process. */
export class FactoryFinder {
  readonly #options: FactoryFinderOptions;
  readonly #isImporting: boolean;
  #conversation: Conversation | null = null;

  /** @param options - which Python to ask */
  constructor(options: FactoryFinderOptions = {}) {
    this.#options = options;
    this.#isImporting = options.isImporting ?? false;
  }

  /**
   * Finds a module, and an attribute of it.
   *
   * @param directory - searched first
   * @param isImporting - import the module. @default the option
   * @returns null if Python has no such module, or there is no Python
   * @throws PythonStartError if the search (or the import) fails
   */
  async findCall(
    module: string,
    attribute: string | null,
    directory: string,
    isImporting: boolean = this.#isImporting,
  ): Promise<FoundFactory | null> {
    if (!/^[\w.]+$/.test(module) || module.startsWith(".")) return null;
    // Next to the file: no need to ask.
    if (!isImporting && isBeside(module, directory)) return { module, attribute };
    const found = await this.#ask({ ask: "call", module, attribute, directory, isImporting });
    return found === null ? null : { module, attribute, ...(found as object) };
  }

  /**
   * Finds the entry points of a distribution that have this name.
   *
   * @param groups - only these
   * @returns null if the distribution is not installed, or there is no Python
   * @throws PythonStartError if the search (or an import) fails
   */
  async findEntryPoints(
    distribution: string,
    name: string,
    groups: readonly string[],
    directory: string,
  ): Promise<readonly FoundEntryPoint[] | null> {
    if (distribution === "") return null;
    return (await this.#ask({
      ask: "entryPoints",
      distribution,
      name,
      groups,
      directory,
      isImporting: this.#isImporting,
    })) as FoundEntryPoint[] | null;
  }

  /** Whether a distribution is installed. */
  async hasDistribution(distribution: string, directory: string): Promise<boolean> {
    return (await this.#ask({ ask: "distribution", distribution, directory })) === true;
  }

  /**
   * Candidates for a missing name: importable modules and packages, distributions, or entry points of these groups. None if there is no
   * Python, or if it fails: the error about the missing name says enough.
   */
  async candidates(
    missing: { readonly kind: string; readonly name: string },
    directory: string,
  ): Promise<readonly string[]> {
    const found = await this.#ask({ ask: "candidates", ...missing, directory }).catch(() => null);
    return (found ?? []) as string[];
  }

  /** Ends the process, if there is one. */
  close(): void {
    this.#conversation?.stdin.end();
    this.#conversation = null;
  }

  async #ask(question: Readonly<Record<string, unknown>>): Promise<unknown> {
    const conversation = (this.#conversation ??= this.#start());
    if (conversation === null) return null;
    conversation.hold(true);
    const answer = await new Promise<FinderAnswer>((resolve, reject) => {
      conversation.waiting.push({ resolve, reject });
      conversation.stdin.write(`${JSON.stringify(question)}\n`);
    });
    if (conversation.waiting.length === 0) conversation.hold(false);
    if (answer.error !== undefined) throw pythonStartError(answer.error, answer.stack);
    return answer.found ?? null;
  }

  /** Null if there is no Python, so nothing can be found. An interpreter that was named must exist. */
  #start(): Conversation | null {
    const { python, directory = process.cwd() } = this.#options;
    const interpreter = findPython(python, directory);
    if (interpreter === null) return null;
    const { path, arguments: words = [] } = interpreter;
    const child = spawn(path, [...words, helperPath("find_factories.py")], {
      cwd: directory,
      env: environmentFor(interpreter, process.env),
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { stdin, stdout, stderr } = child as unknown as { stdin: Socket; stdout: Socket; stderr: Socket };
    const conversation: Conversation = {
      stdin,
      waiting: [],
      hold: (isHeld) => {
        for (const handle of [child, stdin, stdout, stderr]) (isHeld ? handle.ref : handle.unref).call(handle);
      },
    };
    let lastWords = "";
    stdin.on("error", () => {}); // its exit is reported below
    stderr.setEncoding("utf8").on("data", (text: string) => (lastWords = (lastWords + text).slice(-MAX_LAST_WORDS)));
    createInterface({ input: stdout }).on("line", (line) => {
      conversation.waiting.shift()?.resolve(JSON.parse(line) as FinderAnswer);
    });
    const ended = (reason: string): void => {
      if (this.#conversation === conversation) this.#conversation = null;
      const error = pythonStartError(`The search for factories with "${path}" ${reason}`, lastWords);
      for (const waiting of conversation.waiting.splice(0)) waiting.reject(error);
    };
    child.once("error", (error) => ended(`could not be started: ${error.message}`));
    child.once("close", (code, signal) => ended(`ended with ${signal ?? `exit code ${code ?? "unknown"}`}`));
    return conversation;
  }
}

function findPython(python: string | undefined, directory: string): PythonInterpreter | null {
  try {
    return findInterpreter({ python, directory, environment: process.env });
  } catch (error) {
    if (python === undefined && error instanceof PythonStartError) return null;
    throw error;
  }
}

function isBeside(module: string, directory: string): boolean {
  const base = join(directory, ...module.split("."));
  return existsSync(`${base}.py`) || existsSync(join(base, "__init__.py"));
}
