// Reads gunicorn.conf.py, which is Python, by letting Python run it.
import { environmentFor, findInterpreter } from "../../guests/python/interpreter.ts";
import { evaluatedBy } from "./evaluated-by.ts";

/** A name that the file defines. */
export type PythonName =
  | { readonly kind: "value"; readonly value: unknown }
  /** A function or a class. */
  | { readonly kind: "callable" }
  /** A value that JSON cannot hold: its type and how Python shows it. */
  | { readonly kind: "other"; readonly type: string; readonly text: string };

/**
 * Runs the file as gunicorn does, under the name `__config__`, and prints the public names. What the file itself prints, or a program that
 * it starts, goes to standard error. Modules are left out: they are what it has imported. Large values are no settings. Files that derive
 * a class of gunicorn's, or of a server that gunicorn runs, can be read also where that is not installed any more: something stands in.
 */
const PROGRAM = `
import importlib.machinery, importlib.util, json, os, sys, types
class StandIn(types.ModuleType):
    __path__ = []
    __version__ = "23.0.0"
    SERVER = SERVER_SOFTWARE = "gunicorn"
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return {} if name.isupper() else type(name, (), {})
class StandIns:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in ("gunicorn", "uvicorn", "uvicorn_worker"):
            return importlib.machinery.ModuleSpec(name, StandIns, is_package=True)
    def create_module(spec):
        return StandIn(spec.name)
    def exec_module(module):
        pass
sys.meta_path.append(StandIns)
path = sys.argv[1]
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.stdout = sys.stderr
if path.startswith("python:"):
    spec = importlib.util.find_spec(path[len("python:"):])
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named %r" % path[len("python:"):])
    path = spec.origin
module = types.ModuleType("__config__")
module.__file__ = path
sys.modules["__config__"] = module
with open(path, "rb") as file:
    code = compile(file.read(), path, "exec")
exec(code, module.__dict__)
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
  const printed = evaluatedBy(python.path, [...(python.arguments ?? []), "-c", PROGRAM, path], path, {
    cwd: directory,
    env: environmentFor(python, environment),
  });
  return new Map(Object.entries(JSON.parse(printed) as Record<string, PythonName>));
}
