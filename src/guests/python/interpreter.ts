// Finds the Python interpreter: --python, VIRTUAL_ENV, .venv, venv, python3. Source: what `python`, uv and editors look for.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { PythonStartError } from "./errors.ts";

/** An interpreter that was found, and why this one. */
export interface PythonInterpreter {
  /** Absolute path of the executable. */
  readonly path: string;
  /** What named it: `--python`, `VIRTUAL_ENV`, `.venv`, `venv` or `PATH`. */
  readonly source: string;
  /** The virtual environment that it belongs to, if any. */
  readonly environment: string | null;
}

/** Where to look. */
export interface InterpreterSearch {
  /** An executable, a virtual environment, or a command of the PATH; if given, nothing else is tried. */
  readonly python?: string | undefined;
  /** The directory in which `.venv` and `venv` are looked for. */
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
  const { python, directory, environment } = search;
  if (python !== undefined) {
    const found = fromName(python, directory, environment["PATH"]);
    if (found === null) throw new PythonStartError(`The interpreter "${python}" does not exist or is not executable`);
    return { ...found, source: "--python" };
  }
  const places: [source: string, place: string | undefined][] = [
    ["VIRTUAL_ENV", environment["VIRTUAL_ENV"]],
    [".venv", join(directory, ".venv")],
    ["venv", join(directory, "venv")],
  ];
  for (const [source, place] of places) {
    if (place === undefined || place === "") continue;
    const path = inEnvironment(resolve(directory, place));
    if (path !== null) return { path, source, environment: resolve(directory, place) };
  }
  const path = inPath("python3", environment["PATH"]) ?? inPath("python", environment["PATH"]);
  if (path === null)
    throw new PythonStartError("No Python was found: tried VIRTUAL_ENV, .venv, venv and python3 in the PATH");
  return { path, source: "PATH", environment: null };
}

function fromName(name: string, directory: string, path: string | undefined): Omit<PythonInterpreter, "source"> | null {
  if (!name.includes("/")) {
    const command = inPath(name, path);
    if (command !== null) return { path: command, environment: null };
  }
  const place = isAbsolute(name) ? name : resolve(directory, name);
  const inside = inEnvironment(place);
  if (inside !== null) return { path: inside, environment: place };
  if (!isExecutable(place)) return null;
  const root = dirname(dirname(place));
  return { path: place, environment: isFile(join(root, "pyvenv.cfg")) ? root : null };
}

/** The executable of a virtual environment; the link itself, because following it would leave the environment. */
function inEnvironment(root: string): string | null {
  for (const name of ["python", "python3"]) {
    const path = join(root, "bin", name);
    if (isExecutable(path)) return path;
  }
  return null;
}

function inPath(command: string, path: string | undefined): string | null {
  for (const directory of (path ?? "").split(delimiter)) {
    if (directory !== "" && isExecutable(join(directory, command))) return join(directory, command);
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
