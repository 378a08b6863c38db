// Reads gunicorn.conf.py, which is Python, by letting Python run it.
import { dirname, join } from "node:path";
import { environmentFor, findInterpreter } from "../../guests/python/interpreter.ts";
import { pythonShim } from "../../guests/python/python-shim.ts";
import { evaluatedBy } from "./evaluated-by.ts";

/** A name that the file defines. */
export type PythonName =
  | { readonly kind: "value"; readonly value: unknown }
  /** A function or a class. */
  | { readonly kind: "callable" }
  /** A value that JSON cannot hold: its type and how Python shows it. */
  | { readonly kind: "other"; readonly type: string; readonly text: string };

/**
 * Runs the file, by the module of the guest that runs it for its hooks, and prints the public names. What the file itself prints, or a
 * program that it starts, goes to standard error. Modules are left out: they are what it has imported. Large values are no settings.
 */
const PROGRAM = `
import importlib.util, json, os, sys, types
path = sys.argv[1]
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.stdout = sys.stderr
if path.startswith("python:"):
    spec = importlib.util.find_spec(path[len("python:"):])
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named %r" % path[len("python:"):])
    path = spec.origin
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("config_file", sys.argv[2])
config_file = importlib.util.module_from_spec(spec)
spec.loader.exec_module(config_file)
module = config_file.run(path)
def plain(value):
    if isinstance(value, (set, frozenset)):
        return [plain(each) for each in sorted(value, key=str)]
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value - value == 0:
        return value
    raise TypeError
def shown(value):
    try:
        return repr(value)[:120]
    except Exception as error:
        return repr(type(error).__name__)
names = {}
for name, value in list(vars(module).items()):
    if name.startswith("_") or isinstance(value, types.ModuleType):
        continue
    try:
        entry = {"kind": "value", "value": plain(value)}
        if len(json.dumps(entry)) > 65536:
            raise TypeError
    except (TypeError, RecursionError):
        if callable(value):
            entry = {"kind": "callable"}
        else:
            entry = {"kind": "other", "type": type(value).__name__, "text": shown(value)}
    names[name] = entry
out.write(json.dumps(names))
out.flush()
`;

/**
 * Evaluates a configuration file of gunicorn.
 *
 * @param path - absolute; or `python:` and the name of a module, which is looked for from the directory on
 * @param directory - in which the server would be started
 * @param environment - of the server, which the file may read
 * @throws FileUnusableError with Python's own message when the file fails
 * @throws PythonStartError when there is no Python
 */
export function evaluateGunicornFile(
  path: string,
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, PythonName> {
  const python = findInterpreter({ python: environment["TSGI_PYTHON"], directory, environment });
  const runner = join(dirname(pythonShim()), "config_file.py");
  const printed = evaluatedBy(python.path, [...(python.arguments ?? []), "-c", PROGRAM, path, runner], path, {
    cwd: directory,
    env: environmentFor(python, environment),
  });
  return new Map(Object.entries(JSON.parse(printed) as Record<string, PythonName>));
}
