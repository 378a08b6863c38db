"""Runs a configuration file of gunicorn, which is Python, as gunicorn does: under the name `__config__`.

Such files derive classes of gunicorn's, or of a server that gunicorn runs, and name them. Where that is not installed, as after a move
from it, something stands in while the file runs, and goes afterwards: an application that looks for gunicorn does not find any.
"""

import importlib.machinery
import sys
import types

STOOD_IN = ("gunicorn", "uvicorn", "uvicorn_worker")


class StandIn(types.ModuleType):
    """A module that has whatever it is asked for: an empty class, or an empty dict where the name is a constant's."""

    __path__ = []
    __version__ = "23.0.0"
    SERVER = SERVER_SOFTWARE = "gunicorn"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return {} if name.isupper() else type(name, (), {})


class Finder:
    """Finds these modules where nothing else has found them."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.split(".")[0] in STOOD_IN:
            return importlib.machinery.ModuleSpec(name, cls, is_package=True)
        return None

    @staticmethod
    def create_module(spec):
        return StandIn(spec.name)

    @staticmethod
    def exec_module(module):
        pass


def run(path):
    """The module that the file of this path makes."""
    module = types.ModuleType("__config__")
    module.__file__ = path
    sys.modules["__config__"] = module
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    sys.meta_path.append(Finder)
    try:
        exec(code, module.__dict__)
    finally:
        sys.meta_path.remove(Finder)
        for name in [name for name, found in sys.modules.items() if isinstance(found, StandIn)]:
            del sys.modules[name]
    return module
