"""Starts the shim: `python __main__.py`. With the argument `child-exit`, it runs the program that calls that hook.

The application must see none of this: its search path is that of a program in its own directory, and our modules have a package
around them whose name is nobody else's. Nothing but functions here: `multiprocessing` imports this file in each process that it spawns.
"""

import sys


def load_package():
    """Imports the package around this file without adding it to the search path."""
    import os

    here = os.path.dirname(os.path.abspath(__file__))
    # Python puts this directory first, unless it is told not to (PYTHONSAFEPATH, -P, -I).
    if sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(here):
        del sys.path[0]
    import importlib.util

    spec = importlib.util.spec_from_file_location(
        "tsgi_guest", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    package = sys.modules["tsgi_guest"] = importlib.util.module_from_spec(spec)
    # This module decides where byte code may be written, so its own is not written.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(package)
    finally:
        sys.dont_write_bytecode = before
    return package


if __name__ == "__main__":
    load_package().load("hooks" if sys.argv[1:] == ["child-exit"] else "process").main()
