// Finds the Python interpreter: --python, VIRTUAL_ENV, .venv, venv, python3. Source: what `python`, uv and editors look for.
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { findInPath, isExecutable, isFile } from "../../is-file.ts";
import { pythonStartError } from "./errors.ts";

/** An interpreter that was found, and why this one. */
export interface PythonInterpreter {
  /** Absolute path of the executable. */
  readonly path: string;
  /** Arguments of the executable before the script: `python` for `ddtrace-run python`; absent if there are none. */
  readonly arguments?: readonly string[];
  /** How it was found: `--python`, the target, `VIRTUAL_ENV`, `.venv`, `venv` or `PATH`. */
  readonly source: string;
  /** The virtual environment that it belongs to, if any. */
  readonly environment: string | null;
}

/** Where to look. */
export interface InterpreterSearch {
  /**
   * An executable, a virtual environment, a command of the PATH, or a command with arguments that runs Python (`ddtrace-run python`);
   * if set, nothing else is tried.
   */
  readonly python?: string | undefined;
  /** The program to serve. If it is in the `bin` directory of a virtual environment, it runs in that environment. */
  readonly program?: string | undefined;
  /** The directory that is searched for `.venv` and `venv`. */
  readonly directory: string;
  /** For `VIRTUAL_ENV` and `PATH`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Finds the interpreter for a guest.
 *
 * @param search - where to look
 * @returns the first that exists
 * @throws PythonStartError when none does, naming what was tried
 */
export function findInterpreter(search: InterpreterSearch): PythonInterpreter {
  const { python, program, directory, environment } = search;
  if (python !== undefined) {
    const path = environment["PATH"];
    const found = fromName(python, directory, path) ?? fromWords(python, directory, path);
    if (found === null) throw pythonStartError(`The interpreter "${python}" does not exist or is not executable`);
    return { ...found, source: "--python" };
  }
  const places: [source: string, place: string | undefined][] = [
    ["the target", program === undefined ? undefined : environmentOf(resolve(directory, program))],
    ["VIRTUAL_ENV", environment["VIRTUAL_ENV"]],
    [".venv", join(directory, ".venv")],
    ["venv", join(directory, "venv")],
  ];
  for (const [source, place] of places) {
    if (place === undefined || place === "") continue;
    const path = inEnvironment(resolve(directory, place));
    if (path !== null) return { path, source, environment: resolve(directory, place) };
  }
  const path = findInPath("python3", environment["PATH"]) ?? findInPath("python", environment["PATH"]);
  if (path === null)
    throw pythonStartError("No Python was found: tried VIRTUAL_ENV, .venv, venv and python3 in the PATH");
  return { path, source: "PATH", environment: null };
}

function fromName(name: string, directory: string, path: string | undefined): Omit<PythonInterpreter, "source"> | null {
  if (!name.includes("/")) {
    const command = findInPath(name, path);
    if (command !== null) return { path: command, environment: null };
  }
  const place = isAbsolute(name) ? name : resolve(directory, name);
  const inside = inEnvironment(place);
  if (inside !== null) return { path: inside, environment: place };
  if (!isExecutable(place)) return null;
  return { path: place, environment: environmentOf(place) ?? null };
}

/**
 * The environment variables that an interpreter runs with: those given, and its virtual environment's.
 *
 * @param environment - of the process
 */
export function environmentFor(
  interpreter: PythonInterpreter,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const { environment: root, arguments: words } = interpreter;
  if (root === null) return { ...environment };
  if (words === undefined) return { ...environment, VIRTUAL_ENV: root };
  // A command such as ddtrace-run looks for the Python that it runs.
  return { ...environment, VIRTUAL_ENV: root, PATH: [join(root, "bin"), environment["PATH"] ?? ""].join(delimiter) };
}

/** A command that runs Python: its first word is looked up like an interpreter, the others are its arguments. */
function fromWords(
  text: string,
  directory: string,
  path: string | undefined,
): Omit<PythonInterpreter, "source"> | null {
  const [command = "", ...words] = text.trim().split(/\s+/);
  const found = words.length === 0 ? null : fromName(command, directory, path);
  if (found === null) return null;
  return { path: found.path, arguments: words, environment: found.environment ?? environmentOf(found.path) ?? null };
}

/** The virtual environment in whose `bin` directory a program stands. */
function environmentOf(program: string): string | undefined {
  const root = dirname(dirname(program));
  return isFile(join(root, "pyvenv.cfg")) ? root : undefined;
}

/** The executable of a virtual environment; the link itself, because following it would leave the environment. */
function inEnvironment(root: string): string | null {
  for (const name of ["python", "python3"]) {
    const path = join(root, "bin", name);
    if (isExecutable(path)) return path;
  }
  return null;
}
